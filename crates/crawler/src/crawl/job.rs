//! A picture to fetch.

use contracts::{config::Variant, id::PostId};
use url::Url;

use crate::{
    address::Address,
    post::{Post, other_medium},
    reason::FilterReason,
    store::Claim,
};

/// All that fetching a picture takes, so that downloads run without the ledger.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) post: PostId,
    pub(crate) variant: Variant,
    /// Where it is asked.
    pub(crate) url: Url,
    /// The same as written down.
    pub(crate) recorded_url: String,
    /// What the site claims of it.
    pub(crate) claim: Claim,
    /// The MD5 of the original.
    pub(crate) md5_claimed: Option<String>,
}

impl Job {
    /// The job of fetching a post's picture.
    ///
    /// # Errors
    /// When there is no picture to fetch: why.
    pub(crate) fn of(post: &Post, id: PostId, variant: Variant, address: &Address) -> Result<Self, FilterReason> {
        let rendering = post.rendering(variant);
        let recorded_url = rendering.url.clone().ok_or(FilterReason::NotListed(variant))?;
        if let Some(extension) = other_medium(&recorded_url) {
            return Err(FilterReason::OtherMedium(extension.to_owned()));
        }
        let url = address.live(&recorded_url).map_err(|_| FilterReason::ForeignHost)?;
        let md5 = post.md5_of(variant).map(str::to_owned);
        // Where a sample's length is known its sides need not be: not all sites state them exactly.
        let exact = variant != Variant::Sample || rendering.bytes.is_none();
        let dimensions = rendering.dimensions.filter(|_| exact);
        let claim = Claim { md5, bytes: rendering.bytes, dimensions };
        Ok(Self { post: id, variant, url, recorded_url, claim, md5_claimed: post.md5.clone() })
    }

    /// The name of its download while that is under way.
    pub(super) fn partial_name(&self) -> String {
        format!("{}-{}-{}", self.post.site, self.post.number, self.variant.name())
    }
}
