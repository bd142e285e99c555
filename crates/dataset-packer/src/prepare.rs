//! The heavy half: each item is read, decoded, scaled and fingerprinted, in parallel and apart from all others.

use contracts::{Context, config::Fit, hash::ContentHash, id::PictureHash};
use dataset::{Dhash, ImageShape};
use rayon::prelude::*;

use crate::{
    decode::{MOST_BYTES, decode},
    error::PackError,
    fingerprint::dhash,
    item::Item,
    reason::Reason,
    resample::{is_upscaled, resample},
    spill::Spill,
};

/// How much is decoded ahead of the spill.
const CHUNK_BYTES: usize = 64 << 20;

/// What is known of an item once it has been looked at. Its pixels are in the spill, at the place of this among the
/// prepared.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Prepared {
    /// The item's place in the listing.
    pub(crate) item: usize,
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

/// Prepares all items in their order. What cannot be used is told to `dropped`.
pub(crate) fn prepare(
    items: &[Item],
    spill: &mut Spill,
    context: &Context<'_>,
    mut dropped: impl FnMut(&Item, Reason),
) -> Result<Vec<Prepared>, PackError> {
    let shape = ImageShape::new(context.config.pack.resolution);
    let chunk = (CHUNK_BYTES / shape.values()).clamp(64, 4096);
    let mut prepared = Vec::new();
    context.progress.begin("preparing images", items.len() as u64);
    for (number, part) in items.chunks(chunk).enumerate() {
        let looked_at: Vec<_> = part.par_iter().map(|item| unless_interrupted(item, shape, context)).collect();
        for (place, outcome) in looked_at.into_iter().enumerate() {
            match outcome.ok_or(PackError::Interrupted)? {
                Ok((pixels, found)) => {
                    spill.push(&pixels)?;
                    prepared.push(Prepared { item: number * chunk + place, ..found });
                }
                Err(reason) => dropped(&part[place], reason),
            }
        }
    }
    Ok(prepared)
}

type Outcome = Result<(Vec<u8>, Prepared), Reason>;

fn unless_interrupted(item: &Item, shape: ImageShape, context: &Context<'_>) -> Option<Outcome> {
    if context.interrupt.is_raised() {
        return None;
    }
    let outcome = prepare_one(item, context.config.pack.fit, shape);
    context.progress.advance(1);
    Some(outcome)
}

fn prepare_one(item: &Item, fit: Fit, shape: ImageShape) -> Outcome {
    if item.place.length().map_err(|_| Reason::Unreadable)? > MOST_BYTES {
        return Err(Reason::TooLarge);
    }
    let bytes = item.place.read().map_err(|_| Reason::Unreadable)?;
    let picture = decode(&bytes)?;
    let pixels = resample(&picture, fit, shape.side());
    let size = picture.width().min(picture.height());
    let prepared = Prepared {
        item: 0,
        picture: item.face.as_ref().map_or_else(|| ContentHash::of(&bytes), |face| face.picture),
        content: ContentHash::of(&pixels),
        dhash: dhash(&pixels, shape.side()),
        size: item.face.as_ref().map_or(size, |face| face.side),
        upscaled: is_upscaled(picture.dimensions(), fit, shape.side()),
    };
    Ok((pixels, prepared))
}
