//! The pack stage: faces or pictures in, a dataset out.

use std::collections::BTreeSet;

use contracts::{
    Config, Context, Report, Stage, StageId,
    exclusion::{self, Exclusions},
    options::PackOptions,
    publish,
    report::State,
    share::Share,
};
use dataset::SplitName;

use crate::{
    answer,
    assembly::{Selected, SelectedShard, assemble},
    counts,
    duplicates::{self, StoredImage},
    error::PackError,
    holdout::HoldoutGroup,
    item::Item,
    labels,
    left_out::{self, LeftOut},
    prepare::prepare,
    prepared::{Preparation, Prepared},
    reason::DropReason,
    select::{Candidate, Decision, Policy, select},
    shards::{Shard, cut},
    source::{self, Inventory},
    store,
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
        match pack(context, options, &mut report) {
            Err(PackError::Interrupted) => report.state = State::Interrupted,
            other => other?,
        }
        Ok(report)
    }
}

fn pack(context: &Context<'_>, options: &PackOptions, report: &mut Report) -> Result<(), PackError> {
    let inventory = source::list(context)?;
    let shards = cut(&inventory.items);
    if let Some(share) = options.shard {
        return pack_share(&inventory, &shards, share, context, report);
    }
    if !options.accept_deletions {
        inventory.faces.check(&context.layout.faces(), StageId::Pack)?;
    }
    pack_whole(inventory, &shards, context, report)
}

/// Prepares every n-th shard and publishes nothing: the run without a share finds them on disk.
fn pack_share(
    inventory: &Inventory,
    shards: &[Shard],
    share: Share,
    context: &Context<'_>,
    report: &mut Report,
) -> Result<(), PackError> {
    let shards: Vec<&Shard> =
        shards.iter().enumerate().filter(|(index, _)| share.holds(*index)).map(|(_, s)| s).collect();
    report.state = State::Share;
    report.taken = shards.iter().map(|shard| shard.items.len() as u64).sum();
    context.progress.begin("preparing images", report.taken);
    for shard in shards {
        for preparation in prepare(shard, &inventory.items, context)? {
            match preparation {
                Ok(_) => report.kept += 1,
                Err(reason) => report.drop(&reason, 1),
            }
        }
    }
    Ok(())
}

/// Prepares what no share has, and writes the dataset.
fn pack_whole(
    mut inventory: Inventory,
    shards: &[Shard],
    context: &Context<'_>,
    report: &mut Report,
) -> Result<(), PackError> {
    if let Some(counts) = labels::assign(&mut inventory.items, &context.config.pack) {
        counts.tell(report);
    }
    counts::inventory(&inventory, report);
    context.progress.begin("preparing images", inventory.items.len() as u64);
    let prepare = |shard: &Shard| prepare(shard, &inventory.items, context);
    let preparations = shards.iter().map(prepare).collect::<Result<Vec<Vec<Preparation>>, _>>()?;
    let mut left_out = inventory.left_out.clone();
    let usable = usable(shards, &preparations, &inventory.items, &mut left_out);
    let decisions = decide(&usable, &inventory, context)?;

    let name = |usable: &Usable<'_>| inventory.items[usable.item].name.clone();
    let mut selected: Vec<SelectedShard<'_>> =
        shards.iter().map(|shard| SelectedShard { name: &shard.name, rows: Vec::new() }).collect();
    for (candidate, decision) in usable.iter().zip(&decisions) {
        let Usable { shard, index, item, prepared } = *candidate;
        match *decision {
            Ok(split) => {
                selected[shard].rows.push(Selected { index, split, item: &inventory.items[item], prepared });
            }
            Err((reason, stays)) => {
                let instead = stays.map(|stays| name(&usable[stays]));
                left_out.push(LeftOut { name: name(candidate), reason, instead });
            }
        }
    }
    left_out::write(context.layout, &left_out)?;
    left_out.iter().for_each(|left_out| report.drop(&left_out.reason, 1));
    counts::altered(&left_out, context.layout, report);
    counts::rows(&selected, context.config.pack.resolution, report)?;
    if context.config.pack.dedupe_report {
        let stored = |usable: &Usable<'_>| StoredImage { shard: &shards[usable.shard].name, index: usable.index };
        duplicates::write(&decisions, &usable.iter().map(stored).collect::<Vec<_>>(), context)?;
    }

    publish::publish_folder(&context.layout.dataset(), |folder| {
        let written = assemble(folder, &selected, context)?;
        (report.bytes, report.output) = (written.bytes, Some(written.hash));
        Ok::<_, PackError>(())
    })?;
    source::keep_only_tables(context.layout, &inventory.items)?;
    store::keep_only(context.layout, &shards.iter().map(|shard| shard.name.as_str()).collect::<BTreeSet<_>>())?;
    Ok(exclusion::remember(context.layout, inventory.deleted)?)
}

/// An item that could be prepared.
struct Usable<'a> {
    /// The index of its shard.
    shard: usize,
    /// Its index among the shard's images.
    index: usize,
    /// Its index in the inventory.
    item: usize,
    prepared: &'a Prepared,
}

/// The items that could be prepared, in the order of the inventory; the others are left out.
fn usable<'a>(
    shards: &[Shard],
    preparations: &'a [Vec<Preparation>],
    items: &[Item],
    left_out: &mut Vec<LeftOut>,
) -> Vec<Usable<'a>> {
    let mut usable = Vec::new();
    for (shard, preparations) in preparations.iter().enumerate() {
        let mut index = 0;
        for (item, preparation) in shards[shard].items.iter().zip(preparations) {
            match preparation {
                Ok(prepared) => {
                    usable.push(Usable { shard, index, item: *item, prepared });
                    index += 1;
                }
                Err(reason) => left_out.push(LeftOut::new(items[*item].name.clone(), *reason)),
            }
        }
    }
    usable.sort_by_key(|usable| usable.item);
    usable
}

/// What becomes of each usable item: those that the user lists first, as if they were not there.
fn decide(usable: &[Usable<'_>], inventory: &Inventory, context: &Context<'_>) -> Result<Vec<Decision>, PackError> {
    let pack = &context.config.pack;
    let exclusions = Exclusions::read(context.layout)?;
    let is_listed =
        |usable: &Usable<'_>| exclusions.covers_picture(&usable.prepared.picture, &inventory.items[usable.item].name);
    let (mut decisions, mut remaining): (Vec<Decision>, Vec<usize>) = (Vec::new(), Vec::new());
    for (index, usable) in usable.iter().enumerate() {
        match is_listed(usable) {
            true => decisions.push(Err((DropReason::Excluded, None))),
            false => {
                decisions.push(Ok(SplitName::Train));
                remaining.push(index);
            }
        }
    }
    let candidates: Vec<Candidate> = remaining.iter().map(|index| candidate(&usable[*index], inventory)).collect();
    let policy = Policy { dedupe_distance: pack.dedupe_distance, holdout: pack.holdout, min_size: pack.min_size };
    for (index, decision) in remaining.iter().zip(select(&candidates, policy)) {
        decisions[*index] = decision.map_err(|(reason, stays)| (reason, stays.map(|stays| remaining[stays])));
    }
    Ok(decisions)
}

fn candidate(usable: &Usable<'_>, inventory: &Inventory) -> Candidate {
    let prepared = usable.prepared;
    Candidate {
        group: HoldoutGroup::of(inventory.items[usable.item].post(), &prepared.picture),
        content: prepared.content,
        dhash: prepared.dhash,
        size: prepared.size,
    }
}
