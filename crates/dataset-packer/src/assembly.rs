//! Writes the selected images as the dataset's rows.

use std::path::Path;

use contracts::{
    Context,
    hash::{ContentHash, Hasher},
    publish::FileError,
};
use dataset::{EncodedImage, ImageShape, Limits, Row, RowGroup, SplitName, Writer, Written};
use rayon::prelude::*;

use crate::{
    decisions::{PlacedRow, Rows},
    error::PackError,
    item::Item,
    items::ItemStore,
    prepared::{Preparation, Prepared},
    shards::Shard,
    store::{PixelFile, StoredShard},
};

/// How many images are encoded at once.
const CHUNK: usize = 256;

/// A row to write: where its pixels are in its shard, and what is known of it.
struct Selected<'a> {
    row: PlacedRow,
    item: &'a Item,
    prepared: &'a Prepared,
}

/// Writes the rows into a folder that nobody reads yet. What the dataset that is there now has already is taken over.
pub(crate) fn assemble(
    folder: &Path,
    items: &mut ItemStore,
    rows: &mut Rows,
    context: &Context<'_>,
) -> Result<Written, PackError> {
    let shape = ImageShape::new(context.config.pack.resolution);
    let mut writer = Writer::create(folder, shape, Limits::default())?.replacing(&context.layout.dataset());
    context.progress.begin("writing the dataset", rows.counts.train + rows.counts.holdout);
    let mut rows = rows.open();
    for shard in items.shards(|_| true) {
        let shard = shard?;
        let rows = rows.of_shard(shard.number)?;
        if rows.is_empty() {
            continue;
        }
        let preparations = StoredShard::read(context.layout, &shard.name).map(|stored| stored.preparations);
        let selected = selected(&shard, &rows, preparations.as_deref().unwrap_or_default());
        let damaged = || PackError::PreparedDamaged(context.layout.prepared_shard(&shard.name));
        let selected = selected.ok_or_else(damaged)?;
        for split in SplitName::ALL {
            let selected: Vec<&Selected<'_>> = selected.iter().filter(|selected| selected.row.split == split).collect();
            if !selected.is_empty() {
                write_group(&mut writer, &shard.name, split, &selected, context)?;
            }
        }
    }
    Ok(writer.finish()?)
}

/// The rows of a shard with what is known of them; `None` where it is no longer what it was when they were chosen.
fn selected<'a>(shard: &'a Shard, rows: &[PlacedRow], preparations: &'a [Preparation]) -> Option<Vec<Selected<'a>>> {
    let images = shard.items.iter().zip(preparations);
    let images: Vec<_> = images.filter_map(|(item, preparation)| Some((item, preparation.as_ref().ok()?))).collect();
    let select = |row: &PlacedRow| {
        let (item, prepared) = images.get(row.index).filter(|(_, prepared)| prepared.content == row.content)?;
        Some(Selected { row: *row, item, prepared })
    };
    rows.iter().map(select).collect()
}

fn write_group(
    writer: &mut Writer,
    shard: &str,
    split: SplitName,
    selected: &[&Selected<'_>],
    context: &Context<'_>,
) -> Result<(), PackError> {
    let rows: Vec<Row> = selected.iter().map(|selected| row_of(selected.item, selected.prepared)).collect();
    let contents = selected.iter().map(|selected| selected.row.content);
    let group = RowGroup { name: shard.to_owned(), rows: hash_of(rows.iter().zip(contents)) };
    if writer.begin(split, &group)? {
        context.progress.advance(rows.len() as u64);
        return Ok(());
    }
    let shape = ImageShape::new(context.config.pack.resolution);
    let mut pixels = PixelFile::open(context.layout, shard, shape.values())?;
    for (rows, selected) in rows.chunks(CHUNK).zip(selected.chunks(CHUNK)) {
        if context.interrupt.is_raised() {
            return Err(PackError::Interrupted);
        }
        for (row, image) in rows.iter().zip(encode(selected, shape, &mut pixels)?) {
            writer.push(split, row, &image)?;
        }
        context.progress.advance(rows.len() as u64);
    }
    Ok(())
}

/// Encodes images of a shard after checking that they are what was prepared.
fn encode(
    selected: &[&Selected<'_>],
    shape: ImageShape,
    pixels: &mut PixelFile,
) -> Result<Vec<EncodedImage>, PackError> {
    let read: Result<Vec<(Vec<u8>, ContentHash)>, FileError> =
        selected.iter().map(|Selected { row, .. }| Ok((pixels.read(row.index)?, row.content))).collect();
    let encode = |(read, content): &(Vec<u8>, ContentHash)| match ContentHash::of(read) == *content {
        true => Ok(shape.encode(read)?),
        false => Err(PackError::PreparedDamaged(pixels.path().into())),
    };
    read?.par_iter().map(encode).collect()
}

fn hash_of<'a>(rows: impl Iterator<Item = (&'a Row, ContentHash)>) -> ContentHash {
    let mut hasher = Hasher::default();
    for (row, content) in rows {
        let json = serde_json::to_vec(row).unwrap_or_else(|error| unreachable!("a row is plain JSON: {error}"));
        hasher.field(&json);
        hasher.field(content.bytes());
    }
    hasher.finish()
}

fn row_of(item: &Item, prepared: &Prepared) -> Row {
    let origin = item.origin.as_deref();
    Row {
        path: item.name.clone(),
        label: item.label,
        face: origin.and_then(|origin| origin.face.clone()),
        picture: prepared.picture,
        post: item.post().cloned(),
        source_url: origin.and_then(|origin| origin.source_url.clone()),
        rating: origin.and_then(|origin| origin.rating.clone()),
        tags: origin.map(|origin| origin.tags.clone()).unwrap_or_default(),
        pixel_box: origin.and_then(|origin| origin.pixel_box),
        angle: origin.and_then(|origin| origin.angle),
        score: origin.and_then(|origin| origin.score),
        dhash: prepared.dhash,
    }
}
