//! The audit: that every post has a state, that the states add up, and that what is said to lie on disk does.

use std::{fmt::Write as _, ops::ControlFlow};

use contracts::{manifest::Records, record::PictureRecord};

use crate::{
    context::CrawlContext,
    error::{Cause, CrawlError},
    ledger::SearchState,
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
    let kept = tally.kept;
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
    problems.extend(differences(context, &search, &tally)?);
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

/// What lies on disk otherwise than the ledger has it: pictures, and the manifest.
fn differences(context: &CrawlContext<'_>, search: &SearchState, tally: &Tally) -> Result<Vec<String>, CrawlError> {
    let path = context.layout().raw_manifest();
    let mut published = path.exists().then(|| Records::<PictureRecord>::open(&path)).transpose()?;
    let (mut missing, mut is_stale, mut unreadable) = (0, false, None);
    context.for_each_record(search, tally, |record| {
        missing += u64::from(!context.store.has(&record.file, record.bytes));
        match published.as_mut().and_then(Iterator::next) {
            Some(Ok(published)) => is_stale |= published != record,
            Some(Err(error)) => {
                unreadable = Some(error);
                return ControlFlow::Break(());
            }
            None => is_stale = true,
        }
        ControlFlow::Continue(())
    })?;
    if let Some(error) = unreadable {
        return Err(error.into());
    }
    let mut found = Vec::new();
    if missing > 0 {
        found.push(format!("{missing} pictures said to be ok do not lie whole on disk"));
    }
    let has_more = published.as_mut().and_then(Iterator::next).transpose()?.is_some();
    if published.is_none() && tally.kept > 0 {
        found.push("there is no manifest yet".into());
    } else if published.is_some() && (is_stale || has_more) {
        found.push("the manifest is of another state".into());
    }
    Ok(found)
}
