//! Writes the selected images as the dataset's rows.

use std::path::Path;

use contracts::{
    Context,
    hash::{ContentHash, Hasher},
    publish::FileError,
};
use dataset::{EncodedImage, ImageShape, Limits, Row, RowGroup, SplitName, Writer, Written};
use rayon::prelude::*;

use crate::{error::PackError, item::Item, prepared::Prepared, store::PixelFile};

/// How many images are encoded at once.
const CHUNK: usize = 256;

/// A row to write: where its pixels are in its shard, and what is known of it.
pub(crate) struct Selected<'a> {
    pub(crate) index: usize,
    pub(crate) split: SplitName,
    pub(crate) item: &'a Item,
    pub(crate) prepared: &'a Prepared,
}

/// The rows of one shard, in their order.
pub(crate) struct SelectedShard<'a> {
    pub(crate) name: &'a str,
    pub(crate) rows: Vec<Selected<'a>>,
}

/// Writes the rows into a folder that nobody reads yet. What the dataset that is there now has already is taken over.
pub(crate) fn assemble(
    folder: &Path,
    shards: &[SelectedShard<'_>],
    context: &Context<'_>,
) -> Result<Written, PackError> {
    let shape = ImageShape::new(context.config.pack.resolution);
    let mut writer = Writer::create(folder, shape, Limits::default())?.replacing(&context.layout.dataset());
    context.progress.begin("writing the dataset", shards.iter().map(|shard| shard.rows.len() as u64).sum());
    for shard in shards {
        for split in SplitName::ALL {
            let selected: Vec<&Selected<'_>> = shard.rows.iter().filter(|row| row.split == split).collect();
            if !selected.is_empty() {
                write_group(&mut writer, shard.name, split, &selected, context)?;
            }
        }
    }
    Ok(writer.finish()?)
}

fn write_group(
    writer: &mut Writer,
    shard: &str,
    split: SplitName,
    selected: &[&Selected<'_>],
    context: &Context<'_>,
) -> Result<(), PackError> {
    let rows: Vec<Row> = selected.iter().map(|selected| row_of(selected.item, selected.prepared)).collect();
    let contents = selected.iter().map(|selected| selected.prepared.content);
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
        selected.iter().map(|row| Ok((pixels.read(row.index)?, row.prepared.content))).collect();
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
        score: origin.and_then(|origin| origin.score),
        dhash: prepared.dhash,
    }
}
