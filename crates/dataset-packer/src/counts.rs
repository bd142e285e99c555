//! The report's counts: what was taken, what became of it, what somebody should read.

use contracts::{Layout, Report, StageId, report::Reason as _};

use crate::{decisions::RowCounts, error::PackError, reason::DropReason, source::Listing};

/// Counts what the sources hold, and tells what somebody should read of it.
pub(crate) fn listing(listing: &Listing, report: &mut Report) {
    if let Some(labels) = &listing.labels {
        labels.tell(report);
    }
    report.taken = listing.items.len() + listing.left_out.len();
    match listing.deleted.len() {
        0 => {}
        1 => report.warnings.push("1 face was deleted by hand: it is kept out from now on".into()),
        more => report.warnings.push(format!("{more} faces were deleted by hand: they are kept out from now on")),
    }
    report.warnings.extend(listing.warnings.iter().cloned());
}

/// Tells of faces that are not what the crop stage cut, what cuts them again, and how those are packed that the user has retouched:
/// a hash cannot tell an edit from damage, so that an edit has to be said to be one.
pub(crate) fn altered(layout: &Layout, report: &mut Report) {
    let list = layout.left_out(StageId::Pack);
    let helps = format!(
        "{} names what is left out. If they are damaged, remove such faces' folders and run `cargo xtask crop`; if you have \
             retouched them, move them to a folder of your own, and name it in pack.sources",
        list.display()
    );
    match report.dropped_as(DropReason::Altered.tag()) {
        0 => {}
        1 => report.warnings.push(format!("1 face is not as it was cut: {helps}")),
        more => report.warnings.push(format!("{more} faces are not as they were cut: {helps}")),
    }
}

/// Counts the rows, and refuses a dataset that has none to train on.
pub(crate) fn rows(counts: RowCounts, side: u32, report: &mut Report) -> Result<(), PackError> {
    let RowCounts { train, holdout, upscaled } = counts;
    if train == 0 {
        return Err(PackError::NoRows { taken: report.taken, breakdown: breakdown(report, holdout) });
    }
    report.kept = train + holdout;
    if upscaled > 0 {
        report.warnings.push(format!(
            "{upscaled} of {} images are smaller than {side} pixels and were enlarged; a lower pack.resolution or a \
             pack.min_size avoids it",
            report.kept
        ));
    }
    let figures = [("train_rows", train), ("holdout_rows", holdout), ("upscaled_rows", upscaled)];
    report.figures.extend(figures.map(|(name, count)| (name.to_owned(), count as f64)));
    Ok(())
}

/// What became of everything, in parentheses; nothing when nothing was there.
fn breakdown(report: &Report, holdout: u64) -> String {
    let mut parts: Vec<String> =
        report.dropped.iter().map(|dropped| format!("{} {}", dropped.count, dropped.reason)).collect();
    if holdout > 0 {
        parts.push(format!("{holdout} held out"));
    }
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}
