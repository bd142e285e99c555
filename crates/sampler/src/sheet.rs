//! Sheets of samples.

use pictures::{Caption, Rgb, Sheet, Tile};

const BACKGROUND: [u8; 3] = [24; 3];
const INK: [u8; 3] = [200; 3];

/// Rows of tiles with a hair's breadth between, and room for a number below each where there are any.
pub(crate) fn rows(side: u32, rows: &[Vec<Tile>]) -> Rgb {
    let is_captioned = rows.iter().flatten().any(|tile| !tile.captions.is_empty());
    Sheet { side, margin: 1, lines: u32::from(is_captioned), background: BACKGROUND }.rows(rows)
}

/// As near to a square as the number allows.
pub(crate) fn grid(side: u32, tiles: Vec<Tile>) -> Rgb {
    let columns = (tiles.len() as f64).sqrt().ceil() as usize;
    rows(side, &tiles.chunks(columns.max(1)).map(<[Tile]>::to_vec).collect::<Vec<_>>())
}

/// An image with its index below.
pub(crate) fn numbered(index: u64, image: Rgb) -> Tile {
    Tile { captions: vec![Caption { text: index.to_string(), colour: INK }], ..image.into() }
}
