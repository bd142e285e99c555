//! How a search stands: the records of what is kept, and the count of what is not, by reason.

use std::collections::BTreeMap;

use contracts::{config::CrawlConfig, id::PostId, layout::Layout, record::PictureRecord, report::Dropped};

use crate::{
    address::Address,
    error::CrawlError,
    ledger::{Ledger, Search, Stored},
    post::Post,
    selection::{Selection, Standing},
};

/// Where each listed post stands. `records` and `dropped` add up to `listed`.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// All posts that the search has listed.
    pub(crate) listed: u64,
    /// The newest pictures that are wanted.
    pub(crate) records: Vec<PictureRecord>,
    /// The other posts, by state and reason.
    pub(crate) dropped: BTreeMap<String, u64>,
    /// How many of those dropped may be mended by another run.
    pub(crate) failed: u64,
    /// How many were tried often enough.
    pub(crate) given_up: u64,
}

/// A crawl that has nothing to show.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum Nothing {
    #[error(
        "{site} lists no posts for crawl.tags = {tags:?}; try the same search on the site itself, or leave out a word"
    )]
    Listed { site: String, tags: String },
    #[error("none of the {listed} posts that {site} lists for crawl.tags = {tags:?} is left: {dropped}; {advice}")]
    Left { site: String, tags: String, listed: u64, dropped: String, advice: String },
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
        search: &Search,
        address: &Address,
        config: &CrawlConfig,
        selection: &Selection,
    ) -> Result<Self, CrawlError> {
        let mut tally = Self::default();
        ledger.for_each_member(search, selection.variant, |entry| {
            tally.listed += 1;
            let full = tally.records.len() as u64 == selection.most;
            let reason = entry.reason.as_deref().unwrap_or("not tried yet");
            match (selection.standing(&entry.member()), &entry.stored) {
                (Standing::Ok | Standing::Due, _) if full => tally.drop("filtered: beyond crawl.max_posts".into()),
                (Standing::Ok, Some(stored)) => tally.records.push(record(&entry.post, stored, address, config)),
                (Standing::Ok | Standing::Due, _) => {
                    tally.failed += 1;
                    tally.drop(format!("failed: {reason}"));
                }
                (Standing::GivenUp, _) => {
                    tally.given_up += 1;
                    tally.drop(format!("failed for good: {reason}"));
                }
                (Standing::Unavailable, _) => tally.drop(format!("filtered: {reason}")),
                (Standing::Filtered(reason), _) => tally.drop(format!("filtered: {reason}")),
                (Standing::Deleted, _) => tally.drop("deleted".into()),
            }
        })?;
        Ok(tally)
    }

    fn drop(&mut self, reason: String) {
        *self.dropped.entry(reason).or_default() += 1;
    }

    /// The dropped posts for the report. Their reasons are texts yet, without tags.
    pub(crate) fn dropped(&self) -> Vec<Dropped> {
        let untagged =
            |(reason, count): (&String, &u64)| Dropped { tag: String::new(), reason: reason.clone(), count: *count };
        self.dropped.iter().map(untagged).collect()
    }

    /// Says what to change when nothing is left.
    ///
    /// # Errors
    /// When nothing is left.
    pub(crate) fn demand_something(&self, config: &CrawlConfig) -> Result<(), Nothing> {
        if !self.records.is_empty() {
            return Ok(());
        }
        let (site, tags) = (config.site.to_string(), config.tags.clone());
        if self.listed == 0 {
            return Err(Nothing::Listed { site, tags });
        }
        let dropped: Vec<String> = self.dropped.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        let (listed, dropped, advice) = (self.listed, dropped.join(", "), self.advice(config));
        Err(Nothing::Left { site, tags, listed, dropped, advice })
    }

    fn advice(&self, config: &CrawlConfig) -> String {
        let mut most: Vec<(&String, &u64)> = self.dropped.iter().collect();
        most.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        match most.first().map(|(reason, _)| reason.as_str()) {
            Some(reason) if reason.starts_with("filtered: rating") => {
                format!("add to crawl.ratings, which is {:?}, or change crawl.tags", config.ratings)
            }
            Some(reason) if reason.starts_with("filtered: opt-out") => {
                "change crawl.tags, or shorten the crawl.opt_out lists".into()
            }
            Some(reason) if reason.starts_with("filtered: no ") => "try another crawl.variant or crawl.listing".into(),
            Some(reason) if reason.starts_with("failed") => "run the same command again later".into(),
            _ => "change crawl.tags".into(),
        }
    }
}

fn record(post: &Post, stored: &Stored, address: &Address, config: &CrawlConfig) -> PictureRecord {
    PictureRecord {
        sha256: stored.sha256,
        post: PostId { site: config.site.clone(), number: post.number },
        md5_claimed: post.md5.clone(),
        variant: config.variant.name().into(),
        file: stored_file(stored),
        bytes: stored.bytes,
        width: stored.dimensions.0,
        height: stored.dimensions.1,
        rating: post.rating.clone().unwrap_or_default(),
        tags: post.tags.clone(),
        author: post.author.clone(),
        source_url: stored.url.clone(),
        page_url: address.post_page(post.number),
        original_source: post.original_source.clone(),
    }
}
