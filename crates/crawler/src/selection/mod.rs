//! Which posts a crawl wants, whatever the site's own filter lets through.

mod opt_out;

use contracts::{
    config::{CrawlConfig, Variant},
    id::{PostId, SiteName},
    tombstone::Tombstones,
};
use opt_out::OptOuts;

use crate::{
    post::{Post, Status},
    reason::{DropReason, FilterReason},
};

/// What a configuration asks for.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    /// The site that the posts are on.
    pub(crate) site: SiteName,
    /// Posts that were forgotten on request.
    pub(crate) forgotten: Tombstones,
    /// The letters of the ratings to keep.
    pub(crate) ratings: Vec<String>,
    /// Which rendering is fetched.
    pub(crate) variant: Variant,
    /// How many pictures to end with.
    pub(crate) max_pictures: u64,
    /// Whose posts are left alone.
    opt_outs: OptOuts,
}

/// A post of a search, as far as the decision goes whether it is wanted.
#[derive(Clone, Debug)]
pub(crate) struct Member<'a> {
    /// The post's number.
    pub(crate) number: u64,
    /// The letter of its rating.
    pub(crate) rating: Option<&'a str>,
    /// Whether its picture can be had.
    pub(crate) status: Status,
    /// What the site said of it; needed only where [`Selection::needs_records`] says so.
    pub(crate) record: Option<&'a Post>,
}

impl Selection {
    /// What `[crawl]` asks for, without what was forgotten.
    pub(crate) fn of(config: &CrawlConfig, forgotten: Tombstones) -> Self {
        Self {
            site: config.site.clone(),
            forgotten,
            ratings: config.ratings.clone(),
            variant: config.variant,
            max_pictures: config.max_posts,
            opt_outs: OptOuts::of(config),
        }
    }

    /// Whether decisions depend on more than a post's number, rating and status.
    pub(crate) fn needs_records(&self) -> bool {
        self.opt_outs.need_records()
    }

    /// Why a post is not wanted, whatever is known of its picture; `None` where it is.
    pub(crate) fn refusal(&self, member: &Member<'_>) -> Option<DropReason> {
        // The reason that somebody cannot change by another configuration comes first: it is the one to report.
        match member.status {
            Status::Active => {}
            Status::Deleted => return Some(DropReason::Deleted),
            Status::Banned => return Some(DropReason::Filtered(FilterReason::Banned)),
            Status::Withheld => return Some(DropReason::Filtered(FilterReason::Withheld)),
        }
        let reason = if self.forgets(member.number) {
            Some(FilterReason::Forgotten)
        } else {
            self.opt_outs.reason(member.number, member.record).or_else(|| self.rating_refusal(member.rating))
        };
        reason.map(DropReason::Filtered)
    }

    fn rating_refusal(&self, rating: Option<&str>) -> Option<FilterReason> {
        match rating {
            Some(rating) if self.ratings.iter().any(|wanted| wanted == rating) => None,
            // A picture of the user's own of which nobody states a rating; no site has an empty one.
            Some("") => None,
            Some(rating) => Some(FilterReason::Rating(rating.to_owned())),
            None => Some(FilterReason::NoRating),
        }
    }

    fn forgets(&self, number: u64) -> bool {
        !self.forgotten.is_empty() && self.forgotten.covers(&PostId { site: self.site.clone(), number })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rating_is_judged_here_again() {
        let selection = Selection::of(&CrawlConfig::default(), Tombstones::default());
        let check = |rating, status, expected: Option<DropReason>| {
            let member = Member { number: 1, rating, status, record: None };
            assert_eq!(selection.refusal(&member), expected);
        };
        let filtered = |reason| Some(DropReason::Filtered(reason));
        check(Some("s"), Status::Active, None);
        check(Some("q"), Status::Active, filtered(FilterReason::Rating("q".into())));
        check(Some(""), Status::Active, None);
        check(None, Status::Active, filtered(FilterReason::NoRating));
        check(Some("s"), Status::Deleted, Some(DropReason::Deleted));
        check(Some("s"), Status::Banned, filtered(FilterReason::Banned));
        check(Some("s"), Status::Withheld, filtered(FilterReason::Withheld));
    }
}
