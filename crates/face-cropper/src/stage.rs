//! The crop stage: the raw manifest in, faces by shard and their manifest out.

use std::{sync::atomic::Ordering, time::Instant};

use contracts::{
    ContentHash, Context, Layout, Report, Stage, StageId,
    exclusion::Exclusions,
    id::PostId,
    manifest::{self, Header, Manifest},
    options::CropOptions,
    publish::FileError,
    record::{FaceRecord, PictureRecord},
    report::State,
    tombstone::Tombstones,
};

use crate::{
    assembly::Assembly,
    cascade::Cascade,
    contact,
    cutting::{Cutting, Done, remove_manifest},
    deletions,
    error::CropError,
    inputs::{self, Shards},
    recipe::{Recipe, STAGE_VERSION},
    shard::ShardRecord,
    workers::Workers,
};

/// The crop stage.
pub struct Crop;

impl Stage for Crop {
    const ID: StageId = StageId::Crop;
    type Error = CropError;
    type Options = CropOptions;

    fn run(context: &Context<'_>, options: &CropOptions) -> Result<Report, CropError> {
        let mut raw: Manifest<PictureRecord> = manifest::read(&context.layout.raw_manifest())?;
        let tombstones = Tombstones::read(context.layout)?;
        raw.records.retain(|record| !tombstones.cover(&record.post));
        let mut shards = inputs::by_shard(&raw.records);
        let cascade = Cascade::find(&context.config.crop.cascade)?;
        let recipe = Recipe::new(context.config, cascade.hash());
        let workers = Workers::start(context.config.crop.engine, cascade)?;
        let mut report = Report::new(StageId::Crop);
        if raw.records.is_empty() {
            remove_manifest(context)?;
            return Err(CropError::NoPictures);
        }
        add_emptied(context.layout, &tombstones, &mut shards);
        if let Some(share) = options.shard {
            let mut place = 0..;
            shards.retain(|_, _| place.next().is_some_and(|place| share.holds(place)));
            report.state = State::Share;
        }
        report.taken = shards.values().map(|pictures| pictures.len() as u64).sum();

        let old = old_records(context, &shards, &mut report)?;
        let exclusions = Exclusions::read(context.layout)?;
        let cutting =
            Cutting { context, recipe: &recipe, workers: &workers, exclusions: &exclusions, done: Done::default() };
        let assembly = cut(&cutting, &shards, old, &mut report)?;
        report.kept = assembly.records.len() as u64;
        if report.state != State::Complete {
            return Ok(report);
        }

        refuse_nothing(context, &assembly, &report)?;
        publish(context, &recipe, assembly.records, raw.records_hash, &mut report)?;
        Ok(report)
    }
}

/// Writes the manifest and, from it, the contact sheets.
fn publish(
    context: &Context<'_>,
    recipe: &Recipe,
    mut faces: Vec<FaceRecord>,
    input: ContentHash,
    report: &mut Report,
) -> Result<(), CropError> {
    let seed = context.config.seed();
    let header = Header::new::<FaceRecord>(STAGE_VERSION, Some(input), recipe.keys.clone(), seed);
    let output = manifest::write(&context.layout.faces_manifest(), &header, &mut faces)?;
    contact::draw(context.layout, &recipe.config, &faces, output)?;
    report.output = Some(output);
    Ok(())
}

/// Adds shards of forgotten posts from which no picture is left, so that their faces go too.
fn add_emptied(layout: &Layout, tombstones: &Tombstones, shards: &mut Shards<'_>) {
    for shard in tombstones.posts().map(PostId::shard) {
        if layout.faces_shard(&shard).exists() {
            shards.entry(shard).or_default();
        }
    }
}

/// The shards' records as earlier runs left them, in the shards' order, deletions by hand noticed.
fn old_records(
    context: &Context<'_>,
    shards: &Shards<'_>,
    report: &mut Report,
) -> Result<Vec<Option<ShardRecord>>, FileError> {
    let mut deleted = 0;
    let mut records = Vec::new();
    for shard in shards.keys() {
        let mut record = ShardRecord::read(&context.layout.faces_shard(shard))?;
        if let Some(record) = &mut record {
            deleted += deletions::notice(context.layout, shard, record)?;
        }
        records.push(record);
    }
    if deleted > 0 {
        report.warnings.push(format!(
            "{deleted} faces were deleted by hand since the last run and stay out from now on; take their lines out \
             of {} to have them back",
            context.layout.exclusions().display()
        ));
    }
    report.figures.insert("faces_newly_deleted_by_hand".into(), deleted as f64);
    Ok(records)
}

/// Brings shard after shard up to date, until all are or the interrupt is raised.
fn cut(
    cutting: &Cutting<'_>,
    shards: &Shards<'_>,
    old: Vec<Option<ShardRecord>>,
    report: &mut Report,
) -> Result<Assembly, CropError> {
    let context = cutting.context;
    let pending: usize =
        shards.iter().zip(&old).map(|((id, pictures), old)| cutting.pending(id, pictures, old.as_ref()).len()).sum();
    context.progress.begin("cropping", pending as u64);
    let started = Instant::now();
    let mut assembly = Assembly::default();
    for ((id, pictures), old) in shards.iter().zip(old) {
        if context.interrupt.is_raised() {
            report.state = State::Interrupted;
            break;
        }
        let record = cutting.shard(id, pictures, old)?;
        assembly.add(context.layout, id, pictures, &record, report);
        context.progress.note(&format!("{} faces", assembly.records.len()));
    }
    // One that came within a shard left pictures out; one that came after the last picture took nothing away.
    if (cutting.done.pictures.load(Ordering::Relaxed) as usize) < pending {
        report.state = State::Interrupted;
    }
    account(cutting, &assembly, started.elapsed().as_secs_f64(), report);
    Ok(assembly)
}

fn account(cutting: &Cutting<'_>, assembly: &Assembly, seconds: f64, report: &mut Report) {
    let done = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
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
    if !assembly.records.is_empty() {
        return Ok(());
    }
    remove_manifest(context)?;
    let reasons: Vec<String> = report.dropped.iter().map(|(reason, count)| format!("{reason}: {count}")).collect();
    let account = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
    Err(match assembly.found {
        0 => CropError::NoFace { pictures: report.taken, account },
        faces => CropError::NothingKept { faces, account },
    })
}
