//! The pack stage: faces or pictures in, a dataset out.

use std::path::Path;

use contracts::{Config, Context, Report, Stage, StageId, exclusion, options::PackOptions, publish, report::State};
use dataset::{ImageShape, SplitName};

use crate::{
    assembly::{Selected, assemble},
    error::PackError,
    holdout::Group,
    prepare::{Prepared, prepare},
    reason::Reason,
    select::{Candidate, Policy, select},
    source::{self, Listing},
    spill::Spill,
};

/// The pack stage.
pub struct Pack;

impl Stage for Pack {
    const ID: StageId = StageId::Pack;
    type Error = PackError;
    type Options = PackOptions;

    fn problems(config: &Config) -> Vec<String> {
        source::problems(&config.pack.sources)
    }

    fn run(context: &Context<'_>, _options: &PackOptions) -> Result<Report, PackError> {
        let mut report = Report::new(StageId::Pack);
        let listing = source::list(&context.config.pack.sources, context.layout)?;
        account_for_listing(&listing, &mut report);
        let published =
            publish::publish_folder(&context.layout.dataset(), |folder| fill(folder, &listing, context, &mut report));
        match published {
            Err(PackError::Interrupted) => report.state = State::Interrupted,
            other => other?,
        }
        if report.state == State::Complete {
            exclusion::remember(context.layout, listing.deleted)?;
        }
        Ok(report)
    }
}

/// Makes the dataset in a folder that becomes `data/dataset` when this succeeds.
fn fill(folder: &Path, listing: &Listing, context: &Context<'_>, report: &mut Report) -> Result<(), PackError> {
    let pack = &context.config.pack;
    let mut spill = Spill::create(folder, ImageShape::new(pack.resolution).values())?;
    let prepared = prepare(&listing.items, &mut spill, context, |item, reason| {
        tracing::debug!(item = item.name, %reason, "left out");
        report.drop_one(&reason.to_string());
    })?;

    let policy = Policy { dedupe_distance: pack.dedupe_distance, holdout: pack.holdout };
    let fates = select(&candidates(listing, &prepared), policy);
    let mut selected = Vec::new();
    for (place, (prepared, fate)) in prepared.iter().zip(fates).enumerate() {
        match fate {
            Ok(split) => selected.push(Selected { place, split, item: &listing.items[prepared.item], prepared }),
            Err(reason) => report.drop_one(&reason.to_string()),
        }
    }
    account_for_rows(&selected, pack.resolution, report)?;

    let written = assemble(folder, &selected, &mut spill.into_reader()?, context)?;
    report.bytes = written.bytes;
    report.output = Some(written.hash);
    Ok(())
}

fn candidates(listing: &Listing, prepared: &[Prepared]) -> Vec<Candidate> {
    let candidate = |prepared: &Prepared| {
        let post = listing.items[prepared.item].face.as_ref().map(|face| &face.post);
        Candidate {
            group: Group::of(post, &prepared.picture),
            content: prepared.content,
            dhash: prepared.dhash,
            size: prepared.size,
        }
    };
    prepared.iter().map(candidate).collect()
}

fn account_for_listing(listing: &Listing, report: &mut Report) {
    let deleted = listing.deleted.len() as u64;
    report.taken = listing.items.len() as u64 + listing.excluded + deleted;
    for (reason, count) in [(Reason::Excluded, listing.excluded), (Reason::DeletedByHand, deleted)] {
        if count > 0 {
            report.dropped.insert(reason.to_string(), count);
        }
    }
    match deleted {
        0 => {}
        1 => report.warnings.push("1 face was deleted by hand: it is kept out from now on".into()),
        more => report.warnings.push(format!("{more} faces were deleted by hand: they are kept out from now on")),
    }
    report.figures.insert("other_files_passed_over".into(), listing.other_files as f64);
}

fn account_for_rows(selected: &[Selected<'_>], side: u32, report: &mut Report) -> Result<(), PackError> {
    let rows = |split| selected.iter().filter(|row| row.split == split).count();
    let (train, holdout) = (rows(SplitName::Train), rows(SplitName::Holdout));
    let upscaled = selected.iter().filter(|row| row.prepared.upscaled).count();
    if train == 0 {
        return Err(PackError::NoRows { taken: report.taken, account: account(report, holdout) });
    }
    report.kept = selected.len() as u64;
    if upscaled > 0 {
        report.warnings.push(format!(
            "{upscaled} of {} images are smaller than {side} pixels and were enlarged; a lower pack.resolution avoids it",
            selected.len()
        ));
    }
    let figures = [("train_rows", train), ("holdout_rows", holdout), ("upscaled_rows", upscaled)];
    report.figures.extend(figures.map(|(name, count)| (name.to_owned(), count as f64)));
    Ok(())
}

/// What became of everything, in parentheses; nothing when nothing was there.
fn account(report: &Report, holdout: usize) -> String {
    let mut parts: Vec<String> = report.dropped.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    if holdout > 0 {
        parts.push(format!("{holdout} held out"));
    }
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}
