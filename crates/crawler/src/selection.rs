//! Which posts a crawl wants, whatever the site's own filter lets through.

use contracts::{
    config::{CrawlConfig, Variant},
    id::{PostId, SiteName},
    tombstone::Tombstones,
};

use crate::{
    ledger::{Member, PictureState},
    opt_out::OptOuts,
    post::Status,
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
    pub(crate) most: u64,
    /// Whose posts are left alone.
    pub(crate) opt_outs: OptOuts,
}

/// How a post stands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Its picture was stored.
    Ok,
    /// Its picture is to be fetched, or to be tried again.
    Due,
    /// It was tried often enough.
    GivenUp,
    /// There is no picture to fetch, for the reason that the ledger has.
    Unavailable,
    /// It is not wanted, for that reason.
    Filtered(String),
    /// The site took it away.
    Deleted,
}

impl Selection {
    /// What `[crawl]` asks for, without what was forgotten.
    pub(crate) fn of(config: &CrawlConfig, forgotten: Tombstones) -> Self {
        Self {
            site: config.site.clone(),
            forgotten,
            ratings: config.ratings.clone(),
            variant: config.variant,
            most: config.max_posts,
            opt_outs: OptOuts::of(config),
        }
    }

    /// How a post stands, going by the ledger alone.
    pub(crate) fn standing(&self, member: &Member<'_>) -> Standing {
        match member.status {
            Status::Active => {}
            Status::Deleted => return Standing::Deleted,
            Status::Banned => return Standing::Filtered("kept from visitors by the site".into()),
            Status::Withheld => return Standing::Filtered("shown to some accounts only".into()),
        }
        if self.forgets(member.number) {
            return Standing::Filtered("forgotten on request".into());
        }
        if let Some(reason) = self.opt_outs.reason(member.number, member.record) {
            return Standing::Filtered(reason);
        }
        match member.rating {
            Some(rating) if self.ratings.iter().any(|wanted| wanted == rating) => {}
            Some(rating) => return Standing::Filtered(format!("rating {rating}")),
            None => return Standing::Filtered("no known rating".into()),
        }
        match member.picture {
            PictureState::Ok => Standing::Ok,
            PictureState::Filtered => Standing::Unavailable,
            PictureState::GivenUp => Standing::GivenUp,
            PictureState::Failed | PictureState::Unknown => Standing::Due,
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
        let check = |rating, status, picture, expected: Standing| {
            let member = Member { number: 1, rating, status, picture, record: None };
            assert_eq!(selection.standing(&member), expected);
        };
        let filtered = |reason: &str| Standing::Filtered(reason.into());
        use PictureState::{Failed, GivenUp, Unknown};
        check(Some("s"), Status::Active, Unknown, Standing::Due);
        check(Some("s"), Status::Active, PictureState::Ok, Standing::Ok);
        check(Some("q"), Status::Active, PictureState::Ok, filtered("rating q"));
        check(None, Status::Active, Unknown, filtered("no known rating"));
        check(Some("s"), Status::Deleted, Unknown, Standing::Deleted);
        check(Some("s"), Status::Banned, Unknown, filtered("kept from visitors by the site"));
        check(Some("s"), Status::Withheld, Unknown, filtered("shown to some accounts only"));
        check(Some("s"), Status::Active, Failed, Standing::Due);
        check(Some("s"), Status::Active, GivenUp, Standing::GivenUp);
        check(Some("s"), Status::Active, PictureState::Filtered, Standing::Unavailable);
    }
}
