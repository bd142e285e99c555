//! The crop stage: the raw manifest in, faces by shard and their manifest out.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use contracts::{
    ContentHash, Context, Layout, Report, Stage, StageId,
    disappearance::Disappearances,
    exclusion::{self, Exclusions, Restored},
    id::{PostId, ShardId},
    manifest::{Header, ManifestError, Spool},
    options::CropOptions,
    publish,
    record::FaceRecord,
    report::State,
    tombstone::Tombstones,
};

use crate::{
    assembly::Assembly,
    cascade::Cascade,
    contact,
    cutting::{Cutting, remove_manifest},
    deletions,
    error::CropError,
    inputs::{Inventory, Pictures},
    left_out::LeftOutFile,
    recipe::{Recipe, STAGE_VERSION},
    shard::ShardRecord,
    verify::verify,
    workers::Workers,
};

/// The stage that finds faces in the crawl's pictures and cuts them out.
pub struct Crop;

impl Stage for Crop {
    const ID: StageId = StageId::Crop;
    type Error = CropError;
    type Options = CropOptions;

    fn answer(context: &Context<'_>, options: &CropOptions) -> Result<String, CropError> {
        options.verify.map_or_else(|| Ok(String::new()), |draw| verify(context, draw))
    }

    fn run(context: &Context<'_>, options: &CropOptions) -> Result<Report, CropError> {
        let tombstones = Tombstones::read(context.layout)?;
        let inventory = Inventory::take(context.layout, &tombstones)?;
        let cascade = Cascade::of(&context.config.crop)?;
        let recipe = Recipe::new(context.config, cascade.hash());
        // Before any picture is read, so that a bad cascade shows at once.
        let workers = Workers::start(context.config.crop.engine, cascade)?;
        if inventory.shards.is_empty() {
            remove_manifest(context)?;
            return Err(CropError::NoPictures);
        }
        let shards = shards_to_do(context.layout, &tombstones, &inventory, options);
        let mut report = Report::new(StageId::Crop);
        report.state = if options.shard.is_some() { State::Share } else { State::Complete };
        report.taken = shards.iter().map(|(_, pictures)| pictures).sum();

        // A share sees too little to tell whether faces were thrown away or lost.
        if options.shard.is_none() {
            notice_deletions(context, &shards, options.accept_deletions, &mut report)?;
        }
        // Read after that: what was just noticed is among them.
        let exclusions = Exclusions::read(context.layout)?;
        let cutting = Cutting::new(context, &recipe, &workers, &exclusions);
        let mut reader = inventory.open(context.layout, &tombstones)?;
        let assembly = cut(&cutting, &shards, |shard| reader.pictures(shard), &mut report)?;
        report.kept = assembly.kept;
        if report.state == State::Complete {
            refuse_nothing(context, &assembly, &report)?;
            report.output = publish_faces(context, &recipe, inventory.hash, assembly)?;
            exclusion::restoration_done(context.layout)?;
        }
        Ok(report)
    }
}

/// The shards of the inventory and those that lost their last picture, as far as they are in this share of the work.
fn shards_to_do(
    layout: &Layout,
    tombstones: &Tombstones,
    inventory: &Inventory,
    options: &CropOptions,
) -> Vec<(ShardId, u64)> {
    let emptied = emptied(layout, tombstones, inventory);
    let all = inventory.shards.iter().cloned().chain(emptied).enumerate();
    let is_mine = |index: usize| options.shard.is_none_or(|share| share.holds(index));
    all.filter(|(index, _)| is_mine(*index)).map(|(_, shard)| shard).collect()
}

/// Gives the records their manifest, and draws the faces; returns the records' hash.
fn publish_faces(
    context: &Context<'_>,
    recipe: &Recipe,
    input: ContentHash,
    assembly: Assembly,
) -> Result<Option<ContentHash>, CropError> {
    let Some(faces) = assembly.records else { return Ok(None) };
    let header = Header::new::<FaceRecord>(STAGE_VERSION, Some(input), recipe.keys.clone(), context.config.seed());
    let output = faces.publish(&header)?;
    contact::draw(context.layout, &recipe.config, output)?;
    Ok(Some(output))
}

/// Shards of forgotten posts from which no picture is left, so that their faces go too.
fn emptied(layout: &Layout, tombstones: &Tombstones, inventory: &Inventory) -> Vec<(ShardId, u64)> {
    let mut shards: Vec<ShardId> = tombstones.posts().map(PostId::shard).collect();
    shards.sort();
    shards.dedup();
    let left: HashSet<&ShardId> = inventory.shards.iter().map(|(shard, _)| shard).collect();
    shards.retain(|shard| !left.contains(shard) && layout.faces_shard(shard).exists());
    shards.into_iter().map(|shard| (shard, 0)).collect()
}

/// Looks for faces that were deleted by hand since the shards were written.
fn notice_deletions(
    context: &Context<'_>,
    shards: &[(ShardId, u64)],
    accept_all: bool,
    report: &mut Report,
) -> Result<(), CropError> {
    let (exclusions, restored) = (Exclusions::read(context.layout)?, Restored::read(context.layout)?);
    let (mut faces, mut looks) = (Disappearances::default(), Vec::new());
    for (shard, _) in shards {
        let folder = context.layout.faces_shard(shard);
        let Some(record) = ShardRecord::read(&folder)? else { continue };
        let look = deletions::look(context.layout, shard, &record, (&exclusions, &restored))?;
        if !look.is_damaged {
            faces.count(&folder, look.faces, look.newly_deleted);
        }
        if !look.is_as_recorded() {
            looks.push((folder, look));
        }
    }
    if !accept_all {
        faces.check(&context.layout.faces(), StageId::Crop)?;
    }
    let mut deleted = 0;
    for (folder, look) in looks {
        if look.is_damaged {
            report.warnings.push(format!(
                "the record of the faces in {}, or their tar, is damaged: they are cut again",
                folder.display()
            ));
            publish::remove_file(&Layout::shard_record(&folder))?;
        } else if let Some(mut record) = ShardRecord::read(&folder)? {
            deleted += look.deleted.len();
            deletions::take_over(context.layout, &folder, &mut record, look)?;
        }
    }
    if deleted > 0 {
        report.warnings.push(format!(
            "{deleted} faces were deleted by hand since the last run and stay out from now on; they are in {}, and \
             `cargo xtask pack --restore` takes that back",
            context.layout.exclusions().display()
        ));
    }
    report.figures.insert("faces_newly_deleted_by_hand".into(), deleted as f64);
    Ok(())
}

/// Brings shard after shard up to date, until all are or the interrupt is raised.
fn cut(
    cutting: &Cutting<'_>,
    shards: &[(ShardId, u64)],
    mut pictures_of: impl FnMut(&ShardId) -> Result<Pictures, ManifestError>,
    report: &mut Report,
) -> Result<Assembly, CropError> {
    let context = cutting.context;
    context.progress.begin("cropping", report.taken);
    let started = Instant::now();
    let is_whole = report.state == State::Complete;
    let manifest = context.layout.faces_manifest();
    let records = is_whole.then(|| Spool::of(&manifest));
    let left_out = is_whole.then(|| LeftOutFile::create(context.layout)).transpose()?;
    let mut assembly = Assembly::new(records, left_out);
    for (shard, count) in shards {
        if context.interrupt.is_raised() {
            report.state = State::Interrupted;
            break;
        }
        let pictures = if *count > 0 { pictures_of(shard)? } else { Pictures::new() };
        let record = cutting.shard(shard, &pictures, ShardRecord::read(&context.layout.faces_shard(shard))?)?;
        assembly.add(context.layout, shard, &pictures, &record, report)?;
        context.progress.note(&format!("{} faces", assembly.kept));
    }
    assembly.left_out.take().map_or(Ok(()), LeftOutFile::finish)?;
    if cutting.done.left.load(Ordering::Relaxed) > 0 {
        report.state = State::Interrupted;
    }
    account(cutting, &assembly, started.elapsed().as_secs_f64(), report);
    Ok(assembly)
}

fn account(cutting: &Cutting<'_>, assembly: &Assembly, seconds: f64, report: &mut Report) {
    let done = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let megapixels = done(&cutting.done.pixels) as f64 / 1e6;
    report.bytes = done(&cutting.done.bytes);
    let figures = [
        ("faces_found", assembly.found as f64),
        ("pictures_with_faces", assembly.pictures_with_faces as f64),
        ("pictures_examined_now", done(&cutting.done.pictures) as f64),
        ("megapixels_examined_now", megapixels),
        ("seconds_cropping_now", seconds),
    ];
    report.figures.extend(figures.map(|(name, value)| (name.to_owned(), value)));
}

/// A dataset of nothing is never what was wanted.
fn refuse_nothing(context: &Context<'_>, assembly: &Assembly, report: &Report) -> Result<(), CropError> {
    if assembly.kept > 0 {
        return Ok(());
    }
    remove_manifest(context)?;
    let reasons: Vec<String> = report.dropped.iter().map(|it| format!("{}: {}", it.reason, it.count)).collect();
    let account = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
    Err(match assembly.found {
        0 => CropError::NoFace { pictures: report.taken, account },
        faces => CropError::NothingKept { faces, account },
    })
}
