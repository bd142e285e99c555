//! Writes the selected images as the dataset's rows.

use std::path::Path;

use contracts::Context;
use dataset::{EncodedImage, ImageShape, Limits, Row, SplitName, Writer, Written};
use rayon::prelude::*;

use crate::{error::PackError, item::Item, prepare::Prepared, spill::SpillReader};

/// How many images are encoded at once.
const CHUNK: usize = 256;

/// A row to write: where its pixels are in the spill, and what is known of it.
pub(crate) struct Selected<'a> {
    pub(crate) place: usize,
    pub(crate) split: SplitName,
    pub(crate) item: &'a Item,
    pub(crate) prepared: &'a Prepared,
}

/// Writes the rows in their order into a folder that nobody reads yet.
pub(crate) fn assemble(
    folder: &Path,
    selected: &[Selected<'_>],
    spill: &mut SpillReader,
    context: &Context<'_>,
) -> Result<Written, PackError> {
    let shape = ImageShape::new(context.config.pack.resolution);
    let mut writer = Writer::create(folder, shape, Limits::default())?;
    context.progress.begin("writing the dataset", selected.len() as u64);
    for part in selected.chunks(CHUNK) {
        if context.interrupt.is_raised() {
            return Err(PackError::Interrupted);
        }
        let pixels: Result<Vec<Vec<u8>>, _> = part.iter().map(|row| spill.read(row.place)).collect();
        let images: Result<Vec<EncodedImage>, _> = pixels?.par_iter().map(|pixels| shape.encode(pixels)).collect();
        for (row, image) in part.iter().zip(images?) {
            writer.push(row.split, &row_of(row.item, row.prepared), &image)?;
        }
        context.progress.advance(part.len() as u64);
    }
    Ok(writer.finish()?)
}

fn row_of(item: &Item, prepared: &Prepared) -> Row {
    let face = item.face.as_deref();
    Row {
        path: item.name.clone(),
        label: None,
        face: face.map(|face| face.face.clone()),
        picture: prepared.picture,
        post: face.map(|face| face.post.clone()),
        source_url: face.map(|face| face.source_url.clone()),
        rating: face.map(|face| face.rating.clone()),
        tags: face.map(|face| face.tags.clone()).unwrap_or_default(),
        pixel_box: face.map(|face| face.pixel_box),
        score: face.map(|face| face.score),
        dhash: prepared.dhash,
    }
}
