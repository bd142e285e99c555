//! Boxes that a cascade found, at a glance.

use std::fs;

use pictures::{Alpha, Narrowing, PictureFile, Rgb, Sheet, Tile};

use crate::{
    error::TrainingError,
    evaluation::{Found, Pictures},
    sampling::MAX_PIXELS,
};

/// A box's side on a sheet in pixels.
const SIDE: u32 = 90;
/// Boxes side by side at most.
const MAX_COLUMNS: usize = 12;

/// A contact sheet of boxes: framed green where a subject is, red where none is, grey where nobody said.
///
/// # Errors
/// When a picture cannot be read again.
pub fn draw(pictures: &Pictures, boxes: &[&Found]) -> Result<Rgb, TrainingError> {
    let tiles = boxes.iter().map(|found| tile(pictures, found)).collect::<Result<Vec<_>, _>>()?;
    let sheet = Sheet { side: SIDE, margin: 3, lines: 0, background: [0; 3] };
    Ok(sheet.grid(boxes.len().clamp(1, MAX_COLUMNS), &tiles))
}

fn tile(pictures: &Pictures, found: &Found) -> Result<Tile, TrainingError> {
    let path = pictures.path(found.picture);
    let bytes = fs::read(path).map_err(TrainingError::reading(path))?;
    let file = PictureFile::open(&bytes, MAX_PIXELS);
    let Ok(picture) = file.and_then(|file| file.decode(Alpha::Drop, Narrowing::UpperByte)) else {
        return Ok(Tile::default());
    };
    let rect = found.rect;
    let image = picture.cropped((rect.x, rect.y), (rect.width.unsigned_abs(), rect.height.unsigned_abs()));
    let frame = match found.is_right {
        Some(true) => [60, 190, 60],
        Some(false) => [220, 40, 40],
        None => [128; 3],
    };
    Ok(Tile { frame: Some(frame), ..Tile::from(resized(&image)) })
}

/// The image with the sides of a cell; each way by itself, as scaling either shrinks or enlarges.
fn resized(image: &Rgb) -> Rgb {
    image.scaled(SIDE, image.height()).scaled(SIDE, SIDE)
}
