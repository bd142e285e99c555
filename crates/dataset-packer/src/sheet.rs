//! The dataset's images on contact sheets.

use std::path::Path;

use contracts::publish::{self, FileError};
use pictures::{Encoding, Rgb, Sheet, Tile, lanczos_rgb, whole};

/// Images larger than this are shown at this side.
const MAX_TILE: u32 = 96;

/// A sheet of images of one side, dark, so that frames stand out.
pub(crate) fn sheet(side: u32) -> Sheet {
    Sheet { side: side.min(MAX_TILE), margin: 3, lines: 0, background: [24; 3] }
}

/// An image of the dataset, RGB interleaved, for a sheet of its side.
pub(crate) fn tile(pixels: &[u8], side: u32, frame: Option<[u8; 3]>) -> Tile {
    let shown = side.min(MAX_TILE);
    let small = lanczos_rgb(pixels, (side, side), whole((side, side)), (shown, shown));
    Tile { image: Rgb::new(shown, shown, small), frame, ..Tile::default() }
}

/// Writes a picture as PNG.
pub(crate) fn write(picture: &Rgb, path: &Path) -> Result<(), FileError> {
    let png = picture.encode(Encoding::Png);
    let png = png.map_err(|error| FileError::at("write", path)(std::io::Error::other(error)))?;
    publish::write_file(path, &png)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_images_are_shown_smaller_in_their_frames() {
        let tiles = [tile(&[10; 200 * 200 * 3], 200, Some([0, 255, 0])), tile(&[20; 200 * 200 * 3], 200, None)];
        let drawn = sheet(200).grid(2, &tiles);
        assert_eq!(drawn.sides(), (2 * 102, 102));
        assert_eq!((drawn.pixel(0, 0), drawn.pixel(3, 3)), ([0, 255, 0], [10; 3]));
        assert_eq!((drawn.pixel(102, 0), drawn.pixel(105, 98)), ([24; 3], [20; 3]));
    }
}
