//! Boxes that a cascade found, at a glance.

use std::fs;

use image::RgbImage;

use crate::{
    error::TrainingError,
    evaluation::{Found, Pictures},
};

/// A box's side on a sheet in pixels, its frame included.
const TILE: u32 = 96;
/// The frame's width in pixels.
const FRAME: u32 = 3;
/// Boxes side by side.
const MAX_ACROSS: u32 = 12;

/// A contact sheet of boxes: framed green where a subject is, red where none is, grey where nobody said.
///
/// # Errors
/// When a picture cannot be read again.
pub fn draw(pictures: &Pictures, boxes: &[&Found]) -> Result<RgbImage, TrainingError> {
    let across = (boxes.len() as u32).clamp(1, MAX_ACROSS);
    let down = (boxes.len() as u32).div_ceil(across).max(1);
    let mut sheet = RgbImage::new(across * TILE, down * TILE);
    for (index, found) in boxes.iter().enumerate() {
        let path = pictures.path(found.picture);
        let bytes = fs::read(path).map_err(TrainingError::reading(path))?;
        let Ok(picture) = image::load_from_memory(&bytes) else { continue };
        let [x, y, width, height] = <[i32; 4]>::from(found.rect).map(i32::unsigned_abs);
        let inner = TILE - 2 * FRAME;
        let crop = picture.crop_imm(x, y, width, height).resize_exact(inner, inner, image::imageops::Triangle);
        let colour = match found.is_right {
            Some(true) => [60, 190, 60],
            Some(false) => [220, 40, 40],
            None => [128; 3],
        };
        let mut tile = RgbImage::from_pixel(TILE, TILE, image::Rgb(colour));
        image::imageops::replace(&mut tile, &crop.into_rgb8(), FRAME.into(), FRAME.into());
        let (column, row) = (index as u32 % across, index as u32 / across);
        image::imageops::replace(&mut sheet, &tile, (column * TILE).into(), (row * TILE).into());
    }
    Ok(sheet)
}
