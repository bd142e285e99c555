//! Images laid out in a square of eight by eight, by themselves or beside others.

use crate::images::{Canvas, Images};

/// How many images a grid shows.
pub const SHOWN: usize = 64;

const COLUMNS: usize = 8;
/// Between the halves of a pair of grids, in pixels.
const GAP: usize = 8;
const WHITE: u8 = 255;

/// The first [`SHOWN`] images, eight a row, as a PNG file.
///
/// # Errors
/// When there is no image to show.
pub fn single(images: &Images) -> Result<Vec<u8>, image::ImageError> {
    paired_canvas(&[images]).to_png()
}

/// The first [`SHOWN`] of each, side by side with a gap between, as a PNG file.
///
/// # Errors
/// When there is no image to show.
pub fn pair(left: &Images, right: &Images) -> Result<Vec<u8>, image::ImageError> {
    paired_canvas(&[left, right]).to_png()
}

fn paired_canvas(halves: &[&Images]) -> Canvas {
    let width = |images: &Images| images.len().min(COLUMNS) * images.side();
    let height = |images: &Images| images.len().min(SHOWN).div_ceil(COLUMNS) * images.side();
    let total = halves.iter().map(|half| width(half)).sum::<usize>() + GAP * (halves.len() - 1);
    let tallest = halves.iter().map(|half| height(half)).max().unwrap_or_default();
    let mut canvas = Canvas::filled(total, tallest, WHITE);
    let mut left = 0;
    for half in halves {
        let side = half.side();
        for (index, image) in half.iter().take(SHOWN).enumerate() {
            canvas.lay(image, side, (left + index % COLUMNS * side, index / COLUMNS * side));
        }
        left += width(half) + GAP;
    }
    canvas
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greys(values: std::ops::Range<u8>) -> Images {
        Images::new(1, values.flat_map(|grey| [grey; 3]).collect()).unwrap()
    }

    #[test]
    fn a_row_has_eight_and_the_rest_is_white() {
        let canvas = paired_canvas(&[&greys(0..10)]);
        assert_eq!((canvas.width, canvas.height), (8, 2));
        let reds: Vec<u8> = canvas.pixels.iter().step_by(3).copied().collect();
        assert_eq!(reds, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 255, 255, 255, 255, 255, 255]);
    }

    #[test]
    fn halves_of_different_sizes_stand_side_by_side() {
        let canvas = paired_canvas(&[&greys(0..100), &greys(100..103)]);
        assert_eq!((canvas.width, canvas.height), (8 + GAP + 3, 8));
        assert_eq!(canvas.pixels[(8 + GAP) * 3], 100);
        assert_eq!(canvas.pixels[(canvas.width + 8 + GAP) * 3], 255);
    }

    #[test]
    fn a_grid_is_a_png_of_the_same_pixels() {
        let decoded = image::load_from_memory(&single(&greys(0..8)).unwrap()).unwrap().into_rgb8();
        assert_eq!(decoded.dimensions(), (8, 1));
        assert_eq!(decoded.into_raw(), greys(0..8).iter().flatten().copied().collect::<Vec<_>>());
        assert!(single(&greys(0..0)).is_err());
    }
}
