//! Pictures that the user has already: a folder of theirs in the place of a site, through the same ledger, the same choice
//! and the same manifest.

#[cfg(test)]
mod fuzz_targets;
mod import;
mod listing;
mod sidecar;
mod source;
mod tar;

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use contracts::{Report, report::State};
use tokio::task::JoinSet;

use crate::{
    context::{CrawlContext, until_interrupted},
    crawl::{self, Done},
    error::{Cause, CrawlError},
    event::Event,
    ledger::{BatchLimits, PictureOutcome, SearchState},
};
use import::Importer;
use source::Place;

/// How many pictures are planned together.
const MAX_DUE: usize = 512;

/// Takes over what lies in the folder until the pictures that are wanted lie in the data folder, or the user wants it to stop.
///
/// # Errors
/// When the folder cannot be read, the disk cannot be written, or nothing comes of it; what is finished is kept.
pub(crate) fn take(context: &mut CrawlContext<'_>) -> Result<Report, CrawlError> {
    context.store.prepare()?;
    let mut search = context.renewed_search()?;
    context.events.emit(&Event::begun(context.config(), &context.address.identity()));
    let listed = listing::list(context, &mut search)?;
    context.forget_lost(&search)?;
    let mut done = Done::default();
    let interrupt = context.stage.interrupt;
    let ended = until_interrupted(interrupt, import(context, &search, &listed.places, &mut done))?;
    context.store.settle()?;
    let tally = context.tally(&search)?;
    let mut report = crawl::report(context, &tally, &done);
    report.warnings.extend(listed.warnings);
    match ended {
        None => report.state = State::Interrupted,
        Some(()) => {
            context.store.clear_partial()?;
            tally.demand_something(context.config())?;
            report.output = Some(crawl::publish(context, &search, &tally)?);
        }
    }
    context.events.emit(&crawl::ended_event(&report, &done));
    Ok(report)
}

/// What taking the folder over would do, as a table; nothing is copied.
///
/// # Errors
/// When the folder cannot be read.
pub(crate) fn plan(context: &mut CrawlContext<'_>) -> Result<String, CrawlError> {
    let mut search = context.renewed_search()?;
    let listed = listing::list(context, &mut search)?;
    context.forget_lost(&search)?;
    let (mut due, mut kept, mut bytes, mut before) = (0, 0, 0, None);
    while let Some(batch) = next(context, &search, before, kept + due)? {
        due += batch.due.len() as u64;
        bytes += batch.due.iter().filter_map(|number| listed.places.get(number)).map(|place| place.length).sum::<u64>();
        (kept, before) = (kept + batch.kept, batch.last);
    }
    let (listed, megabytes) = (listed.places.len(), bytes as f64 / 1e6);
    Ok(format!(
        "{listed:>9}  pictures listed\n{kept:>9}  here already\n{due:>9}  to copy\n{megabytes:>9.1}  MB to copy\n"
    ))
}

/// The next pictures, the highest number first; `None` where there are enough, or no more.
fn next(
    context: &CrawlContext<'_>,
    search: &SearchState,
    before: Option<u64>,
    have: u64,
) -> Result<Option<crate::ledger::Batch>, CrawlError> {
    let max_pictures = context.selection.max_pictures.saturating_sub(have);
    if max_pictures == 0 {
        return Ok(None);
    }
    let limits = BatchLimits { before, max_pictures, max_due: MAX_DUE };
    let batch = context.ledger.next_batch(search, &context.selection, limits, |_| false)?;
    Ok(Some(batch).filter(|batch| batch.last.is_some()))
}

/// Copies and checks what is due, a picture a core at a time, each written down as soon as it is done.
async fn import(
    context: &mut CrawlContext<'_>,
    search: &SearchState,
    places: &HashMap<u64, Place>,
    done: &mut Done,
) -> Result<(), CrawlError> {
    let importer = Arc::new(Importer::new(context));
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    context.progress().begin("taking pictures over", 0);
    let (mut have, mut before) = (0, None);
    while let Some(batch) = next(context, search, before, have)? {
        (have, before) = (have + batch.kept, batch.last);
        let mut jobs = VecDeque::new();
        for number in batch.due {
            let post = context.ledger.post(search, number)?;
            jobs.extend(post.zip(places.get(&number).cloned()));
        }
        let mut running = JoinSet::new();
        loop {
            while running.len() < cores
                && let Some((post, place)) = jobs.pop_front()
            {
                let importer = importer.clone();
                running.spawn_blocking(move || (post.number, importer.import(&post, &place)));
            }
            let Some(joined) = running.join_next().await else { break };
            let (number, outcome) = joined.map_err(|panic| Cause::Panic(panic.to_string()))?;
            have += u64::from(write_down(context, search, number, &outcome?, done)?);
        }
    }
    Ok(())
}

/// Notes what became of a picture; whether it is kept.
fn write_down(
    context: &mut CrawlContext<'_>,
    search: &SearchState,
    number: u64,
    outcome: &PictureOutcome,
    done: &mut Done,
) -> Result<bool, CrawlError> {
    context.ledger.record(search, number, context.selection.variant, outcome)?;
    let post = context.post_id(number);
    match outcome {
        PictureOutcome::Ok(stored) => {
            done.pictures += 1;
            done.bytes += stored.bytes;
            context.events.emit(&Event::picture(post, stored, &crate::tally::stored_file(stored)));
            context.progress().advance(1);
        }
        PictureOutcome::Filtered(reason) => context.events.emit(&Event::filtered(post, reason)),
        PictureOutcome::Failed { reason, attempts, .. } => {
            context.events.emit(&Event::failed(post, reason, *attempts));
        }
    }
    Ok(matches!(outcome, PictureOutcome::Ok(_)))
}
