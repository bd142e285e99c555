//! A small dataset whose every value is known: several batches and shards, rows with everything and with nothing.
#![allow(clippy::unwrap_used, dead_code, reason = "test material; not every user of it needs all")]

use std::path::Path;

use contracts::{hash::ContentHash, id::FaceId};
use dataset::{Dhash, ImageShape, Limits, Row, SplitName, Writer, Written};

/// Small enough that a few rows make several batches and shards.
pub(crate) const SMALL: Limits = Limits { batch_rows: 3, batch_bytes: usize::MAX, shard_bytes: 9_000 };

/// How many rows there are.
pub(crate) const ROWS: usize = 23;

/// One row. Every fifth is a foreign picture of which nothing is known.
pub(crate) fn row(number: usize) -> Row {
    let picture = ContentHash::of(&number.to_le_bytes());
    let foreign = Row {
        path: format!("folder/{number}.png"),
        label: None,
        face: None,
        picture,
        post: None,
        source_url: None,
        rating: None,
        tags: Vec::new(),
        pixel_box: None,
        angle: None,
        score: None,
        dhash: Dhash(number as u64 * 0x0123_4567_89ab),
    };
    if number % 5 == 4 {
        return foreign;
    }
    Row {
        label: number.is_multiple_of(2).then_some(number as i64),
        face: Some(FaceId { picture, index: number as u32 }),
        post: Some(format!("mini:{number}").parse().unwrap()),
        source_url: Some(format!("http://mini.invalid/{number}.png")),
        rating: Some("s".into()),
        tags: vec![format!("目_{number}"); number % 3],
        pixel_box: Some([number as i32, 0, 9, 9].into()),
        angle: Some(number as f64 - 4.0),
        score: Some(number as f64 / 4.0),
        ..foreign
    }
}

/// The pixels of one row.
pub(crate) fn pixels(shape: ImageShape, number: usize) -> Vec<u8> {
    (0..shape.values()).map(|i| ((i * 31 + number * 7) % 256) as u8).collect()
}

/// Which split a row is in.
pub(crate) fn split_of(number: usize) -> SplitName {
    if number % 6 == 5 || number == 22 { SplitName::Holdout } else { SplitName::Train }
}

/// The rows of a split.
pub(crate) fn numbers(split: SplitName) -> Vec<usize> {
    (0..ROWS).filter(|number| split_of(*number) == split).collect()
}

/// Writes the dataset into a folder.
pub(crate) fn write(folder: &Path, side: u32, limits: Limits) -> Written {
    let shape = ImageShape::new(side);
    let mut writer = Writer::create(folder, shape, limits).unwrap();
    for number in 0..ROWS {
        writer.push(split_of(number), &row(number), &shape.encode(&pixels(shape, number)).unwrap()).unwrap();
    }
    writer.finish().unwrap()
}
