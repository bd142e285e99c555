//! Following what a site changes of the posts that it has listed already.

use std::collections::HashSet;

use super::{ListError, client::ListingClient};
use crate::{
    dialect::ChangeRange,
    ledger::{ChangeCounts, Ledger, SearchState},
};

/// Takes over every change since the search began or was last brought up to date, a page at a time. Two questions a
/// page where the search has words of its own: what was changed, and which of that it still finds.
///
/// # Errors
/// When the site cannot be asked, or the ledger not be written.
pub(super) async fn follow(
    client: &ListingClient<'_>,
    search: &mut SearchState,
    ledger: &mut Ledger,
) -> Result<ChangeCounts, ListError> {
    let mut counts = ChangeCounts::default();
    if !ledger.has_members(search)? {
        return Ok(counts);
    }
    loop {
        let after = search.coverage.changes.unwrap_or_default();
        let page = client.changes("", ChangeRange { after, up_to: None }).await?;
        ledger.note_odd_entries(search, &page.odd)?;
        let page = page.posts;
        let Some(last) = page.last().and_then(|post| post.change) else { return Ok(counts) };
        let found = match client.tags.trim() {
            "" => page.clone(),
            tags => client.changes(tags, ChangeRange { after, up_to: Some(last) }).await?.posts,
        };
        let found: HashSet<u64> = found.iter().map(|post| post.number).collect();
        counts += ledger.commit_changes(search, &page, &found, last)?;
    }
}
