//! The pack stage: faces or pictures in, a dataset out.

use std::collections::BTreeSet;

use contracts::{
    Config, Context, Report, Stage, StageId,
    exclusion::{self, Exclusions},
    options::{PackOptions, Share},
    publish,
    report::State,
};
use dataset::SplitName;

use crate::{
    account, answer,
    assembly::{Selected, SelectedShard, assemble},
    duplicates::{self, PixelPlace},
    error::PackError,
    holdout::Group,
    prepare::{Prepared, prepare},
    reason::Reason,
    select::{Candidate, Fate, Policy, select},
    shards::{Shard, cut},
    source::{self, Listing},
    store::{self, Outcome},
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

    fn answer(context: &Context<'_>, options: &PackOptions) -> Result<String, PackError> {
        answer::answer(context, options)
    }

    fn run(context: &Context<'_>, options: &PackOptions) -> Result<Report, PackError> {
        let mut report = Report::new(StageId::Pack);
        match pack(context, options.shard, &mut report) {
            Err(PackError::Interrupted) => report.state = State::Interrupted,
            other => other?,
        }
        Ok(report)
    }
}

fn pack(context: &Context<'_>, share: Option<Share>, report: &mut Report) -> Result<(), PackError> {
    let listing = source::list(&context.config.pack.sources, context.layout)?;
    let shards = cut(&listing.items);
    match share {
        Some(share) => pack_share(&listing, &shards, share, context, report),
        None => pack_whole(listing, &shards, context, report),
    }
}

/// Prepares every N-th shard.
fn pack_share(
    listing: &Listing,
    shards: &[Shard],
    share: Share,
    context: &Context<'_>,
    report: &mut Report,
) -> Result<(), PackError> {
    let shards: Vec<&Shard> =
        shards.iter().enumerate().filter(|(place, _)| share.holds(*place)).map(|(_, s)| s).collect();
    report.state = State::Share;
    report.taken = shards.iter().map(|shard| shard.items.len() as u64).sum();
    context.progress.begin("preparing images", report.taken);
    for shard in shards {
        for outcome in prepare(shard, &listing.items, context)? {
            match outcome {
                Ok(_) => report.kept += 1,
                Err(reason) => report.drop_one(&reason.to_string()),
            }
        }
    }
    Ok(())
}

/// Prepares what no share has, and writes the dataset.
fn pack_whole(listing: Listing, shards: &[Shard], context: &Context<'_>, report: &mut Report) -> Result<(), PackError> {
    account::listing(&listing, report);
    context.progress.begin("preparing images", listing.items.len() as u64);
    let prepare = |shard: &Shard| prepare(shard, &listing.items, context);
    let outcomes = shards.iter().map(prepare).collect::<Result<Vec<Vec<Outcome>>, _>>()?;
    let usable = usable(shards, &outcomes, report);
    let fates = judge(&usable, &listing, context)?;

    let mut selected: Vec<SelectedShard<'_>> =
        shards.iter().map(|shard| SelectedShard { name: &shard.name, rows: Vec::new() }).collect();
    for (usable, fate) in usable.iter().zip(&fates) {
        let Usable { shard, number, item, prepared } = *usable;
        match *fate {
            Ok(split) => {
                selected[shard].rows.push(Selected { number, split, item: &listing.items[item], prepared });
            }
            Err((reason, _)) => report.drop_one(&reason.to_string()),
        }
    }
    account::rows(&selected, context.config.pack.resolution, report)?;
    if context.config.pack.dedupe_report {
        let place = |usable: &Usable<'_>| (shards[usable.shard].name.as_str(), usable.number);
        duplicates::write(&fates, &usable.iter().map(place).collect::<Vec<PixelPlace<'_>>>(), context)?;
    }

    publish::publish_folder(&context.layout.dataset(), |folder| {
        let written = assemble(folder, &selected, context)?;
        (report.bytes, report.output) = (written.bytes, Some(written.hash));
        Ok::<_, PackError>(())
    })?;
    store::keep_only(context.layout, &shards.iter().map(|shard| shard.name.as_str()).collect::<BTreeSet<_>>())?;
    Ok(exclusion::remember(context.layout, listing.deleted)?)
}

/// An item that could be prepared.
struct Usable<'a> {
    /// Its shard's place.
    shard: usize,
    /// Its number among the shard's images.
    number: usize,
    /// Its place in the listing.
    item: usize,
    prepared: &'a Prepared,
}

/// The items that could be prepared, in the order of the listing; the others are counted.
fn usable<'a>(shards: &[Shard], outcomes: &'a [Vec<Outcome>], report: &mut Report) -> Vec<Usable<'a>> {
    let mut usable = Vec::new();
    for (shard, outcomes) in outcomes.iter().enumerate() {
        let mut number = 0;
        for (item, outcome) in shards[shard].items.iter().zip(outcomes) {
            match outcome {
                Ok(prepared) => {
                    usable.push(Usable { shard, number, item: *item, prepared });
                    number += 1;
                }
                Err(reason) => report.drop_one(&reason.to_string()),
            }
        }
    }
    usable.sort_by_key(|usable| usable.item);
    usable
}

/// What becomes of each usable item: those that the user lists first, as if they were not there.
fn judge(usable: &[Usable<'_>], listing: &Listing, context: &Context<'_>) -> Result<Vec<Fate>, PackError> {
    let pack = &context.config.pack;
    let exclusions = Exclusions::read(context.layout)?;
    let is_listed = |usable: &Usable<'_>| exclusions.name(&usable.prepared.picture, &listing.items[usable.item].name);
    let (mut fates, mut judged): (Vec<Fate>, Vec<usize>) = (Vec::new(), Vec::new());
    for (place, usable) in usable.iter().enumerate() {
        match is_listed(usable) {
            true => fates.push(Err((Reason::Excluded, None))),
            false => {
                fates.push(Ok(SplitName::Train));
                judged.push(place);
            }
        }
    }
    let candidates: Vec<Candidate> = judged.iter().map(|place| candidate(&usable[*place], listing)).collect();
    let policy = Policy { dedupe_distance: pack.dedupe_distance, holdout: pack.holdout, min_size: pack.min_size };
    for (place, fate) in judged.iter().zip(select(&candidates, policy)) {
        fates[*place] = fate.map_err(|(reason, stays)| (reason, stays.map(|stays| judged[stays])));
    }
    Ok(fates)
}

fn candidate(usable: &Usable<'_>, listing: &Listing) -> Candidate {
    let prepared = usable.prepared;
    Candidate {
        group: Group::of(listing.items[usable.item].post(), &prepared.picture),
        content: prepared.content,
        dhash: prepared.dhash,
        size: prepared.size,
    }
}
