//! The crawl: lists what is new, fetches what is wanted, and publishes what lies on disk.

mod attempt_error;
mod details;
mod download;
mod job;
mod progress;
mod resumption;
mod run;

use std::ops::ControlFlow;

use contracts::{
    ContentHash, Report, StageId,
    manifest::{self, Header},
    publish::FileError,
    record::PictureRecord,
    report::State,
};
pub(crate) use details::needs_post_page;
pub(crate) use job::Job;
use run::Run;
pub(crate) use run::{Done, SyncMode};

use crate::{
    context::{CrawlContext, until_interrupted},
    error::CrawlError,
    event::Event,
    ledger::SearchState,
    tally::Tally,
};

/// Crawls until the newest posts that are wanted lie on disk, or have failed, or the user wants it to stop.
///
/// # Errors
/// When the site cannot be listed, the disk cannot be written, or nothing comes of it; what is finished is kept.
pub(crate) fn crawl(context: &mut CrawlContext<'_>, sync: SyncMode) -> Result<Report, CrawlError> {
    context.store.prepare()?;
    let search = context.renewed_search()?;
    let fetcher = context.fetcher(&search)?;
    context.events.emit(&Event::begun(context.config(), &context.address.identity()));
    let (interrupt, mut run) = (context.stage.interrupt, Run::new(context, fetcher));
    let ended = until_interrupted(interrupt, run.crawl(search, sync))?;
    let done = run.done();
    context.store.settle()?;
    let search = context.search()?;
    let tally = context.tally(&search)?;
    let mut report = report(context, &tally, &done);
    match ended {
        None => report.state = State::Interrupted,
        Some(()) => {
            context.store.clear_partial()?;
            tally.demand_something(context.config())?;
            report.output = Some(publish(context, &search, &tally)?);
        }
    }
    context.events.emit(&ended_event(&report, &done));
    Ok(report)
}

/// What a run reports.
pub(crate) fn report(context: &CrawlContext<'_>, tally: &Tally, done: &Done) -> Report {
    let mut report = Report::new(StageId::Crawl);
    report.taken = tally.listed;
    report.kept = tally.kept;
    report.dropped = tally.dropped();
    report.failed = tally.failed;
    report.bytes = done.bytes;
    let figures =
        [("pictures_fetched", done.pictures), ("posts_changed", done.posts_changed), ("requests", done.requests)];
    report.figures.extend(figures.map(|(name, count)| (name.to_owned(), count as f64)));
    if tally.given_up > 0 {
        let given_up = tally.given_up;
        report.warnings.push(format!(
            "{given_up} pictures were tried often enough and are not asked for again; what came instead of some lies in data/raw/quarantine"
        ));
    }
    if let Some(entry) = &tally.odd_entry {
        report.warnings.push(format!("entries of the listing without a post id were passed over, such as {entry}"));
    }
    let caution = context.address.dialect().rating_caution(&context.config().ratings);
    report.warnings.extend(caution.map(str::to_owned));
    report
}

/// The same for programs.
pub(crate) fn ended_event<'a>(report: &'a Report, done: &Done) -> Event<'a> {
    Event::Ended {
        state: report.state,
        listed: report.taken,
        kept: report.kept,
        dropped: &report.dropped,
        pictures: done.pictures,
        bytes: done.bytes,
        requests: done.requests,
    }
}

/// Writes the manifest.
///
/// # Errors
/// When the ledger cannot be read, or the disk cannot be written.
pub(crate) fn publish(
    context: &CrawlContext<'_>,
    search: &SearchState,
    tally: &Tally,
) -> Result<ContentHash, CrawlError> {
    let config = context.stage.config;
    let keys = config.output_keys(StageId::Crawl);
    let header = Header::new::<PictureRecord>(env!("CARGO_PKG_VERSION"), None, keys, config.seed());
    let path = context.layout().raw_manifest();
    manifest::write_in_order(&path, &header, |write| {
        let mut written = Ok(());
        context.for_each_record(search, tally, |record| {
            written = write(&record);
            if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok(written.map_err(FileError::at("write", &path))?)
    })
}
