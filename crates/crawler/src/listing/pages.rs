//! Walking by list pages, as people do. Posts move from page to page meanwhile, so pages are turned until one holds
//! nothing that an earlier, finished walk has not listed.

use std::collections::HashSet;

use super::{
    Page,
    walk::{Found, New, Walk},
};
use crate::{
    error::CrawlError,
    ledger::{Certainty, Ledger, Reach},
    site::Flavour,
};

/// The parameters that make a site show the list page of that number, counted from 1.
pub(super) fn parameters(flavour: Flavour, tags: &str, number: u64) -> Vec<(&'static str, String)> {
    let tags = tags.trim();
    let page = ("page", number.to_string());
    match flavour {
        Flavour::Moebooru => vec![page, ("tags", tags.to_owned())],
        Flavour::Danbooru => {
            // Its pages hide deleted posts unless the search speaks of them, and a page of nothing else would look like
            // the end.
            let all = if tags.contains("status:") { tags.to_owned() } else { format!("{tags} status:any") };
            vec![page, ("tags", all.trim().to_owned()), ("limit", flavour.page_size().to_string())]
        }
    }
}

/// Where in the list pages a walk is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pages {
    next: u64,
    last: Option<u64>,
}

impl Pages {
    /// The first page, of so many at most and of those that the site shows; 0: no limit.
    pub(super) fn new(most: u64, flavour: Flavour) -> Self {
        let wanted = Some(most).filter(|most| *most > 0);
        let last = [wanted, flavour.last_page()].into_iter().flatten().min();
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
}

impl Walk<'_> {
    /// Turns pages from the first one until one is wholly known.
    pub(super) async fn leaf_from_the_front(&mut self, ledger: &mut Ledger) -> Result<Found, CrawlError> {
        self.pages().next = 1;
        let mut new = New::default();
        while let Some(number) = self.pages().turn() {
            let page = self.by_page(number).await?;
            let at_end = page.is_empty();
            let met = at_end || ledger.is_settled(&self.search, &page)?;
            new = new + self.join(ledger, number, page).await?;
            if met {
                self.settle(ledger, at_end)?;
                break;
            }
        }
        Ok(if new.count > 0 { Found::Posts(new) } else { Found::Nothing })
    }

    /// Turns one page.
    pub(super) async fn leaf_on(&mut self, ledger: &mut Ledger) -> Result<Found, CrawlError> {
        let Some(number) = self.pages().turn() else { return Ok(Found::Nothing) };
        let page = self.by_page(number).await?;
        let at_end = page.is_empty();
        let new = self.join(ledger, number, page).await?;
        self.settle(ledger, at_end)?;
        Ok(if at_end && new.count == 0 { Found::Nothing } else { Found::Posts(new) })
    }

    /// Writes a page down, and as long as none holds a post that was known before, the ones in front of it: where posts
    /// are deleted meanwhile, others move to pages that were turned already. Gives what is new.
    async fn join(&mut self, ledger: &mut Ledger, number: u64, page: Page) -> Result<New, CrawlError> {
        let (mut number, mut page, mut new) = (number, page, HashSet::new());
        loop {
            let reach = self.search.reach;
            new.extend(ledger.commit_page(&mut self.search, &page, reach, Certainty::Provisional)?);
            let overlaps = page.iter().any(|post| !new.contains(&post.number));
            if overlaps || number == 1 {
                return Ok(New { count: new.len() as u64, highest: new.into_iter().max() });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_end_where_the_site_or_the_configuration_ends_them() {
        let check = |most, flavour, expected| assert_eq!(Pages::new(most, flavour).last, expected);
        check(0, Flavour::Moebooru, None);
        check(8000, Flavour::Moebooru, Some(8000));
        check(0, Flavour::Danbooru, Some(1000));
        check(8000, Flavour::Danbooru, Some(1000));
        check(3, Flavour::Danbooru, Some(3));
    }

    #[test]
    fn deleted_posts_are_asked_for_where_pages_would_hide_them() {
        let check = |flavour, tags: &str, expected: &str| {
            let parameters = parameters(flavour, tags, 2);
            assert_eq!(parameters[..2], [("page", "2".to_owned()), ("tags", expected.to_owned())]);
        };
        check(Flavour::Moebooru, " a ", "a");
        check(Flavour::Danbooru, "a", "a status:any");
        check(Flavour::Danbooru, "", "status:any");
        check(Flavour::Danbooru, "-status:deleted a", "-status:deleted a");
    }
}
