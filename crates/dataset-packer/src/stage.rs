//! The pack stage: faces or pictures in, a dataset out.

use contracts::{
    Config, Context, Report, Stage, StageId,
    exclusion::{self, Exclusions},
    options::PackOptions,
    publish::{self, FileError},
    report::State,
    share::Share,
};

use crate::{
    answer,
    assembly::assemble,
    candidate::{Candidate, PreparedPlace},
    counts,
    decisions::{Decisions, Rows},
    duplicates::Clusters,
    error::PackError,
    holdout::HoldoutGroup,
    items::ItemStore,
    left_out::{LeftOut, LeftOutBy, LeftOutList},
    prepare::prepare,
    prepared::{Preparation, Prepared},
    reason::DropReason,
    select::{Policy, Selection},
    shards::Shard,
    source::{self, Listing},
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
    let listing = source::list(context)?;
    if let Some(share) = options.shard {
        return pack_share(listing.items, share, context, report);
    }
    if !options.accept_deletions {
        listing.faces.check(&context.layout.faces(), StageId::Pack)?;
    }
    pack_whole(listing, context, report)
}

/// Prepares every n-th shard and publishes nothing: the run without a share finds them on disk.
fn pack_share(mut items: ItemStore, share: Share, context: &Context<'_>, report: &mut Report) -> Result<(), PackError> {
    report.state = State::Share;
    let shards = items.shard_names().iter().enumerate();
    report.taken = shards.filter(|(number, _)| share.holds(*number)).map(|(_, (_, count))| count).sum();
    context.progress.begin("preparing images", report.taken);
    for shard in items.shards(|number| share.holds(number)) {
        for preparation in prepare(&shard?, context)? {
            match preparation {
                Ok(_) => report.kept += 1,
                Err(reason) => report.drop(&reason, 1),
            }
        }
    }
    Ok(())
}

/// Prepares what no share has, and writes the dataset.
fn pack_whole(listing: Listing, context: &Context<'_>, report: &mut Report) -> Result<(), PackError> {
    counts::listing(&listing, report);
    let Listing { mut items, mut left_out, deleted, tables, .. } = listing;
    context.progress.begin("preparing images", items.len());
    let mut selecting = Selecting::new(context)?;
    for shard in items.shards(|_| true) {
        let shard = shard?;
        selecting.take(&shard, prepare(&shard, context)?, &mut left_out)?;
    }
    let mut clusters = Clusters::default();
    let mut rows = selecting.decide(&mut left_out, &mut clusters)?;
    left_out.publish(context.layout, |reason| report.drop(&reason, 1))?;
    counts::altered(context.layout, report);
    counts::rows(rows.counts, context.config.pack.resolution, report)?;
    if context.config.pack.dedupe_report {
        clusters.draw(items.shard_names(), context)?;
    }

    publish::publish_folder(&context.layout.dataset(), |folder| {
        let written = assemble(folder, &mut items, &mut rows, context)?;
        (report.bytes, report.output) = (written.bytes, Some(written.hash));
        Ok::<_, PackError>(())
    })?;
    source::keep_only_tables(context.layout, &tables)?;
    store::keep_only(context.layout, &items.shard_names().iter().map(|(name, _)| name.as_str()).collect())?;
    Ok(exclusion::remember(context.layout, deleted)?)
}

/// What is decided of the images, and what has to wait until all are known.
struct Selecting {
    exclusions: Exclusions,
    selection: Selection,
    decisions: Decisions,
}

impl Selecting {
    fn new(context: &Context<'_>) -> Result<Self, FileError> {
        let pack = &context.config.pack;
        let policy = Policy { dedupe_distance: pack.dedupe_distance, holdout: pack.holdout, min_size: pack.min_size };
        Ok(Self {
            exclusions: Exclusions::read(context.layout)?,
            selection: Selection::new(policy, context.layout),
            decisions: Decisions::new(context.layout),
        })
    }

    /// Takes in what became of a shard's items. Those that the user lists are left out as if they were not there.
    fn take(
        &mut self,
        shard: &Shard,
        preparations: Vec<Preparation>,
        left_out: &mut LeftOutList,
    ) -> Result<(), FileError> {
        let mut place = PreparedPlace { shard: shard.number as u32, index: 0 };
        for ((item, ordinal), preparation) in shard.items.iter().zip(&shard.ordinals).zip(preparations) {
            let prepared = match preparation {
                Ok(prepared) => prepared,
                Err(reason) => {
                    left_out.push(LeftOutBy::Preparing, &LeftOut::new(item.name.clone(), reason))?;
                    continue;
                }
            };
            let Prepared { picture, content, dhash, size, upscaled } = prepared;
            let group = HoldoutGroup::of(item.post(), &picture);
            let candidate = Candidate { ordinal: *ordinal, place, group, content, dhash, size, upscaled };
            let left_out_now = match self.exclusions.covers_picture(&picture, &item.name) {
                true => Some(DropReason::Excluded),
                false => self.selection.push(&candidate)?,
            };
            self.decisions.name(*ordinal, place, &item.name)?;
            if let Some(reason) = left_out_now {
                self.decisions.leave_out(*ordinal, reason)?;
            }
            place.index += 1;
        }
        Ok(())
    }

    /// Decides on all that is left.
    fn decide(self, left_out: &mut LeftOutList, clusters: &mut Clusters) -> Result<Rows, FileError> {
        let Self { selection, mut decisions, .. } = self;
        selection.decide(|candidate, decision| decisions.take(candidate, decision))?;
        decisions.finish(left_out, clusters)
    }
}
