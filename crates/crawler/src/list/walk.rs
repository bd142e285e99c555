//! Walking a search: newer posts, older posts, each page committed with how far it brings the search.

use contracts::config::{CrawlConfig, Listing};

use super::{Found, ListError, by_number, by_page::ListPages, changes, client::ListingClient};
use crate::{
    address::Address,
    fetch::Fetcher,
    ledger::{ChangeCounts, Ledger, SearchState},
};

/// A walk over what a site lists for one search.
pub(crate) struct Walk<'a> {
    client: ListingClient<'a>,
    /// Where it is in the list pages; `None` where it goes by post number.
    pages: Option<ListPages>,
    /// What the ledger knows of the search.
    pub(crate) search: SearchState,
}

impl<'a> Walk<'a> {
    /// A walk that goes on where the search has come to.
    pub(crate) fn new(
        fetcher: &'a Fetcher,
        address: &'a Address,
        config: &'a CrawlConfig,
        search: SearchState,
    ) -> Self {
        let pages = match config.listing {
            Listing::Json => None,
            Listing::Html => Some(ListPages::new(config.max_pages, address.dialect().last_list_page())),
        };
        Self { client: ListingClient { fetcher, address, tags: &config.tags }, pages, search }
    }

    /// Lists what is newer than all that was listed. Nothing where nothing was listed yet.
    ///
    /// # Errors
    /// When the site cannot be listed, or the ledger not be written.
    pub(crate) async fn list_newer(&mut self, ledger: &mut Ledger) -> Result<Found, ListError> {
        if !ledger.has_members(&self.search)? {
            return Ok(Found::Nothing);
        }
        match &mut self.pages {
            None => by_number::list_newer(&self.client, &mut self.search, ledger).await,
            Some(pages) => pages.list_newer(&self.client, &mut self.search, ledger).await,
        }
    }

    /// Lists a page of what is older than all that was listed.
    ///
    /// # Errors
    /// When the site cannot be listed, or the ledger not be written.
    pub(crate) async fn next_page(&mut self, ledger: &mut Ledger) -> Result<Found, ListError> {
        if self.search.coverage.exhausted {
            return Ok(Found::Nothing);
        }
        match &mut self.pages {
            None => by_number::next_page(&self.client, &mut self.search, ledger).await,
            Some(pages) => pages.next_page(&self.client, &mut self.search, ledger).await,
        }
    }

    /// Whether what the site has changed can be asked for: list pages do not tell, and not every API does.
    pub(crate) fn tells_changes(&self) -> bool {
        self.pages.is_none() && self.client.address.dialect().tells_changes()
    }

    /// Takes over what the site has changed of posts that are listed already.
    ///
    /// # Errors
    /// When the site does not tell its changes, or the ledger cannot be written.
    pub(crate) async fn follow_changes(&mut self, ledger: &mut Ledger) -> Result<ChangeCounts, ListError> {
        changes::follow(&self.client, &mut self.search, ledger).await
    }
}
