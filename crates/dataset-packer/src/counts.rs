//! The report's counts: what was taken, what became of it, what somebody should read.

use contracts::{Layout, Report, StageId};
use dataset::SplitName;

use crate::{assembly::SelectedShard, error::PackError, left_out::LeftOut, reason::DropReason, source::Inventory};

/// Counts what the sources hold, and tells what somebody should read of it.
pub(crate) fn inventory(inventory: &Inventory, report: &mut Report) {
    report.taken = (inventory.items.len() + inventory.left_out.len()) as u64;
    match inventory.deleted.len() {
        0 => {}
        1 => report.warnings.push("1 face was deleted by hand: it is kept out from now on".into()),
        more => report.warnings.push(format!("{more} faces were deleted by hand: they are kept out from now on")),
    }
    report.warnings.extend(inventory.warnings.iter().cloned());
}

/// Tells of faces that are not what the crop stage cut, what cuts them again, and how those are packed that the user has retouched:
/// a hash cannot tell an edit from damage, so that an edit has to be said to be one.
pub(crate) fn altered(left_out: &[LeftOut], layout: &Layout, report: &mut Report) {
    let list = layout.left_out(StageId::Pack);
    let helps = format!(
        "{} names what is left out. If they are damaged, remove such faces' folders and run `cargo xtask crop`; if you have \
             retouched them, move them to a folder of your own, and name it in pack.sources",
        list.display()
    );
    match left_out.iter().filter(|left_out| left_out.reason == DropReason::Altered).count() {
        0 => {}
        1 => report.warnings.push(format!("1 face is not as it was cut: {helps}")),
        more => report.warnings.push(format!("{more} faces are not as they were cut: {helps}")),
    }
}

/// Counts the rows, and refuses a dataset that has none to train on.
pub(crate) fn rows(selected: &[SelectedShard<'_>], side: u32, report: &mut Report) -> Result<(), PackError> {
    let all = || selected.iter().flat_map(|shard| &shard.rows);
    let rows = |split| all().filter(|row| row.split == split).count();
    let (train, holdout) = (rows(SplitName::Train), rows(SplitName::Holdout));
    let upscaled = all().filter(|row| row.prepared.upscaled).count();
    if train == 0 {
        return Err(PackError::NoRows { taken: report.taken, breakdown: breakdown(report, holdout) });
    }
    report.kept = (train + holdout) as u64;
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
fn breakdown(report: &Report, holdout: usize) -> String {
    let mut parts: Vec<String> =
        report.dropped.iter().map(|dropped| format!("{} {}", dropped.count, dropped.reason)).collect();
    if holdout > 0 {
        parts.push(format!("{holdout} held out"));
    }
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}
