//! How a search stands: the records of what is kept, and the count of what is not, by reason.

use std::ops::ControlFlow;

use contracts::{Layout, Report, StageId, config::CrawlConfig, id::PostId, record::PictureRecord, report::Dropped};

use crate::{
    address::Address,
    ledger::{KnownPicture, Ledger, LedgerEntry, LedgerError, SearchState, Stored},
    post::Post,
    reason::{DropReason, FailureReason, FilterReason},
    selection::Selection,
};

/// Where each listed post stands: those kept and those dropped add up to those listed. What is kept is counted here, and looked at by
/// [`Tally::for_each_record`]: there may be millions.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// All entries that the search has listed.
    pub(crate) listed: u64,
    /// How many of the newest pictures that are wanted are stored.
    pub(crate) kept: u64,
    /// The oldest post among these.
    lowest: u64,
    /// How many of those dropped another run may fetch after all.
    pub(crate) failed: u64,
    /// How many were tried often enough.
    pub(crate) given_up: u64,
    /// An entry of the listing that has no number, if there was one.
    pub(crate) odd_entry: Option<String>,
    /// The other posts. So few reasons that looking each up is no work.
    dropped: Vec<(DropReason, u64)>,
}

/// A crawl that has nothing to show.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum EmptyCrawl {
    #[error(
        "{site} lists no posts for crawl.tags = {tags:?}; try the same search on the site itself, or leave out a word"
    )]
    NothingListed { site: String, tags: String },
    #[error("none of the {listed} posts that {site} lists for crawl.tags = {tags:?} is left: {dropped}; {advice}")]
    NothingLeft { site: String, tags: String, listed: u64, dropped: String, advice: String },
}

/// Where a stored picture lies, relative to the manifest.
pub(crate) fn stored_file(stored: &Stored) -> String {
    Layout::raw_file(&stored.sha256, &stored.extension)
}

impl Tally {
    /// Goes through all that a search has listed.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub(crate) fn of(
        ledger: &Ledger,
        search: &SearchState,
        config: &CrawlConfig,
        selection: &Selection,
    ) -> Result<Self, LedgerError> {
        let (odd, odd_entry) = ledger.odd_entries(search)?;
        let mut tally = Self { listed: odd, odd_entry, ..Self::default() };
        if odd > 0 {
            tally.dropped.push((DropReason::OddEntry, odd));
        }
        ledger.for_each_member(search, selection.variant, |entry| {
            tally.listed += 1;
            match selection.refusal(&entry.member()) {
                Some(reason) => tally.drop(reason),
                None => tally.add(entry, config),
            }
        })?;
        Ok(tally)
    }

    /// Calls with the record of each picture that is kept, in the order of their posts, until `look` wants no more.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub(crate) fn for_each_record(
        &self,
        (ledger, search): (&Ledger, &SearchState),
        address: &Address,
        config: &CrawlConfig,
        selection: &Selection,
        mut look: impl FnMut(PictureRecord) -> ControlFlow<()>,
    ) -> Result<(), LedgerError> {
        if self.kept == 0 {
            return Ok(());
        }
        // Above the oldest that is kept, all that are stored and wanted are kept: they were counted from the newest on.
        ledger.for_each_stored_post(search, selection.variant, self.lowest, |entry| match &entry.picture {
            KnownPicture::Ok(stored) if selection.refusal(&entry.member()).is_none() => {
                look(record(&entry.post, stored, address, config))
            }
            _ => ControlFlow::Continue(()),
        })
    }

    /// Counts a post that is wanted.
    fn add(&mut self, LedgerEntry { post, picture }: LedgerEntry, config: &CrawlConfig) {
        let full = self.kept == config.max_posts;
        match picture {
            KnownPicture::Filtered(reason) => self.drop(DropReason::Filtered(reason)),
            KnownPicture::GivenUp(reason) => {
                self.given_up += 1;
                self.drop(DropReason::GivenUp(reason));
            }
            _ if full => self.drop(DropReason::Filtered(FilterReason::BeyondMaxPosts)),
            KnownPicture::Ok(_) => (self.kept, self.lowest) = (self.kept + 1, post.number),
            KnownPicture::Failed(reason) => self.fail(reason),
            KnownPicture::Unknown => self.fail(FailureReason::NotTried),
        }
    }

    fn fail(&mut self, reason: FailureReason) {
        self.failed += 1;
        self.drop(DropReason::Failed(reason));
    }

    fn drop(&mut self, reason: DropReason) {
        match self.dropped.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += 1,
            None => self.dropped.push((reason, 1)),
        }
    }

    /// The posts without a record, by reason, sorted by their sentences.
    pub(crate) fn dropped(&self) -> Vec<Dropped> {
        let mut report = Report::new(StageId::Crawl);
        self.dropped.iter().for_each(|(reason, count)| report.drop(reason, *count));
        report.dropped
    }

    /// Says what to change when nothing is left.
    ///
    /// # Errors
    /// When nothing is left.
    pub(crate) fn demand_something(&self, config: &CrawlConfig) -> Result<(), EmptyCrawl> {
        if self.kept > 0 {
            return Ok(());
        }
        let (site, tags) = (config.site.to_string(), config.tags.clone());
        if self.listed == 0 {
            return Err(EmptyCrawl::NothingListed { site, tags });
        }
        let dropped: Vec<String> =
            self.dropped().iter().map(|Dropped { reason, count, .. }| format!("{count} {reason}")).collect();
        let (listed, dropped, advice) = (self.listed, dropped.join(", "), self.advice(config));
        Err(EmptyCrawl::NothingLeft { site, tags, listed, dropped, advice })
    }

    /// What to change for the reason that most posts were dropped for.
    fn advice(&self, config: &CrawlConfig) -> String {
        let most = self.dropped.iter().max_by_key(|(_, count)| *count).map(|(reason, _)| reason);
        match most {
            Some(DropReason::Filtered(FilterReason::Rating(_))) => {
                format!("add to crawl.ratings, which is {:?}, or change crawl.tags", config.ratings)
            }
            Some(DropReason::Filtered(
                FilterReason::OptOutPost | FilterReason::OptOutAuthor(_) | FilterReason::OptOutTag(_),
            )) => "change crawl.tags, or shorten the crawl.opt_out lists".into(),
            Some(DropReason::Filtered(
                FilterReason::NoRating | FilterReason::NotListed(_) | FilterReason::OtherMedium(_),
            )) => "try another crawl.variant or crawl.listing".into(),
            Some(DropReason::Failed(_) | DropReason::GivenUp(_)) => "run the same command again later".into(),
            _ => "change crawl.tags".into(),
        }
    }
}

fn record(post: &Post, stored: &Stored, address: &Address, config: &CrawlConfig) -> PictureRecord {
    PictureRecord {
        sha256: stored.sha256,
        post: PostId { site: config.site.clone(), number: post.number },
        md5_claimed: post.md5.clone(),
        variant: stored.rendering.unwrap_or(config.variant).name().into(),
        file: stored_file(stored),
        bytes: stored.bytes,
        width: stored.dimensions.0,
        height: stored.dimensions.1,
        stored_sides: stored.stored_dimensions.map(|(width, height)| [width, height]),
        rating: post.rating.clone().unwrap_or_default(),
        tags: post.tags.clone(),
        author: post.author.clone(),
        source_url: stored.url.clone(),
        // A folder has no pages.
        page_url: if config.is_folder() { String::new() } else { address.post_page(post.number) },
        original_source: post.original_source.clone(),
    }
}
