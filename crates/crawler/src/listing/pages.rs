//! Walking by list pages, as people do. Posts move from page to page meanwhile, so pages are turned until one holds
//! nothing that an earlier, finished walk has not listed.

use super::walk::{Found, Walk};
use crate::{
    error::CrawlError,
    ledger::{Certainty, Ledger, Reach},
};

/// Where in the list pages a walk is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pages {
    next: u64,
    most: u64,
}

impl Pages {
    /// The first page, of so many at most; 0: no limit.
    pub(super) fn new(most: u64) -> Self {
        Self { next: 1, most }
    }

    fn turn(&mut self) -> Option<u64> {
        let page = self.next;
        if self.most > 0 && page > self.most {
            return None;
        }
        self.next += 1;
        Some(page)
    }
}

impl Walk<'_> {
    /// Turns pages from the first one until one is wholly known.
    pub(super) async fn leaf_from_the_front(&mut self, ledger: &mut Ledger) -> Result<Found, CrawlError> {
        self.pages().next = 1;
        let mut highest = None;
        while let Some(number) = self.pages().turn() {
            let page = self.by_page(number).await?;
            let reach = Reach { bottom: self.search.reach.bottom || page.is_empty(), ..self.search.reach };
            let met = page.is_empty() || ledger.is_settled(&self.search, &page)?;
            let certainty = if met { Certainty::Settled } else { Certainty::Provisional };
            let added = ledger.commit_page(&mut self.search, &page, reach, certainty)?;
            highest = highest.max(added.into_iter().max());
            if met {
                break;
            }
        }
        Ok(if highest.is_some() { Found::Posts(highest) } else { Found::Nothing })
    }

    /// Turns one page.
    pub(super) async fn leaf_on(&mut self, ledger: &mut Ledger) -> Result<Found, CrawlError> {
        let Some(number) = self.pages().turn() else { return Ok(Found::Nothing) };
        let page = self.by_page(number).await?;
        let reach = Reach { bottom: page.is_empty(), ..self.search.reach };
        let added = ledger.commit_page(&mut self.search, &page, reach, Certainty::Settled)?;
        Ok(if page.is_empty() { Found::Nothing } else { Found::Posts(added.into_iter().max()) })
    }
}
