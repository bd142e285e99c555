//! Walking by list pages, as people do. Posts move from page to page meanwhile, so pages are turned until one holds
//! nothing that an earlier, finished walk has not listed.

use std::collections::HashSet;

use super::{
    Page,
    walk::{Found, Walk},
};
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
            let at_end = page.is_empty();
            let met = at_end || ledger.is_settled(&self.search, &page)?;
            highest = highest.max(self.join(ledger, number, page).await?);
            if met {
                self.settle(ledger, at_end)?;
                break;
            }
        }
        Ok(if highest.is_some() { Found::Posts(highest) } else { Found::Nothing })
    }

    /// Turns one page.
    pub(super) async fn leaf_on(&mut self, ledger: &mut Ledger) -> Result<Found, CrawlError> {
        let Some(number) = self.pages().turn() else { return Ok(Found::Nothing) };
        let page = self.by_page(number).await?;
        let at_end = page.is_empty();
        let highest = self.join(ledger, number, page).await?;
        self.settle(ledger, at_end)?;
        Ok(if at_end && highest.is_none() { Found::Nothing } else { Found::Posts(highest) })
    }

    /// Writes a page down, and as long as none holds a post that was known before, the ones in front of it: where posts
    /// are deleted meanwhile, others move to pages that were turned already. Gives the highest number that is new.
    async fn join(&mut self, ledger: &mut Ledger, number: u64, page: Page) -> Result<Option<u64>, CrawlError> {
        let (mut number, mut page, mut new) = (number, page, HashSet::new());
        loop {
            let reach = self.search.reach;
            new.extend(ledger.commit_page(&mut self.search, &page, reach, Certainty::Provisional)?);
            let overlaps = page.iter().any(|post| !new.contains(&post.number));
            if overlaps || number == 1 {
                return Ok(new.into_iter().max());
            }
            number -= 1;
            page = self.by_page(number).await?;
        }
    }

    /// Notes that nothing is missing between the pages that were turned, nor below them if the last one was empty.
    fn settle(&mut self, ledger: &mut Ledger, at_end: bool) -> Result<(), CrawlError> {
        let reach = Reach { bottom: self.search.reach.bottom || at_end, ..self.search.reach };
        ledger.commit_page(&mut self.search, &[], reach, Certainty::Settled)?;
        Ok(())
    }
}
