//! Whether faces are what would be cut now: a shard is cut again in memory, and compared.

use std::path::Path;

use contracts::{
    Context, Layout, Report, StageId, crops,
    exclusion::Exclusions,
    id::ShardId,
    manifest::{self, ManifestError},
    tombstone::Tombstones,
    verification::{Draw, Fault, Verification},
};
use rayon::prelude::*;

use crate::{
    cascade::Cascade,
    cutting::Cutting,
    error::CropError,
    examine::{ExamineOptions, examine},
    fault::PictureFault,
    inputs::{Inventory, Picture, Pictures},
    recipe::Recipe,
    shard::{Finding, ShardRecord},
    workers::Workers,
};

/// What was compared; faces that the user threw away are none that are damaged.
///
/// # Errors
/// When something is damaged, or nothing was cut yet.
pub(crate) fn verify(context: &Context<'_>, draw: Draw) -> Result<String, CropError> {
    let mut verification = Verification::default();
    verify_manifest(context.layout, &mut verification)?;
    let tombstones = Tombstones::read(context.layout)?;
    let inventory = Inventory::take(context.layout, &tombstones)?;
    let cascade = Cascade::of(&context.config.crop)?;
    let recipe = Recipe::new(context.config, cascade.hash());
    let workers = Workers::start(context.config.crop.engine, cascade)?;
    let exclusions = Exclusions::read(context.layout)?;
    let cutting = Cutting::new(context, &recipe, &workers, &exclusions);
    let mut reader = inventory.open(context.layout, &tombstones)?;
    for (shard, _) in draw.indices(inventory.shards.len()).into_iter().map(|index| &inventory.shards[index]) {
        verify_shard(&cutting, shard, &reader.pictures(shard)?, &mut verification)?;
    }
    Ok(verification.conclude()?)
}

/// Compares the records with the hash that the stage reported of them.
fn verify_manifest(layout: &Layout, verification: &mut Verification) -> Result<(), CropError> {
    let path = layout.faces_manifest();
    let hash = manifest::records_hash(&path)?.ok_or_else(|| ManifestError::Missing(path.clone()))?;
    let reported = Report::read(layout, StageId::Crop)?.and_then(|report| report.output);
    if reported.is_some_and(|reported| reported != hash) {
        verification.damaged(&path, Fault::Altered, StageId::Crop);
    }
    Ok(())
}

fn verify_shard(
    cutting: &Cutting<'_>,
    shard: &ShardId,
    pictures: &Pictures,
    verification: &mut Verification,
) -> Result<(), CropError> {
    let layout = cutting.context.layout;
    let folder = layout.faces_shard(shard);
    let Some(record) = ShardRecord::read(&folder)? else {
        verification.damaged_in(&folder, &Layout::shard_record(&folder), Fault::Unreadable, StageId::Crop);
        return Ok(());
    };
    if record.recipe != cutting.recipe.fingerprint {
        verification.compared(format!("{shard}: cut with other settings, and not compared"));
        return Ok(());
    }
    cutting.context.progress.begin("cutting again", pictures.len() as u64);
    let one = |picture: &Picture| {
        let damaged = verify_picture(cutting, shard, picture, &record, &folder)?;
        cutting.context.progress.advance(1);
        Ok(damaged)
    };
    let pictures: Vec<&Picture> = pictures.values().collect();
    let compared: Vec<Verification> =
        pictures.par_iter().with_max_len(1).map(|picture| one(picture)).collect::<Result<_, CropError>>()?;
    verification.compared(format!("{shard}: {} pictures", pictures.len()));
    verification.damaged.extend(compared.into_iter().flat_map(|compared| compared.damaged));
    Ok(())
}

/// Cuts a picture again: the same finding, the same files.
fn verify_picture(
    cutting: &Cutting<'_>,
    shard: &ShardId,
    picture: &Picture,
    record: &ShardRecord,
    folder: &Path,
) -> Result<Verification, CropError> {
    let (layout, config) = (cutting.context.layout, &cutting.recipe.config);
    let wrong = std::sync::Mutex::new(Verification::default());
    let note = |path: &Path, fault| {
        let mut wrong = wrong.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        wrong.damaged_in(folder, path, fault, StageId::Crop);
    };
    let options = ExamineOptions {
        budget: &cutting.budget,
        config,
        excluded: &|face| cutting.is_excluded(shard, picture, face),
        keep: &|face, content| {
            let name = face.file_name(picture.hash(), config.format);
            let path = folder.join(&name);
            match crops::read(layout, &layout.face_file(shard, &name)) {
                Ok(found) if found != content => note(&path, Fault::Altered),
                // Thrown away by hand since: the next crop notices.
                Err(error) if error.source.kind() == std::io::ErrorKind::NotFound => {}
                Err(_) => note(&path, Fault::Unreadable),
                Ok(_) => {}
            }
            Ok(())
        },
    };
    let path = picture.path(&layout.raw_manifest());
    let finding = cutting.workers.lend(|engine| examine(engine, &path, picture.hash(), &options))??.finding;
    let mut wrong = wrong.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    if record.pictures.get(&picture.hash()) != Some(&finding) {
        match finding {
            Finding::Dropped(PictureFault::Missing) => wrong.damaged(&path, Fault::Unreadable, StageId::Crawl),
            Finding::Dropped(PictureFault::Altered) => wrong.damaged(&path, Fault::Altered, StageId::Crawl),
            _ => wrong.damaged_in(folder, &Layout::shard_record(folder), Fault::Different, StageId::Crop),
        }
    }
    Ok(wrong)
}
