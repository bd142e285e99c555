//! Contact sheets: small images side by side in one picture.

use std::{io::Cursor, path::Path};

use contracts::publish::{self, FileError};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions};
use image::{ImageFormat, Rgb, RgbImage};

use crate::resample::scale;

/// Images larger than this are shown at this side.
const LARGEST_TILE: u32 = 96;
/// Pixels between tiles, where frames are drawn.
const GAP: u32 = 3;
const BACKGROUND: Rgb<u8> = Rgb([24, 24, 24]);

/// An image on a sheet.
pub(crate) struct Tile {
    /// RGB interleaved, as the dataset has it.
    pub(crate) pixels: Vec<u8>,
    /// The colour of its frame; the background's where there is none.
    pub(crate) frame: Option<[u8; 3]>,
}

/// Lays rows of tiles of one side; rows may differ in length.
pub(crate) fn draw(rows: &[Vec<Tile>], side: u32) -> RgbImage {
    let tile = side.min(LARGEST_TILE);
    let step = tile + 2 * GAP;
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0).max(1);
    let mut sheet = RgbImage::from_pixel(columns as u32 * step, rows.len().max(1) as u32 * step, BACKGROUND);
    for (y, row) in (0..).zip(rows) {
        for (x, image) in (0..).zip(row) {
            place(&mut sheet, image, (x * step, y * step), side, tile);
        }
    }
    sheet
}

fn place(sheet: &mut RgbImage, image: &Tile, (left, top): (u32, u32), side: u32, tile: u32) {
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
    let small = scale(&image.pixels, (side, side), (tile, tile), PixelType::U8x3, &options);
    let step = tile + 2 * GAP;
    for (x, y) in (0..step).flat_map(|y| (0..step).map(move |x| (x, y))) {
        let inside = (GAP..GAP + tile).contains(&x) && (GAP..GAP + tile).contains(&y);
        let colour = match inside {
            true => {
                let at = (((y - GAP) * tile + x - GAP) * 3) as usize;
                Some([small[at], small[at + 1], small[at + 2]])
            }
            false => image.frame,
        };
        if let Some(colour) = colour {
            sheet.put_pixel(left + x, top + y, Rgb(colour));
        }
    }
}

/// Writes a picture as PNG.
pub(crate) fn write(picture: &RgbImage, path: &Path) -> Result<(), FileError> {
    let mut png = Cursor::new(Vec::new());
    let encoded = picture.write_to(&mut png, ImageFormat::Png);
    encoded.map_err(|error| FileError::at("write", path)(std::io::Error::other(error)))?;
    publish::write_file(path, &png.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_lie_in_their_frames() {
        let tile = |value: u8, frame| Tile { pixels: vec![value; 8 * 8 * 3], frame };
        let rows = [vec![tile(10, Some([0, 255, 0])), tile(20, None)], vec![tile(30, None)]];
        let sheet = draw(&rows, 8);
        assert_eq!(sheet.dimensions(), (2 * 14, 2 * 14));
        let check = |x, y, expected| assert_eq!(sheet.get_pixel(x, y).0, expected, "{x} {y}");
        check(0, 0, [0, 255, 0]);
        check(3, 3, [10; 3]);
        check(13, 13, [0, 255, 0]);
        check(17, 3, [20; 3]);
        check(14, 0, BACKGROUND.0);
        check(10, 24, [30; 3]);
        check(20, 20, BACKGROUND.0);
    }
}
