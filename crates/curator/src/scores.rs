//! What a trained discriminator makes of the faces: those that look least real to it are odd.

use std::fs;

use contracts::{ContentHash, Context, find_run, publish};
use generator::{Device, TrainedDiscriminator, TrainedGenerator};
use pictures::Rgb;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{arguments::Arguments, faces::Face, shards::Shard, thumbnails::crop};

/// A shard's scores on disk.
#[derive(Serialize, Deserialize)]
struct Kept {
    source: ContentHash,
    discriminator: ContentHash,
    /// In the shard's order; none where the face's file is gone.
    scores: Vec<Option<f32>>,
}

/// The logits of all faces, in their order; none where no run is there to ask.
///
/// # Errors
/// When the run that was named is not there, its discriminator cannot be read, or the interrupt is raised.
pub(crate) fn of(
    context: &Context<'_>,
    arguments: &Arguments,
    faces: &[Face],
    shards: &[Shard],
) -> anyhow::Result<Option<Vec<Option<f32>>>> {
    let Some(discriminator) = discriminator(context, arguments)? else { return Ok(None) };
    let hash = ContentHash::of(&discriminator.to_safetensors()?);
    context.progress.begin("judging faces", faces.len() as u64);
    let mut all = vec![None; faces.len()];
    for shard in shards {
        anyhow::ensure!(!context.interrupt.is_raised(), "interrupted; the scores made so far are kept");
        for (face, score) in shard.faces.iter().zip(scores(context, &discriminator, hash, faces, shard)?) {
            all[*face] = score;
        }
        context.progress.advance(shard.faces.len() as u64);
    }
    Ok(Some(all))
}

/// That of the run that was named, or of the one trained last where there is one.
fn discriminator(context: &Context<'_>, arguments: &Arguments) -> anyhow::Result<Option<TrainedDiscriminator>> {
    let run = match &arguments.run {
        _ if arguments.no_scores => return Ok(None),
        Some(name) => find_run(context.layout, name)?,
        None => match find_run(context.layout, "latest") {
            Ok(run) => run,
            Err(_) => return Ok(None),
        },
    };
    let folder = context.layout.run(&run);
    let side = TrainedGenerator::open(folder.root(), &Device::flex())?.side();
    Ok(Some(TrainedDiscriminator::open(folder.root(), side, &Device::flex())?))
}

fn scores(
    context: &Context<'_>,
    discriminator: &TrainedDiscriminator,
    hash: ContentHash,
    faces: &[Face],
    shard: &Shard,
) -> anyhow::Result<Vec<Option<f32>>> {
    let path = context.layout.curation_scores(&shard.name);
    let kept = fs::read(&path).ok().and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok());
    if let Some(kept) = kept.filter(|kept| kept.source == shard.source && kept.discriminator == hash) {
        return Ok(kept.scores);
    }
    let side = discriminator.architecture().side;
    let image = |face: &usize| crop(context.layout, &faces[*face]).map(|image| image.scaled(side, side));
    let images: Vec<Option<Rgb>> = shard.faces.par_iter().map(image).collect();
    let there: Vec<Rgb> = images.iter().flatten().cloned().collect();
    let mut given = discriminator.scores(&there)?.into_iter();
    let scores = images.iter().map(|image| image.as_ref().and_then(|_| given.next())).collect();
    let kept = Kept { source: shard.source, discriminator: hash, scores };
    publish::write_file(&path, &serde_json::to_vec(&kept)?)?;
    Ok(kept.scores)
}
