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
    /// What the crawl asks for.
    pub(crate) variant: Variant,
    /// What is fetched: that, or the sample where the original is no picture that is read here.
    pub(crate) rendering: Variant,
    /// Where it is asked.
    pub(crate) url: Url,
    /// The same as written down.
    pub(crate) recorded_url: String,
    /// What the site claims of it.
    pub(crate) claim: Claim,
    /// The MD5 of the original.
    pub(crate) md5_claimed: Option<String>,
    /// What is fetched instead where the file turns out to be no picture that is read here.
    pub(crate) instead: Option<Box<Self>>,
}

impl Job {
    /// The job of fetching a post's picture, or its sample where the original is a film, an archive, or in a format that is
    /// not read.
    ///
    /// # Errors
    /// When there is no picture to fetch: why.
    pub(crate) fn of(post: &Post, id: PostId, variant: Variant, address: &Address) -> Result<Self, FilterReason> {
        let has_own_sample = variant == Variant::Original && post.sample.url != post.original.url;
        let sample = || Self::at(post, id.clone(), (variant, Variant::Sample), address).ok().filter(|_| has_own_sample);
        match Self::at(post, id.clone(), (variant, variant), address) {
            Ok(job) => Ok(Self { instead: sample().map(Box::new), ..job }),
            Err(FilterReason::OtherMedium(ending)) => sample().ok_or(FilterReason::OtherMedium(ending)),
            Err(reason) => Err(reason),
        }
    }

    fn at(
        post: &Post,
        id: PostId,
        (variant, which): (Variant, Variant),
        address: &Address,
    ) -> Result<Self, FilterReason> {
        let rendering = post.rendering(which);
        let recorded_url = rendering.url.clone().ok_or(FilterReason::NotListed(which))?;
        if let Some(ending) = other_medium(&recorded_url) {
            return Err(FilterReason::OtherMedium(ending.to_owned()));
        }
        let url = address.live(&recorded_url).map_err(|_| FilterReason::ForeignHost)?;
        let md5 = post.md5_of(which).map(str::to_owned);
        // Where a sample's length is known its sides need not be: not all sites state them exactly.
        let exact = which != Variant::Sample || rendering.bytes.is_none();
        let dimensions = rendering.dimensions.filter(|_| exact);
        let claim = Claim { md5, bytes: rendering.bytes, dimensions };
        let md5_claimed = post.md5.clone();
        Ok(Self { post: id, variant, rendering: which, url, recorded_url, claim, md5_claimed, instead: None })
    }

    /// The name of its download while that is under way.
    pub(super) fn partial_name(&self) -> String {
        format!("{}-{}-{}", self.post.site, self.post.number, self.rendering.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{post::Rendering, site};

    fn job(original: &str, sample: &str, variant: Variant) -> Result<Job, FilterReason> {
        let at = |file: &str| Rendering::at((!file.is_empty()).then(|| format!("https://konachan.net/{file}")));
        let post = Post { number: 7, original: at(original), sample: at(sample), ..Post::default() };
        let address = Address::new(site::find(&"konachan".parse().unwrap()).unwrap(), "", None).unwrap();
        Job::of(&post, "konachan:7".parse().unwrap(), variant, &address)
    }

    #[test]
    fn a_sample_stands_in_for_what_is_no_picture() {
        let check = |original, sample, variant, expected: Result<(&str, bool), &str>| {
            let found = job(original, sample, variant);
            let found =
                found.as_ref().map(|job| (job.url.path(), job.instead.is_some())).map_err(|reason| reason.tag());
            assert_eq!(found, expected, "{original} {sample}");
        };
        check("o.png", "s.jpg", Variant::Original, Ok(("/o.png", true)));
        check("o.png", "s.jpg", Variant::Sample, Ok(("/s.jpg", false)));
        check("o.png", "o.png", Variant::Original, Ok(("/o.png", false)));
        check("o.avif", "s.jpg", Variant::Original, Ok(("/s.jpg", false)));
        check("o.mp4", "s.webm", Variant::Original, Err("other_medium"));
        check("o.zip", "", Variant::Original, Err("other_medium"));
        check("o.jxl", "o.jxl", Variant::Sample, Err("other_medium"));
        check("", "s.jpg", Variant::Original, Err("not_listed"));
        let stand_in = job("o.avif", "s.jpg", Variant::Original).unwrap();
        assert_eq!((stand_in.variant, stand_in.rendering), (Variant::Original, Variant::Sample));
        assert_eq!(stand_in.partial_name(), "konachan-7-sample");
    }
}
