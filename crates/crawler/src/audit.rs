//! The audit: that every post has a state, that the states add up, and that what is said to lie on disk does.

use std::fmt::Write as _;

use contracts::{Context, manifest, record::PictureRecord};

use crate::{
    error::{Cause, CrawlError},
    ledger::{Ledger, Search},
    shelf::Shelf,
    tally::Tally,
};

/// The states of a search's posts as a table.
///
/// # Errors
/// When something does not add up; the table is then part of the message.
pub(crate) fn audit(
    context: &Context<'_>,
    ledger: &Ledger,
    search: &Search,
    tally: &Tally,
) -> Result<String, CrawlError> {
    let mut table = String::new();
    let mut line = |count: u64, what: &str| {
        let _ = writeln!(table, "{count:>9}  {what}");
    };
    let kept = tally.records.len() as u64;
    line(kept, "ok");
    tally.dropped.iter().for_each(|(reason, count)| line(*count, reason));
    let states = kept + tally.dropped.values().sum::<u64>();
    line(states, "states");
    let listed = ledger.count_members(search)?;
    line(listed, "posts listed");
    let mut problems = Vec::new();
    if states != listed {
        problems.push(format!("{states} states for {listed} posts"));
    }
    problems.extend(missing_files(context, tally));
    problems.extend(stale_manifest(context, tally)?);
    if problems.is_empty() {
        table.push_str("all adds up\n");
        return Ok(table);
    }
    Err(Cause::Audit { table, problems: problems.join("; ") }.into())
}

fn missing_files(context: &Context<'_>, tally: &Tally) -> Option<String> {
    let shelf = Shelf::new(context.layout);
    let missing = tally.records.iter().filter(|record| !shelf.has(&record.file, record.bytes)).count();
    (missing > 0).then(|| format!("{missing} pictures said to be ok do not lie whole on disk"))
}

fn stale_manifest(context: &Context<'_>, tally: &Tally) -> Result<Option<String>, CrawlError> {
    let path = context.layout.raw_manifest();
    if !path.exists() {
        return Ok((!tally.records.is_empty()).then(|| "there is no manifest yet".into()));
    }
    let published = manifest::read::<PictureRecord>(&path)?.records;
    let mut expected = tally.records.clone();
    expected.sort_by(|a, b| a.post.cmp(&b.post));
    Ok((published != expected).then(|| "the manifest is of another state".into()))
}
