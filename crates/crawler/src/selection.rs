//! Which posts a crawl wants, whatever the site's own filter lets through.

use contracts::{
    config::{CrawlConfig, Variant},
    id::{PostId, SiteName},
    tombstone::Tombstones,
};

use crate::{
    ledger::{Member, PictureState, Stored},
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
pub(crate) enum Standing<'a> {
    /// Its picture lies on disk.
    Ok(&'a Stored),
    /// Its picture is to be fetched, or to be tried again.
    Due {
        /// Why it could not be had when it was last tried.
        failure: Option<&'a str>,
    },
    /// It was tried often enough.
    GivenUp(&'a str),
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
    pub(crate) fn standing<'a>(&self, member: &'a Member) -> Standing<'a> {
        match member.status {
            Status::Active => {}
            Status::Deleted => return Standing::Deleted,
            Status::Banned => return Standing::Filtered("kept from visitors by the site".into()),
            Status::Withheld => return Standing::Filtered("shown to some accounts only".into()),
        }
        if self.forgets(member.number) {
            return Standing::Filtered("forgotten on request".into());
        }
        if let Some(reason) = self.opt_outs.reason(member.number, member.record.as_ref()) {
            return Standing::Filtered(reason);
        }
        match &member.rating {
            Some(rating) if self.ratings.contains(rating) => {}
            Some(rating) => return Standing::Filtered(format!("rating {rating}")),
            None => return Standing::Filtered("no known rating".into()),
        }
        match &member.picture {
            PictureState::Ok(stored) => Standing::Ok(stored),
            PictureState::Filtered(reason) => Standing::Filtered(reason.clone()),
            PictureState::Failed { reason, given_up: true } => Standing::GivenUp(reason),
            PictureState::Failed { reason, given_up: false } => Standing::Due { failure: Some(reason) },
            PictureState::Unknown => Standing::Due { failure: None },
        }
    }

    fn forgets(&self, number: u64) -> bool {
        !self.forgotten.is_empty() && self.forgotten.cover(&PostId { site: self.site.clone(), number })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rating_is_judged_here_again() {
        let selection = Selection::of(&CrawlConfig::default(), Tombstones::default());
        let check = |rating: Option<&str>, status, picture, expected: Standing<'_>| {
            let member = Member { number: 1, rating: rating.map(str::to_owned), status, picture, record: None };
            assert_eq!(selection.standing(&member), expected);
        };
        let failed = |given_up| PictureState::Failed { reason: "status 404".into(), given_up };
        check(Some("s"), Status::Active, PictureState::Unknown, Standing::Due { failure: None });
        check(Some("q"), Status::Active, PictureState::Unknown, Standing::Filtered("rating q".into()));
        check(None, Status::Active, PictureState::Unknown, Standing::Filtered("no known rating".into()));
        check(Some("s"), Status::Deleted, PictureState::Unknown, Standing::Deleted);
        let filtered = |reason: &str| Standing::Filtered(reason.into());
        check(Some("s"), Status::Banned, PictureState::Unknown, filtered("kept from visitors by the site"));
        check(Some("s"), Status::Withheld, PictureState::Unknown, filtered("shown to some accounts only"));
        check(Some("s"), Status::Active, failed(false), Standing::Due { failure: Some("status 404") });
        check(Some("s"), Status::Active, failed(true), Standing::GivenUp("status 404"));
    }
}
