//! Walking by list pages, as people do. Posts move from page to page meanwhile, so pages are turned until one holds
//! nothing that an earlier, finished walk has not listed.

use std::collections::HashSet;

use super::{Found, ListError, NewPosts, client::ListingClient};
use crate::{
    dialect::Page,
    ledger::{Contiguity, Coverage, Ledger, SearchState},
};

/// Where in the list pages a walk is.
#[derive(Clone, Copy, Debug)]
pub(super) struct ListPages {
    next: u64,
    last: Option<u64>,
}

impl ListPages {
    /// The first page, of `max` at most (0: no limit) and of those that the site shows.
    pub(super) fn new(max: u64, last_shown: Option<u64>) -> Self {
        let wanted = Some(max).filter(|max| *max > 0);
        let last = [wanted, last_shown].into_iter().flatten().min();
        Self { next: 1, last }
    }

    fn turn(&mut self) -> Option<u64> {
        let page = self.next;
        if self.last.is_some_and(|last| page > last) {
            return None;
        }
        self.next += 1;
        Some(page)
    }

    /// Turns pages from the first one until one is wholly known.
    ///
    /// # Errors
    /// When the site cannot be listed, or the ledger not be written.
    pub(super) async fn list_newer(
        &mut self,
        client: &ListingClient<'_>,
        search: &mut SearchState,
        ledger: &mut Ledger,
    ) -> Result<Found, ListError> {
        self.next = 1;
        let mut new = NewPosts::default();
        while let Some(number) = self.turn() {
            let page = client.list_page(number).await?;
            let at_end = page.posts.is_empty();
            let met = at_end || ledger.is_settled(search, &page.posts)?;
            new += commit_overlapping(client, search, ledger, number, page).await?;
            if met {
                settle(search, ledger, at_end)?;
                break;
            }
        }
        Ok(if new.count > 0 { Found::Posts(new) } else { Found::Nothing })
    }

    /// Turns one page.
    ///
    /// # Errors
    /// When the site cannot be listed, or the ledger not be written.
    pub(super) async fn next_page(
        &mut self,
        client: &ListingClient<'_>,
        search: &mut SearchState,
        ledger: &mut Ledger,
    ) -> Result<Found, ListError> {
        let Some(number) = self.turn() else { return Ok(Found::Nothing) };
        let page = client.list_page(number).await?;
        let at_end = page.posts.is_empty();
        let new = commit_overlapping(client, search, ledger, number, page).await?;
        settle(search, ledger, at_end)?;
        Ok(if at_end && new.count == 0 { Found::Nothing } else { Found::Posts(new) })
    }
}

/// Writes a page down, and as long as none holds a post that was known before, the ones in front of it: where posts
/// are deleted meanwhile, others move to pages that were turned already. Gives what is new.
async fn commit_overlapping(
    client: &ListingClient<'_>,
    search: &mut SearchState,
    ledger: &mut Ledger,
    mut number: u64,
    mut page: Page,
) -> Result<NewPosts, ListError> {
    let mut new = HashSet::new();
    loop {
        let coverage = search.coverage;
        ledger.note_odd_entries(search, &page.odd)?;
        new.extend(ledger.commit_page(search, &page.posts, coverage, Contiguity::Provisional)?);
        let overlaps = page.posts.iter().any(|post| !new.contains(&post.number));
        if overlaps || number == 1 {
            return Ok(NewPosts::of(new));
        }
        number -= 1;
        page = client.list_page(number).await?;
    }
}

/// Notes that nothing is missing between the pages that were turned, nor below them if the last one was empty.
fn settle(search: &mut SearchState, ledger: &mut Ledger, at_end: bool) -> Result<(), ListError> {
    let exhausted = search.coverage.exhausted || at_end;
    let coverage = Coverage { exhausted, ..search.coverage };
    ledger.commit_page(search, &[], coverage, Contiguity::Settled)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_end_where_the_site_or_the_configuration_ends_them() {
        let check = |max, last_shown, expected| assert_eq!(ListPages::new(max, last_shown).last, expected);
        check(0, None, None);
        check(8000, None, Some(8000));
        check(0, Some(1000), Some(1000));
        check(8000, Some(1000), Some(1000));
        check(3, Some(1000), Some(3));
    }
}
