//! The heavy half: each item is read, decoded, scaled and fingerprinted, a shard at a time, and kept on disk.

use contracts::{Context, config::Fit, hash::ContentHash, id::PictureHash, publish};
use dataset::{Dhash, ImageShape};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    decode::{MOST_BYTES, decode},
    error::PackError,
    fingerprint::dhash,
    item::Item,
    reason::Reason,
    resample::{is_upscaled, resample},
    shards::Shard,
    store::{self, Outcome, ShardFile},
};

/// How much is decoded ahead of the disk.
const CHUNK_BYTES: usize = 64 << 20;

/// What is known of an item once it has been looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Prepared {
    /// The picture: the face's, or the SHA-256 of the file itself.
    pub(crate) picture: PictureHash,
    /// The hash of the pixels at the dataset's size.
    pub(crate) content: ContentHash,
    /// The perceptual hash of these.
    pub(crate) dhash: Dhash,
    /// How large it was before any scaling, the crop's included: the shorter side in pixels.
    pub(crate) size: u32,
    /// Whether it had to be made larger.
    pub(crate) upscaled: bool,
}

/// Prepares a shard, unless it is there already; says what became of its items.
pub(crate) fn prepare(shard: &Shard, items: &[Item], context: &Context<'_>) -> Result<Vec<Outcome>, PackError> {
    let key = shard.key(items, context.config);
    if let Some(outcomes) = store::find(context.layout, &shard.name, key) {
        context.progress.advance(shard.items.len() as u64);
        return Ok(outcomes);
    }
    let mut outcomes = Vec::new();
    publish::publish_folder(&context.layout.prepared_shard(&shard.name), |folder| {
        let mut file = ShardFile::create(folder)?;
        fill(&mut file, shard, items, context)?;
        outcomes = file.finish(folder, key)?;
        Ok::<_, PackError>(())
    })?;
    Ok(outcomes)
}

fn fill(file: &mut ShardFile, shard: &Shard, items: &[Item], context: &Context<'_>) -> Result<(), PackError> {
    let shape = ImageShape::new(context.config.pack.resolution);
    let chunk = (CHUNK_BYTES / shape.values()).clamp(64, 4096);
    for part in shard.items.chunks(chunk) {
        let looked_at: Vec<_> =
            part.par_iter().map(|place| unless_interrupted(&items[*place], shape, context)).collect();
        for outcome in looked_at {
            file.push(outcome.ok_or(PackError::Interrupted)?)?;
        }
    }
    Ok(())
}

fn unless_interrupted(
    item: &Item,
    shape: ImageShape,
    context: &Context<'_>,
) -> Option<Result<(Vec<u8>, Prepared), Reason>> {
    if context.interrupt.is_raised() {
        return None;
    }
    let outcome = prepare_one(item, context.config.pack.fit, shape);
    if let Err(reason) = &outcome {
        tracing::debug!(item = item.name, %reason, "left out");
    }
    context.progress.advance(1);
    Some(outcome)
}

fn prepare_one(item: &Item, fit: Fit, shape: ImageShape) -> Result<(Vec<u8>, Prepared), Reason> {
    if item.place.length().map_err(|_| Reason::Unreadable)? > MOST_BYTES {
        return Err(Reason::TooLarge);
    }
    let bytes = item.place.read().map_err(|_| Reason::Unreadable)?;
    let picture = decode(&bytes)?;
    let pixels = resample(&picture, fit, shape.side());
    let origin = item.origin.as_ref();
    let size = picture.width().min(picture.height());
    let prepared = Prepared {
        picture: origin.map_or_else(|| ContentHash::of(&bytes), |origin| origin.picture),
        content: ContentHash::of(&pixels),
        dhash: dhash(&pixels, shape.side()),
        size: origin.and_then(|origin| origin.side).unwrap_or(size),
        upscaled: is_upscaled(picture.dimensions(), fit, shape.side()),
    };
    Ok((pixels, prepared))
}
