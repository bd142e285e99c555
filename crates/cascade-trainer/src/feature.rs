//! Multi-block local binary patterns: the features that a cascade is boosted from.
//!
//! Zhang, Chu, Xiang, Liao, Li: Face Detection Based on Multi-Block LBP Representation, 2007.

use rayon::prelude::*;

use crate::window::Integral;

/// How many features' codes are computed together while a window's sums lie in the nearest cache.
const FEATURES_AT_ONCE: usize = 64;

/// A square of three by three blocks in the window; its code says which outer blocks are at least as bright as the middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Feature {
    /// Left edge in pixels.
    pub x: u8,
    /// Upper edge in pixels.
    pub y: u8,
    /// A block's width in pixels.
    pub width: u8,
    /// A block's height in pixels.
    pub height: u8,
}

impl Feature {
    /// Every feature that fits into a window of `side` pixels, in a fixed order.
    pub fn all(side: u8) -> Vec<Self> {
        let mut all = Vec::new();
        for y in 0..side {
            for x in 0..side {
                for height in 1..=(side - y) / 3 {
                    all.extend((1..=(side - x) / 3).map(|width| Self { x, y, width, height }));
                }
            }
        }
        all
    }

    /// The code of a window, from 0 to 255: the outer blocks clockwise from the upper left one, the highest bit first.
    pub fn code(&self, integral: &Integral) -> u8 {
        self.code_at(integral, 0, 0)
    }

    /// The code of the window whose upper left corner is at (left, top) of a picture.
    pub fn code_at(&self, integral: &Integral, left: usize, top: usize) -> u8 {
        const CLOCKWISE: [(usize, usize); 8] = [(0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0)];
        let corner = |row: usize, column: usize| {
            let across = left + usize::from(self.x) + column * usize::from(self.width);
            integral.sum(across, top + usize::from(self.y) + row * usize::from(self.height))
        };
        let corners: [[u32; 4]; 4] = std::array::from_fn(|row| std::array::from_fn(|column| corner(row, column)));
        let block = |(row, column): (usize, usize)| {
            let (below, above) = (corners[row + 1], corners[row]);
            let lower = below[column + 1].wrapping_sub(below[column]);
            lower.wrapping_sub(above[column + 1].wrapping_sub(above[column]))
        };
        let middle = block((1, 1));
        CLOCKWISE.iter().fold(0, |code, place| code << 1 | u8::from(block(*place) >= middle))
    }
}

/// The codes of many windows, feature after feature.
pub struct Codes {
    windows: usize,
    codes: Vec<u8>,
}

impl Codes {
    /// Computes every feature's code of every window.
    pub fn of(features: &[Feature], windows: &[Integral]) -> Self {
        let mut codes = vec![0; features.len() * windows.len()];
        let rows = codes.par_chunks_mut(FEATURES_AT_ONCE * windows.len().max(1));
        rows.zip(features.par_chunks(FEATURES_AT_ONCE)).for_each(|(rows, features)| {
            for (place, window) in windows.iter().enumerate() {
                for (row, feature) in features.iter().enumerate() {
                    rows[row * windows.len() + place] = feature.code(window);
                }
            }
        });
        Self { windows: windows.len(), codes }
    }

    /// A feature's codes, in the windows' order.
    pub fn row(&self, feature: usize) -> &[u8] {
        &self.codes[feature * self.windows..][..self.windows]
    }

    /// How many features there are.
    pub fn features(&self) -> usize {
        self.codes.len().checked_div(self.windows).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_by_hand() {
        let check = |pixels: [u8; 9], expected: u8| {
            let feature = Feature { x: 0, y: 0, width: 1, height: 1 };
            assert_eq!(feature.code(&Integral::of(&pixels, 3)), expected, "{pixels:?}");
        };
        check([5; 9], 255);
        check([0, 0, 0, 0, 5, 0, 0, 0, 0], 0);
        check([9, 0, 0, 0, 5, 0, 0, 0, 0], 0b1000_0000);
        check([0, 0, 0, 9, 5, 0, 0, 0, 0], 0b0000_0001);
        check([0, 0, 9, 0, 5, 5, 0, 0, 0], 0b0011_0000);
    }

    #[test]
    fn all_features_fit_and_the_table_holds_their_codes() {
        let features = Feature::all(24);
        assert_eq!(features.len(), 8464);
        assert!(features.iter().all(|f| f.x + 3 * f.width <= 24 && f.y + 3 * f.height <= 24));
        let pixels: Vec<u8> = (0..576).map(|i: u32| (i * i % 251) as u8).collect();
        let windows = [Integral::of(&pixels, 24), Integral::of(&[7; 576], 24)];
        let codes = Codes::of(&features, &windows);
        assert_eq!(codes.features(), features.len());
        for (place, feature) in features.iter().enumerate() {
            assert_eq!(codes.row(place), [feature.code(&windows[0]), 255]);
        }
    }
}
