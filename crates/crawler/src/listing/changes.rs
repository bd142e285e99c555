//! Following what a site changes of the posts that it has listed already.

use std::collections::HashSet;

use super::{Page, json, walk::Walk};
use crate::{
    error::{Cause, CrawlError},
    ledger::{Changed, Ledger},
    site::Flavour,
};

impl Walk<'_> {
    /// Takes over every change since the search began or was last brought up to date, a page at a time. Two questions
    /// a page where the search has words of its own: what was changed, and which of that it still finds.
    pub(crate) async fn follow_changes(&mut self, ledger: &mut Ledger) -> Result<Changed, CrawlError> {
        let mut changed = Changed::default();
        if !ledger.has_members(&self.search)? {
            return Ok(changed);
        }
        loop {
            let since = self.search.reach.changes.unwrap_or_default();
            let page = self.changed("", &format!("change:>{since}")).await?;
            let Some(last) = page.last().and_then(|post| post.change) else { return Ok(changed) };
            let found: HashSet<u64> = match self.tags.trim() {
                "" => page.iter().map(|post| post.number).collect(),
                tags => {
                    let range = format!("change:{}..{last}", since + 1);
                    self.changed(tags, &range).await?.iter().map(|post| post.number).collect()
                }
            };
            changed += ledger.commit_changes(&mut self.search, &page, &found, last)?;
        }
    }

    async fn changed(&self, tags: &str, range: &str) -> Result<Page, CrawlError> {
        let flavour = self.address.site().flavour;
        let mut url = self.address.endpoint(flavour.json_path());
        let tags = format!("{tags} {range} order:change deleted:all");
        url.query_pairs_mut().append_pair("limit", &flavour.page_size().to_string()).append_pair("tags", tags.trim());
        let page = self.ask(&url, json::parse).await?;
        let rising = page.is_sorted_by(|a, b| a.change < b.change) && page.iter().all(|post| post.change.is_some());
        match rising {
            true => Ok(page),
            false => Err(Cause::ChangesDisordered { url: url.into() }.into()),
        }
    }
}

impl Flavour {
    /// Whether the API tells what was changed since a moment that one names.
    pub(crate) fn tells_changes(self) -> bool {
        match self {
            Self::Moebooru => true,
            Self::Danbooru => false,
        }
    }
}
