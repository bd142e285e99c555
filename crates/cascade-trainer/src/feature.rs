//! The features that a cascade is boosted from, and their codes.

use lbp_cascade::{Feature, IntegralImage, MAX_BLOCK_AREA};
use rayon::prelude::*;

/// How many features' codes are computed together while a window's sums lie in the nearest cache.
const FEATURES_AT_ONCE: usize = 64;

/// Every feature that fits into a window of `side` pixels and that detectors can evaluate, in a fixed order: stumps name features
/// by their index in it.
pub fn all_features(side: u8) -> Vec<Feature> {
    let side = u16::from(side);
    let mut all = Vec::new();
    for y in 0..side {
        for x in 0..side {
            for height in 1..=(side - y) / 3 {
                all.extend((1..=(side - x) / 3).map(|width| Feature { x, y, width, height }));
            }
        }
    }
    all.retain(|feature| usize::from(feature.width) * usize::from(feature.height) <= MAX_BLOCK_AREA);
    all
}

/// The codes of many windows, feature after feature.
pub struct Codes {
    windows: usize,
    codes: Vec<u8>,
}

impl Codes {
    /// Computes every feature's code of every window.
    pub fn of(features: &[Feature], windows: &[IntegralImage]) -> Self {
        let mut codes = vec![0; features.len() * windows.len()];
        let rows = codes.par_chunks_mut(FEATURES_AT_ONCE * windows.len().max(1));
        rows.zip(features.par_chunks(FEATURES_AT_ONCE)).for_each(|(rows, features)| {
            for (index, window) in windows.iter().enumerate() {
                for (row, feature) in features.iter().enumerate() {
                    rows[row * windows.len() + index] = feature.code(window, 0, 0);
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
    use lbp_cascade::GreyImage;

    use super::*;

    #[test]
    fn all_features_fit_and_the_table_holds_their_codes() {
        let features = all_features(24);
        assert_eq!(features.len(), 8464);
        assert!(features.iter().all(|f| f.x + 3 * f.width <= 24 && f.y + 3 * f.height <= 24));
        assert!(all_features(64).iter().all(|f| f.width * f.height <= 257), "coarser blocks cannot be evaluated");
        let pixels: Vec<u8> = (0..576).map(|i: u32| (i * i % 251) as u8).collect();
        let integral = |pixels: &[u8]| IntegralImage::of(GreyImage::new(24, 24, pixels).unwrap());
        let windows = [integral(&pixels), integral(&[7; 576])];
        let codes = Codes::of(&features, &windows);
        assert_eq!(codes.features(), features.len());
        for (index, feature) in features.iter().enumerate() {
            assert_eq!(codes.row(index), [feature.code(&windows[0], 0, 0), 255]);
        }
    }
}
