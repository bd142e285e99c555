//! The plan: what a crawl would take, found by listing what it would list and fetching no picture.

mod estimate;

use estimate::CrawlEstimate;

use crate::{
    context::{CrawlContext, until_interrupted},
    crawl::{Job, needs_post_page},
    error::{Cause, CrawlError},
    fetch::Fetcher,
    ledger::SearchState,
    list::{Batches, Step, Walk},
};

/// Lists what is new, and tells as a table what a crawl would fetch.
///
/// # Errors
/// When the site cannot be listed, or the user does not want to wait; what was listed is in the ledger.
pub(crate) fn plan(context: &mut CrawlContext<'_>) -> Result<String, CrawlError> {
    let (interrupt, config) = (context.stage.interrupt, context.config());
    let search = context.renewed_search()?;
    let fetcher = context.fetcher(&search)?;
    let estimate = until_interrupted(interrupt, survey(context, &fetcher, search))?;
    Ok(estimate.ok_or(Cause::Interrupted)?.table(config))
}

/// Goes through the posts as a crawl does, and counts what that would fetch.
async fn survey(
    context: &mut CrawlContext<'_>,
    fetcher: &Fetcher,
    search: SearchState,
) -> Result<CrawlEstimate, CrawlError> {
    context.progress().begin("listing", 0);
    context.forget_lost(&search)?;
    let address = context.address.clone();
    let mut walk = Walk::new(fetcher, &address, context.config(), search);
    walk.list_newer(&mut context.ledger).await?;
    let (mut estimate, mut batches) = (CrawlEstimate::default(), Batches::new(&context.selection));
    loop {
        match batches.next(&mut walk, &mut context.ledger, &context.selection, |_| false).await? {
            Step::Batch(batch) => {
                estimate.kept += batch.kept;
                batches.count(add(context, &mut estimate, &walk.search, &batch.due)?);
            }
            Step::Listed(_) => {}
            Step::Restarted(_) => estimate = CrawlEstimate::default(),
            Step::End => break,
        }
    }
    let listed = context.ledger.count_members(&walk.search)?;
    Ok(CrawlEstimate { listed, requests: fetcher.requests(), ..estimate })
}

/// Adds posts to an estimate. Gives how many pictures they would bring.
fn add(
    context: &CrawlContext<'_>,
    estimate: &mut CrawlEstimate,
    search: &SearchState,
    due: &[u64],
) -> Result<u64, CrawlError> {
    let mut pictures = 0;
    for number in due {
        let Some(post) = context.ledger.post(search, *number)? else { continue };
        if needs_post_page(&post, context.selection.variant, context.address.dialect()) {
            estimate.add_with_page();
            pictures += 1;
        } else if let Ok(job) = Job::of(&post, context.post_id(*number), context.selection.variant, &context.address) {
            estimate.add(job.claim.bytes);
            pictures += 1;
        }
    }
    Ok(pictures)
}
