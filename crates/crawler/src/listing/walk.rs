//! Walking a search: newer posts, older posts, each page committed with how far it brings the search.

use std::ops::Add;

use contracts::config::{CrawlConfig, Listing};
use url::Url;

use super::{
    NotAList, Page,
    cursor::Direction,
    html, json,
    pages::{self, Pages},
};
use crate::{
    address::Address,
    error::{Cause, CrawlError},
    fetch::{Fault, FetchError, Fetcher},
    ledger::{Certainty, Ledger, Reach, Search},
};

/// What a step of a walk has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// A page, or several.
    Posts(New),
    /// The walk is at its end.
    Nothing,
}

/// Posts that a search did not have yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct New {
    /// How many.
    pub(crate) count: u64,
    /// The highest number among them.
    pub(crate) highest: Option<u64>,
}

impl New {
    pub(super) fn of(numbers: &[u64]) -> Self {
        Self { count: numbers.len() as u64, highest: numbers.iter().max().copied() }
    }
}

impl Add for New {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { count: self.count + other.count, highest: self.highest.max(other.highest) }
    }
}

/// A walk over what a site lists for one search.
pub(crate) struct Walk<'a> {
    pub(super) fetcher: &'a Fetcher,
    pub(super) address: &'a Address,
    pub(super) tags: &'a str,
    pages: Option<Pages>,
    /// What the ledger knows of the search.
    pub(crate) search: Search,
}

impl<'a> Walk<'a> {
    /// A walk that goes on where the search has come to.
    pub(crate) fn new(fetcher: &'a Fetcher, address: &'a Address, config: &'a CrawlConfig, search: Search) -> Self {
        let pages = match config.listing {
            Listing::Json => None,
            Listing::Html => Some(Pages::new(config.max_pages, address.site().flavour)),
        };
        Self { fetcher, address, tags: &config.tags, pages, search }
    }

    /// Lists what is newer than all that was listed. Nothing where nothing was listed yet.
    pub(crate) async fn newer(&mut self, ledger: &mut Ledger) -> Result<Found, CrawlError> {
        if !ledger.has_members(&self.search)? {
            return Ok(Found::Nothing);
        }
        match self.pages {
            None => self.climb(ledger).await,
            Some(_) => self.leaf_from_the_front(ledger).await,
        }
    }

    /// Lists a page of what is older than all that was listed.
    pub(crate) async fn older(&mut self, ledger: &mut Ledger) -> Result<Found, CrawlError> {
        if self.search.reach.bottom {
            return Ok(Found::Nothing);
        }
        match self.pages {
            None => self.descend(ledger).await,
            Some(_) => self.leaf_on(ledger).await,
        }
    }

    async fn climb(&mut self, ledger: &mut Ledger) -> Result<Found, CrawlError> {
        let mut found = None;
        loop {
            let reach = self.search.reach;
            let direction = Direction::Up(reach.highest.unwrap_or_default());
            let page = self.by_number(direction).await?;
            let Some(last) = page.last() else { return Ok(found.map_or(Found::Nothing, Found::Posts)) };
            let reach = Reach { highest: Some(last.number), ..reach };
            let added = ledger.commit_page(&mut self.search, &page, reach, Certainty::Settled)?;
            found = Some(found.unwrap_or_default() + New::of(&added));
        }
    }

    async fn descend(&mut self, ledger: &mut Ledger) -> Result<Found, CrawlError> {
        let reach = self.search.reach;
        let page = self.by_number(Direction::Down(reach.lowest)).await?;
        let (Some(first), Some(last)) = (page.first(), page.last()) else {
            ledger.commit_page(&mut self.search, &[], Reach { bottom: true, ..reach }, Certainty::Settled)?;
            return Ok(Found::Nothing);
        };
        let highest = reach.highest.or(Some(first.number));
        // Whatever is changed from here on gets a higher number than any post on the first page has.
        let changes = reach.changes.or_else(|| page.iter().filter_map(|post| post.change).max());
        let reach = Reach { lowest: Some(last.number), highest, changes, ..reach };
        let added = ledger.commit_page(&mut self.search, &page, reach, Certainty::Settled)?;
        Ok(Found::Posts(New::of(&added)))
    }

    async fn by_number(&self, direction: Direction) -> Result<Page, CrawlError> {
        let flavour = self.address.site().flavour;
        let mut url = self.address.endpoint(flavour.json_path());
        url.query_pairs_mut().extend_pairs(direction.parameters(flavour, self.tags));
        let page = match direction {
            Direction::Down(_) => self.list(&url, json::parse).await?,
            Direction::Up(_) => self.ask(&url, json::parse).await?,
        };
        let page = direction.arranged(flavour, page);
        direction.check(&page).map_err(|problem| Cause::Disorder { url: url.into(), problem })?;
        Ok(page)
    }

    /// The list page of that number, counted from 1.
    pub(super) async fn by_page(&self, number: u64) -> Result<Page, CrawlError> {
        let flavour = self.address.site().flavour;
        let mut url = self.address.endpoint(flavour.html_path());
        url.query_pairs_mut().extend_pairs(pages::parameters(flavour, self.tags, number));
        self.list(&url, html::parse).await
    }

    pub(super) fn pages(&mut self) -> &mut Pages {
        let flavour = self.address.site().flavour;
        self.pages.get_or_insert_with(|| Pages::new(0, flavour))
    }

    /// Asks for a page whose being empty would end the walk for good: it has to be so twice.
    async fn list(&self, url: &Url, parse: Parse) -> Result<Page, CrawlError> {
        let page = self.ask(url, parse).await?;
        if page.is_empty() { self.ask(url, parse).await } else { Ok(page) }
    }

    pub(super) async fn ask(&self, url: &Url, parse: Parse) -> Result<Page, CrawlError> {
        let mut attempt = 1;
        loop {
            let text = match self.fetcher.text(url).await {
                Ok(text) => text,
                Err(error) => return Err(self.explained(error).await),
            };
            match parse(&text, self.address) {
                Ok(page) => return Ok(page),
                Err(problem) if problem.is_final() || attempt == self.fetcher.patience.tries => {
                    return Err(Cause::Listing { url: url.to_string(), problem }.into());
                }
                Err(problem) => tracing::debug!(%url, %problem, attempt, "asking again"),
            }
            self.fetcher.rest(attempt).await;
            attempt += 1;
        }
    }
}

impl Walk<'_> {
    /// An error of asking for the listing. Where robots.txt refuses it, the other listing may be allowed.
    async fn explained(&self, error: FetchError) -> CrawlError {
        let Fault::Refused(rule) = &error.fault else { return error.into() };
        let flavour = self.address.site().flavour;
        let (other, way_out) = match self.pages {
            None => (flavour.html_path(), "; set crawl.listing = \"html\", which it allows"),
            Some(_) => (flavour.json_path(), "; set crawl.listing = \"json\", which it allows"),
        };
        let allowed = matches!(self.fetcher.refusal(&self.address.endpoint(other)).await, Ok(None));
        let advice = if allowed { way_out } else { ", and the other one too: ask its owner, or crawl another site" };
        Cause::RefusedListing { url: error.url, rule: rule.clone(), advice }.into()
    }
}

type Parse = fn(&str, &Address) -> Result<Page, NotAList>;

impl NotAList {
    /// Whether the site means it, so that it would say the same again.
    fn is_final(&self) -> bool {
        matches!(self, Self::Refusal(_))
    }
}
