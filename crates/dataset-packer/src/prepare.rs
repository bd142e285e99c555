//! The heavy half: each item is read, decoded, scaled and fingerprinted, a shard at a time, and kept on disk.

use contracts::{Context, hash::ContentHash, id::PictureHash, publish};
use dataset::{Dhash, ImageShape};
use image::RgbImage;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    decode::{MOST_BYTES, decode},
    error::PackError,
    fingerprint::dhashes,
    item::Item,
    reason::Reason,
    resample::{is_upscaled, resample},
    shards::Shard,
    store::{self, Outcome, ShardFile},
};

/// How much is decoded ahead of the disk.
const CHUNK_BYTES: usize = 64 << 20;

/// How much is scaled at once.
const MOST_PIXELS_AT_ONCE: u64 = 1 << 20;

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
    let chunk = (CHUNK_BYTES / ImageShape::new(context.config.pack.resolution).values()).clamp(64, 4096);
    for part in shard.items.chunks(chunk) {
        // Every thread has its share of even a small shard.
        let run = (part.len() / (4 * rayon::current_num_threads())).clamp(1, 32);
        let looked_at: Vec<_> = part.par_chunks(run).map(|places| prepare_run(places, items, context)).collect();
        for outcomes in looked_at {
            outcomes.ok_or(PackError::Interrupted)?.into_iter().try_for_each(|outcome| file.push(outcome))?;
        }
    }
    Ok(())
}

/// An item's pixels and what is known of it, or why there are none.
type Image = Result<(Vec<u8>, Prepared), Reason>;

/// A picture that was read and decoded.
struct Opened<'a> {
    item: &'a Item,
    picture: PictureHash,
    image: RgbImage,
}

/// Prepares items one after the other; neighbours of one size are scaled together. `None` when the interrupt was raised.
fn prepare_run(places: &[usize], items: &[Item], context: &Context<'_>) -> Option<Vec<Image>> {
    let (mut images, mut alike) = (Vec::new(), Vec::new());
    for item in places.iter().map(|place| &items[*place]) {
        if context.interrupt.is_raised() {
            return None;
        }
        let opened = open(item);
        if opened.as_ref().map_or(true, |opened| !goes_with(opened, &alike)) {
            images.extend(scaled(std::mem::take(&mut alike), context));
        }
        match opened {
            Ok(opened) => alike.push(opened),
            Err(reason) => {
                tracing::debug!(item = item.name, %reason, "left out");
                images.push(Err(reason));
            }
        }
        context.progress.advance(1);
    }
    images.extend(scaled(alike, context));
    Some(images)
}

/// Whether a picture may be scaled together with others: of their size, and small, since all are held in memory.
fn goes_with(opened: &Opened<'_>, alike: &[Opened<'_>]) -> bool {
    let (width, height) = opened.image.dimensions();
    let pixels = u64::from(width) * u64::from(height) * (alike.len() as u64 + 1);
    alike.iter().all(|other| other.image.dimensions() == (width, height)) && pixels <= MOST_PIXELS_AT_ONCE
}

fn open(item: &Item) -> Result<Opened<'_>, Reason> {
    if item.place.length().map_err(|_| Reason::Unreadable)? > MOST_BYTES {
        return Err(Reason::TooLarge);
    }
    let bytes = item.place.read().map_err(|_| Reason::Unreadable)?;
    let known = item.origin.as_ref().and_then(|origin| origin.picture);
    Ok(Opened { item, image: decode(&bytes)?, picture: known.unwrap_or_else(|| ContentHash::of(&bytes)) })
}

/// Pictures of one size as images of the dataset.
fn scaled(opened: Vec<Opened<'_>>, context: &Context<'_>) -> impl Iterator<Item = Image> {
    let (fit, side) = (context.config.pack.fit, context.config.pack.resolution);
    let (pictures, known): (Vec<RgbImage>, Vec<_>) =
        opened.into_iter().map(|opened| (opened.image, (opened.item, opened.picture))).unzip();
    let dimensions = pictures.first().map_or((0, 0), RgbImage::dimensions);
    let images = resample(&pictures, fit, side);
    let dhashes = dhashes(&images, side);
    images.into_iter().zip(dhashes).zip(known).map(move |((pixels, dhash), (item, picture))| {
        let before = item.origin.as_ref().and_then(|origin| origin.side);
        let prepared = Prepared {
            picture,
            content: ContentHash::of(&pixels),
            dhash,
            size: before.unwrap_or(dimensions.0.min(dimensions.1)),
            upscaled: is_upscaled(dimensions, fit, side),
        };
        Ok((pixels, prepared))
    })
}
