//! Posts of which list pages do not say where their larger renderings are: their own pages do, at a request a post.

use std::collections::VecDeque;

use contracts::config::Variant;
use tokio::task::JoinSet;

use super::{attempt_error::AttemptError, download::JobResult, run::Run};
use crate::{
    address::Address,
    dialect::Dialect,
    error::{Cause, CrawlError},
    fetch::Fetcher,
    ledger::SearchState,
    post::{Detail, Post, Rendering, Status},
    reason::Absence,
};

/// Whether a post's own page has to be asked before its picture can be.
pub(crate) fn needs_post_page(post: &Post, variant: Variant, dialect: &dyn Dialect) -> bool {
    dialect.has_details_on_post_pages()
        && post.detail == Detail::Markup
        && post.status == Status::Active
        && post.rendering(variant).url.is_none()
}

impl Run<'_, '_> {
    /// Asks the pages of those posts that need it, several at a time, and writes down what each says as soon as it comes.
    ///
    /// # Errors
    /// When the ledger cannot be used, or the site wants to be left alone.
    pub(super) async fn complete(&mut self, search: &SearchState, due: &[u64]) -> Result<(), CrawlError> {
        let mut waiting = VecDeque::new();
        for number in due {
            let post = self.context.ledger.post(search, *number)?;
            let (variant, dialect) = (self.context.selection.variant, self.context.address.dialect());
            waiting.extend(post.filter(|post| needs_post_page(post, variant, dialect)));
        }
        let mut running = JoinSet::new();
        loop {
            while running.len() < self.context.config().max_connections
                && let Some(post) = waiting.pop_front()
            {
                let (fetcher, address) = (self.downloader.fetcher.clone(), self.context.address.clone());
                running.spawn(async move { (post.number, completed(&fetcher, &address, post).await) });
            }
            let Some(joined) = running.join_next().await else { return Ok(()) };
            let (number, completed) = joined.map_err(|panic| Cause::Panic(panic.to_string()))?;
            match completed? {
                Ok(post) => self.context.ledger.complete_post(search, &post)?,
                Err(result) => {
                    self.write_down(search, number, &result)?;
                }
            }
        }
    }
}

/// A post with what its own page says of it, or why that is not known.
async fn completed(fetcher: &Fetcher, address: &Address, post: Post) -> Result<Result<Post, JobResult>, CrawlError> {
    let url = address.endpoint(&address.dialect().post_page(post.number));
    let error = match fetcher.text(&url).await {
        Ok(text) => match address.dialect().read_post_page(&text, address.base()) {
            Ok(page) if page.number == post.number => return Ok(Ok(merged(post, page))),
            Ok(_) => AttemptError::NoDetails,
            Err(problem) => {
                tracing::debug!(%url, %problem, "no details");
                AttemptError::NoDetails
            }
        },
        Err(error) if error.fault.is_fatal() => return Err(error.into()),
        Err(error) => AttemptError::Fetch(error),
    };
    Ok(Err(match error.reason() {
        Absence::Filtered(reason) => JobResult::filtered(reason),
        Absence::Failed(reason) => JobResult::failed(&error, reason, 1),
    }))
}

/// The page does not show the smallest preview, of which the list has the address.
fn merged(listed: Post, page: Post) -> Post {
    let has_preview = page.preview.url.is_some();
    let preview: Rendering = if has_preview { page.preview } else { listed.preview };
    Post { preview, ..page }
}
