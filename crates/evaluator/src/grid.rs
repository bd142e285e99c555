//! Images laid out in a square of eight by eight, by themselves or beside others.

use metrics::Images;
use pictures::{EncodeError, Encoding, Rgb, Sheet, Tile, side_by_side};

/// How many images a grid shows.
pub(crate) const SHOWN: usize = 64;

const COLUMNS: usize = 8;
/// Between the halves of a pair of grids, in pixels.
const GAP: u32 = 8;
const WHITE: [u8; 3] = [255; 3];

/// The first [`SHOWN`] images, eight a row, as a PNG file; one white image where there are none.
///
/// # Errors
/// When the grid is larger than a PNG file can be.
pub(crate) fn single(images: &Images) -> Result<Vec<u8>, EncodeError> {
    // Small, because it travels within the report's page.
    sheet(images).encode(Encoding::SmallPng)
}

/// The first [`SHOWN`] of each, side by side with a gap between, as a PNG file.
///
/// # Errors
/// When the grid is larger than a PNG file can be.
pub(crate) fn pair(left: &Images, right: &Images) -> Result<Vec<u8>, EncodeError> {
    let sheets = [sheet(left), sheet(right)];
    let pair = side_by_side(&sheets, GAP, WHITE).expect("there are two of them");
    pair.encode(Encoding::SmallPng)
}

fn sheet(images: &Images) -> Rgb {
    let side = images.side() as u32;
    let image = |pixels: &[u8]| Rgb::new(side, side, pixels.to_vec()).map(Tile::from);
    let tiles: Vec<Tile> = images.iter().take(SHOWN).filter_map(image).collect();
    Sheet { side, margin: 0, lines: 0, background: WHITE }.grid(tiles.len().min(COLUMNS), &tiles)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greys(values: std::ops::Range<u8>) -> Images {
        Images::new(1, values.flat_map(|grey| [grey; 3]).collect()).unwrap()
    }

    #[test]
    fn a_row_has_eight_and_the_rest_is_white() {
        let sheet = sheet(&greys(0..10));
        assert_eq!(sheet.sides(), (8, 2));
        let reds: Vec<u8> = sheet.pixels().iter().map(|pixel| pixel[0]).collect();
        assert_eq!(reds, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 255, 255, 255, 255, 255, 255]);
    }

    #[test]
    fn halves_of_different_sizes_stand_side_by_side() {
        let decoded = image::load_from_memory(&pair(&greys(0..100), &greys(100..103)).unwrap()).unwrap().into_rgb8();
        assert_eq!(decoded.dimensions(), (8 + GAP + 3, 8));
        assert_eq!(decoded.get_pixel(8 + GAP, 0).0, [100; 3]);
        assert_eq!(decoded.get_pixel(8 + GAP, 1).0, WHITE);
    }

    #[test]
    fn a_grid_is_a_png_of_the_same_pixels() {
        let decoded = image::load_from_memory(&single(&greys(0..8)).unwrap()).unwrap().into_rgb8();
        assert_eq!(decoded.dimensions(), (8, 1));
        assert_eq!(decoded.into_raw(), greys(0..8).iter().flatten().copied().collect::<Vec<_>>());
    }
}
