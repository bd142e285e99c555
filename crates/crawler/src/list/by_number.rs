//! Walking by post number: nothing that happens on the site meanwhile can make a page skip or repeat.

use super::{Found, ListError, NewPosts, client::ListingClient};
use crate::{
    dialect::Direction,
    ledger::{Contiguity, Coverage, Ledger, SearchState},
};

/// Lists all that is newer than the highest post covered.
///
/// # Errors
/// When the site cannot be listed, or the ledger not be written.
pub(super) async fn list_newer(
    client: &ListingClient<'_>,
    search: &mut SearchState,
    ledger: &mut Ledger,
) -> Result<Found, ListError> {
    let mut found: Option<NewPosts> = None;
    loop {
        let coverage = search.coverage;
        let page = client.beyond(Direction::Up(coverage.highest.unwrap_or_default())).await?;
        let Some(last) = page.posts.last() else { return Ok(found.map_or(Found::Nothing, Found::Posts)) };
        let coverage = Coverage { highest: Some(last.number), ..coverage };
        ledger.note_odd_entries(search, &page.odd)?;
        let added = ledger.commit_page(search, &page.posts, coverage, Contiguity::Settled)?;
        *found.get_or_insert_default() += NewPosts::of(added);
    }
}

/// Lists the page below the lowest post covered.
///
/// # Errors
/// When the site cannot be listed, or the ledger not be written.
pub(super) async fn next_page(
    client: &ListingClient<'_>,
    search: &mut SearchState,
    ledger: &mut Ledger,
) -> Result<Found, ListError> {
    let coverage = search.coverage;
    let page = client.beyond(Direction::Down(coverage.lowest)).await?;
    let (Some(first), Some(last)) = (page.posts.first(), page.posts.last()) else {
        ledger.commit_page(search, &[], Coverage { exhausted: true, ..coverage }, Contiguity::Settled)?;
        return Ok(Found::Nothing);
    };
    let highest = coverage.highest.or(Some(first.number));
    // Whatever is changed from here on gets a higher number than any post on the first page has.
    let changes = coverage.changes.or_else(|| page.posts.iter().filter_map(|post| post.change).max());
    let coverage = Coverage { lowest: Some(last.number), highest, changes, ..coverage };
    ledger.note_odd_entries(search, &page.odd)?;
    let added = ledger.commit_page(search, &page.posts, coverage, Contiguity::Settled)?;
    Ok(Found::Posts(NewPosts::of(added)))
}
