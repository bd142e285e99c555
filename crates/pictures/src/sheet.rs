//! Contact sheets: small images side by side in one.

use crate::{font, pixels::Rgb};

/// How a sheet looks: cells of one size, each with room for an image, a margin around it and captions below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// The side of the square that images are laid into, in pixels.
    pub side: u32,
    /// Pixels around each image, where frames are drawn.
    pub margin: u32,
    /// Lines of writing below each image.
    pub lines: u32,
    /// What is seen where nothing else is.
    pub background: [u8; 3],
}

/// What is in a cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tile {
    /// An image, which is not scaled; where there is none the cell stays empty.
    pub image: Option<Rgb>,
    /// The colour of the margin; the background's where there is none.
    pub frame: Option<[u8; 3]>,
    /// Lines of writing, from the first below the image.
    pub captions: Vec<Caption>,
}

/// A line of writing. The font has lower-case hexadecimal digits, the hyphen and `N`, `W`, `G`, `B`, `S`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caption {
    /// The characters, of which those that the font lacks stay blank.
    pub text: String,
    /// The colour of its dots, red first.
    pub colour: [u8; 3],
}

impl From<Rgb> for Tile {
    fn from(image: Rgb) -> Self {
        Self { image: Some(image), ..Self::default() }
    }
}

impl Sheet {
    /// Lays tiles row by row into so many columns; a sheet has at least one cell.
    pub fn grid(&self, columns: usize, tiles: &[Tile]) -> Rgb {
        let columns = columns.max(1);
        self.lay(columns, &tiles.chunks(columns).collect::<Vec<_>>())
    }

    /// Lays rows of tiles, which may differ in length; a sheet has at least one cell.
    pub fn rows(&self, rows: &[Vec<Tile>]) -> Rgb {
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0).max(1);
        self.lay(columns, &rows.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    fn lay(&self, columns: usize, rows: &[&[Tile]]) -> Rgb {
        let (width, height) = (self.box_side(), self.box_side() + self.lines * font::LINE);
        let mut sheet = Rgb::filled(columns as u32 * width, rows.len().max(1) as u32 * height, self.background);
        for (y, row) in (0..).zip(rows) {
            for (x, tile) in (0..).zip(*row) {
                self.draw(&mut sheet, tile, (x * width, y * height));
            }
        }
        sheet
    }

    fn draw(&self, sheet: &mut Rgb, tile: &Tile, (left, top): (u32, u32)) {
        if let Some(frame) = tile.frame {
            sheet.fill((left, top), (self.box_side(), self.box_side()), frame);
        }
        if let Some(image) = &tile.image {
            sheet.lay(image, (left + self.margin, top + self.margin));
        }
        for (line, caption) in (0..).zip(&tile.captions) {
            let at = (left + self.margin, top + self.box_side() + line * font::LINE);
            font::write(sheet, at, &caption.text, caption.colour);
        }
    }

    /// The side of an image with its margin.
    fn box_side(&self) -> u32 {
        self.side + 2 * self.margin
    }
}

/// Images from left to right, their upper edges in line, with a gap between; `None` where there are none.
pub fn side_by_side(images: &[Rgb], gap: u32, background: [u8; 3]) -> Option<Rgb> {
    let height = images.iter().map(Rgb::height).max()?;
    let width = images.iter().map(Rgb::width).sum::<u32>() + gap * (images.len() as u32 - 1);
    let mut whole = Rgb::filled(width, height, background);
    let mut left = 0;
    for image in images {
        whole.lay(image, (left, 0));
        left += image.width() + gap;
    }
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKGROUND: [u8; 3] = [24; 3];

    fn tile(value: u8, frame: Option<[u8; 3]>) -> Tile {
        Tile { frame, ..Rgb::filled(8, 8, [value; 3]).into() }
    }

    #[test]
    fn tiles_lie_in_their_frames() {
        let rows = [vec![tile(10, Some([0, 255, 0])), tile(20, None)], vec![tile(30, None)]];
        let sheet = Sheet { side: 8, margin: 3, lines: 0, background: BACKGROUND }.rows(&rows);
        assert_eq!(sheet.sides(), (2 * 14, 2 * 14));
        let check = |x, y, expected| assert_eq!(sheet.pixel(x, y), expected, "{x} {y}");
        check(0, 0, [0, 255, 0]);
        check(3, 3, [10; 3]);
        check(13, 13, [0, 255, 0]);
        check(17, 3, [20; 3]);
        check(14, 0, BACKGROUND);
        check(10, 24, [30; 3]);
        check(20, 20, BACKGROUND);
    }

    #[test]
    fn captions_are_written_below() {
        let captions = vec![Caption { text: "-".into(), colour: [9; 3] }, Caption { text: "7".into(), colour: [8; 3] }];
        let sheet = Sheet { side: 8, margin: 1, lines: 2, background: BACKGROUND };
        let drawn = sheet.grid(2, &[Tile { captions, ..Tile::default() }, tile(5, None), tile(6, None)]);
        assert_eq!(drawn.sides(), (20, 2 * 34));
        assert_eq!((drawn.pixel(1, 14), drawn.pixel(1, 22)), ([9; 3], [8; 3]));
        assert_eq!((drawn.pixel(11, 1), drawn.pixel(1, 35)), ([5; 3], [6; 3]));
    }

    #[test]
    fn images_of_different_heights_stand_side_by_side() {
        let whole = side_by_side(&[Rgb::filled(2, 3, [1; 3]), Rgb::filled(1, 1, [2; 3])], 4, [255; 3]).unwrap();
        assert_eq!(whole.sides(), (7, 3));
        assert_eq!((whole.pixel(1, 2), whole.pixel(6, 0)), ([1; 3], [2; 3]));
        assert_eq!((whole.pixel(2, 0), whole.pixel(6, 1)), ([255; 3], [255; 3]));
        assert_eq!(side_by_side(&[], 4, [0; 3]), None);
    }
}
