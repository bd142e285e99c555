//! The heavy half: each item is read, decoded, scaled and fingerprinted, a shard at a time, and kept on disk.

use contracts::{Context, hash::ContentHash, id::PictureHash, publish};
use dataset::ImageShape;
use pictures::{Alpha, MemoryBudget, Narrowing, PictureFile, Reservation, Rgb};
use rayon::prelude::*;

use crate::{
    error::PackError,
    fingerprint::dhashes,
    item::Item,
    prepared::{Preparation, Prepared},
    reason::DropReason,
    resample::{is_upscaled, resample},
    shards::Shard,
    store::{ShardFile, StoredShard},
};

/// Files longer than this are not read: no picture within [`MAX_PIXELS`] needs as much, and files are held whole.
pub(crate) const MAX_FILE_BYTES: u64 = 256 << 20;

/// Pictures of more pixels are not decoded: one takes 2.4 GB at worst, and is then decoded alone.
const MAX_PIXELS: u64 = 200_000_000;

/// How much is decoded ahead of the disk.
const CHUNK_BYTES: usize = 64 << 20;

/// How much is scaled at once.
const MAX_PIXELS_AT_ONCE: u64 = 1 << 20;

/// Prepares a shard, unless it is there already; says what became of its items.
pub(crate) fn prepare(shard: &Shard, context: &Context<'_>) -> Result<Vec<Preparation>, PackError> {
    let key = shard.file_key(context.config);
    let stored = StoredShard::read(context.layout, &shard.name);
    // Taken before they are prepared: files that change meanwhile are others than these.
    let content = match &stored {
        Some(stored) if stored.key == key => None,
        _ => Some(shard.content_key(context.config)),
    };
    if let Some(stored) = stored.filter(|stored| content.is_none() || stored.content == content) {
        context.progress.advance(shard.items.len() as u64);
        return Ok(stored.under(key, context.layout, &shard.name)?);
    }
    let mut preparations = Vec::new();
    publish::publish_folder(&context.layout.prepared_shard(&shard.name), |folder| {
        let mut file = ShardFile::create(folder)?;
        images(shard, context, |image| Ok(file.push(image)?))?;
        preparations = file.finish(folder, key, content)?;
        Ok::<_, PackError>(())
    })?;
    Ok(preparations)
}

/// Makes a shard's items images and hands them on, in their order.
///
/// # Errors
/// When it is interrupted, or whoever takes the images fails.
pub(crate) fn images(
    shard: &Shard,
    context: &Context<'_>,
    mut take: impl FnMut(Image) -> Result<(), PackError>,
) -> Result<(), PackError> {
    let chunk = (CHUNK_BYTES / ImageShape::new(context.config.pack.resolution).values()).clamp(64, 4096);
    let budget = MemoryBudget::for_workers(rayon::current_num_threads());
    for part in shard.items.chunks(chunk) {
        // Every thread has its share of even a small shard.
        let run = (part.len() / (4 * rayon::current_num_threads())).clamp(1, 32);
        let looked_at: Vec<_> = part.par_chunks(run).map(|items| prepare_run(items, &budget, context)).collect();
        for preparations in looked_at {
            preparations.ok_or(PackError::Interrupted)?.into_iter().try_for_each(&mut take)?;
        }
    }
    Ok(())
}

/// An item's pixels and what is known of it, or why there are none.
pub(crate) type Image = Result<(Vec<u8>, Prepared), DropReason>;

/// A picture that was read and decoded.
struct Opened<'a> {
    item: &'a Item,
    picture: PictureHash,
    image: Rgb,
    /// What a large one takes, until it has been scaled.
    reserved: Option<Reservation<'a>>,
}

impl Opened<'_> {
    /// Whether it is scaled before another is opened: whoever holds memory of the budget asks for no more.
    fn is_large(&self) -> bool {
        self.image.area() > MAX_PIXELS_AT_ONCE
    }
}

/// Prepares items one after the other; neighbours of one size are scaled together. `None` when the interrupt was raised.
fn prepare_run(items: &[Item], budget: &MemoryBudget, context: &Context<'_>) -> Option<Vec<Image>> {
    let (mut images, mut same_size) = (Vec::new(), Vec::new());
    for item in items {
        if context.interrupt.is_raised() {
            return None;
        }
        let opened = open(item, budget);
        if opened.as_ref().map_or(true, |opened| !fits_with(opened, &same_size)) {
            images.extend(scaled(std::mem::take(&mut same_size), context));
        }
        match opened {
            Ok(opened) if opened.is_large() => images.extend(scaled(vec![opened], context)),
            Ok(opened) => same_size.push(opened),
            Err(reason) => {
                tracing::debug!(item = item.name, %reason, "left out");
                images.push(Err(reason));
            }
        }
        context.progress.advance(1);
    }
    images.extend(scaled(same_size, context));
    Some(images)
}

/// Whether a picture may be scaled together with others: of their size, and small, since all are held in memory.
fn fits_with(opened: &Opened<'_>, others: &[Opened<'_>]) -> bool {
    let pixels = opened.image.area() * (others.len() as u64 + 1);
    others.iter().all(|other| other.image.sides() == opened.image.sides()) && pixels <= MAX_PIXELS_AT_ONCE
}

/// Reads and decodes an item. What is transparent lies on white, as it does on the sites that pictures come from.
fn open<'a>(item: &'a Item, budget: &'a MemoryBudget) -> Result<Opened<'a>, DropReason> {
    if item.location.length().map_err(|_| DropReason::Unreadable)? > MAX_FILE_BYTES {
        return Err(DropReason::TooLarge);
    }
    let bytes = item.location.read().map_err(|_| DropReason::Unreadable)?;
    let known = item.origin.as_ref().and_then(|origin| origin.picture);
    let file = PictureFile::open(&bytes, MAX_PIXELS)?;
    let reserved = budget.reserve(file.probe().decoding_bytes());
    let image = file.decode(Alpha::White, Narrowing::Nearest)?;
    let vouched = item.origin.as_ref().and_then(|origin| origin.pixels);
    if vouched.is_some_and(|vouched| vouched != ContentHash::of(&image.blue_first())) {
        return Err(DropReason::Altered);
    }
    let mut opened = Opened { item, image, picture: known.unwrap_or_else(|| ContentHash::of(&bytes)), reserved: None };
    opened.reserved = opened.is_large().then_some(reserved);
    Ok(opened)
}

/// Pictures of one size as images of the dataset.
fn scaled(opened: Vec<Opened<'_>>, context: &Context<'_>) -> impl Iterator<Item = Image> {
    let (fit, side) = (context.config.pack.fit, context.config.pack.resolution);
    let (pictures, known): (Vec<Rgb>, Vec<_>) =
        opened.into_iter().map(|Opened { image, item, picture, reserved }| (image, (item, picture, reserved))).unzip();
    let sides = pictures.first().map_or((0, 0), Rgb::sides);
    let images = resample(&pictures, fit, side);
    let dhashes = dhashes(&images, side);
    images.into_iter().zip(dhashes).zip(known).map(move |((pixels, dhash), (item, picture, _))| {
        let before = item.origin.as_ref().and_then(|origin| origin.side);
        let prepared = Prepared {
            picture,
            content: ContentHash::of(&pixels),
            dhash,
            size: before.unwrap_or(sides.0.min(sides.1)),
            upscaled: is_upscaled(sides, fit, side),
        };
        Ok((pixels, prepared))
    })
}
