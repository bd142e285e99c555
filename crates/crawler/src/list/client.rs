//! Asking a site for pages of its listings.

use contracts::config::Listing;
use url::Url;

use super::ListError;
use crate::{
    address::Address,
    base_url::{BaseUrl, Endpoint},
    dialect::{ChangeRange, Dialect, Direction, NotAList, Page},
    fetch::{Fault, FetchError, Fetcher},
};

/// How an answer is read.
type Read = fn(&dyn Dialect, &str, &BaseUrl) -> Result<Page, NotAList>;

/// Asks one site for the pages of one search.
pub(crate) struct ListingClient<'a> {
    pub(super) fetcher: &'a Fetcher,
    pub(super) address: &'a Address,
    /// `crawl.tags`: the site's own search words.
    pub(super) tags: &'a str,
}

impl ListingClient<'_> {
    /// The posts next to a number, as the API lists them, checked to be in order.
    ///
    /// # Errors
    /// When the site gives no such page.
    pub(super) async fn beyond(&self, direction: Direction) -> Result<Page, ListError> {
        let dialect = self.address.dialect();
        let url = self.address.endpoint(&dialect.api(self.tags, direction));
        let page = match direction {
            Direction::Down(_) => self.list(&url, Listing::Json).await?,
            // That nothing is newer ends no walk for good: the next run asks again.
            Direction::Up(_) => self.ask(&url, Listing::Json).await?,
        };
        let page = dialect.in_order(direction, page);
        direction.check(&page.posts).map_err(|problem| ListError::Disordered { url: url.into(), problem })?;
        Ok(page)
    }

    /// The list page of that number, counted from 1.
    ///
    /// # Errors
    /// When the site gives no such page.
    pub(super) async fn list_page(&self, number: u64) -> Result<Page, ListError> {
        let url = self.address.endpoint(&self.address.dialect().list_page(self.tags, number));
        self.list(&url, Listing::Html).await
    }

    /// A page of changed posts, in the order of their changes, of those that `tags` find.
    ///
    /// # Errors
    /// When the site gives no such page.
    pub(super) async fn changes(&self, tags: &str, range: ChangeRange) -> Result<Page, ListError> {
        let endpoint = self.address.dialect().changes(tags, range);
        let endpoint = endpoint.ok_or(ListError::NoChanges { site: self.address.site().name })?;
        let url = self.address.endpoint(&endpoint);
        let mut page = self.ask(&url, Listing::Json).await?;
        // An entry without its number of a change cannot be followed, and is as odd here as one without an id.
        let odd = page.posts.extract_if(.., |post| post.change.is_none());
        page.odd.extend(odd.map(|post| format!("post {} without a change", post.number)));
        let nothing_else = page.posts.is_empty() && !page.odd.is_empty();
        let rising = !nothing_else && page.posts.is_sorted_by(|a, b| a.change < b.change);
        if rising { Ok(page) } else { Err(ListError::ChangesDisordered { url: url.into() }) }
    }

    /// Asks for a page whose being empty would end the walk for good: it has to be so twice.
    async fn list(&self, url: &Url, listing: Listing) -> Result<Page, ListError> {
        let page = self.ask(url, listing).await?;
        if page.posts.is_empty() { self.ask(url, listing).await } else { Ok(page) }
    }

    async fn ask(&self, url: &Url, listing: Listing) -> Result<Page, ListError> {
        let read: Read = match listing {
            Listing::Json => |dialect, text, base| dialect.read_api(text, base),
            Listing::Html => |dialect, text, base| dialect.read_list_page(text, base),
        };
        let mut attempt = 1;
        loop {
            let text = match self.fetcher.text(url).await {
                Ok(text) => text,
                Err(error) => return Err(self.explained(error, listing).await),
            };
            match read(self.address.dialect(), &text, self.address.base()) {
                Ok(page) => return Ok(page),
                Err(problem) if problem.is_final() || attempt == self.fetcher.retry().tries => {
                    return Err(ListError::NotAList { url: url.to_string(), problem });
                }
                Err(problem) => tracing::debug!(%url, %problem, attempt, "asking again"),
            }
            self.fetcher.backoff(attempt).await;
            attempt += 1;
        }
    }

    /// An error of asking for a listing. Where robots.txt refuses it, the other listing may be allowed.
    async fn explained(&self, error: FetchError, listing: Listing) -> ListError {
        let Fault::Refused(rule) = &error.fault else { return error.into() };
        let dialect = self.address.dialect();
        let (other, way_out): (Endpoint, _) = match listing {
            Listing::Json => (dialect.list_page("", 1), "; set crawl.listing = \"html\", which it allows"),
            Listing::Html => {
                (dialect.api("", Direction::Down(None)), "; set crawl.listing = \"json\", which it allows")
            }
        };
        let allowed = matches!(self.fetcher.refusal(&self.address.endpoint(&other)).await, Ok(None));
        let advice = if allowed { way_out } else { ", and the other one too: ask its owner, or crawl another site" };
        ListError::Refused { url: error.url, rule: rule.clone(), advice }
    }
}
