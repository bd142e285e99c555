//! The audit: that every post has a state, that the states add up, and that what is said to lie on disk does.

use std::fmt::Write as _;

use contracts::{manifest, record::PictureRecord};

use crate::{
    context::CrawlContext,
    error::{Cause, CrawlError},
    tally::Tally,
};

/// The states of the search's posts as a table.
///
/// # Errors
/// When something does not add up; the table is then part of the message.
pub(crate) fn audit(context: &mut CrawlContext<'_>) -> Result<String, CrawlError> {
    let search = context.search()?;
    let tally = context.tally(&search)?;
    let dropped = tally.dropped();
    let kept = tally.records.len() as u64;
    let states = kept + dropped.iter().map(|dropped| dropped.count).sum::<u64>();
    let listed = context.ledger.count_members(&search)? + context.ledger.odd_entries(&search)?.0;
    let mut lines = vec![(kept, "ok")];
    lines.extend(dropped.iter().map(|dropped| (dropped.count, dropped.reason.as_str())));
    lines.extend([(states, "states"), (listed, "posts listed")]);
    let mut table = table(&lines);
    let mut problems = Vec::new();
    if states != listed {
        problems.push(format!("{states} states for {listed} posts"));
    }
    problems.extend(missing_files(context, &tally));
    problems.extend(stale_manifest(context, &tally)?);
    if problems.is_empty() {
        table.push_str("all adds up\n");
        return Ok(table);
    }
    Err(Cause::Audit { table, problems: problems.join("; ") }.into())
}

fn table(lines: &[(u64, &str)]) -> String {
    let mut table = String::new();
    for (count, what) in lines {
        let _ = writeln!(table, "{count:>9}  {what}");
    }
    table
}

fn missing_files(context: &CrawlContext<'_>, tally: &Tally) -> Option<String> {
    let missing = tally.records.iter().filter(|record| !context.store.has(&record.file, record.bytes)).count();
    (missing > 0).then(|| format!("{missing} pictures said to be ok do not lie whole on disk"))
}

fn stale_manifest(context: &CrawlContext<'_>, tally: &Tally) -> Result<Option<String>, CrawlError> {
    let path = context.layout().raw_manifest();
    if !path.exists() {
        return Ok((!tally.records.is_empty()).then(|| "there is no manifest yet".into()));
    }
    let published = manifest::read::<PictureRecord>(&path)?.records;
    let mut expected = tally.records.clone();
    expected.sort_by(|a, b| a.post.cmp(&b.post));
    Ok((published != expected).then(|| "the manifest is of another state".into()))
}
