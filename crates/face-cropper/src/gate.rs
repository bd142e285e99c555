//! Quality gates: which of the faces found are good enough to keep.

use contracts::{config::CropConfig, record::PixelBox};
use serde::{Deserialize, Serialize};

use crate::picture::Grey;

/// What became of a face that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fate {
    /// Cut out and kept.
    Kept,
    /// Its level weight is below `crop.min_score`.
    LowScore,
    /// Its grey values deviate less than `crop.min_grey_std`.
    Flat,
    /// The user threw it away, or listed it.
    Excluded,
}

impl Fate {
    /// How a report names faces that were left out for this; `None` for those kept.
    pub(crate) fn reason(self) -> Option<&'static str> {
        match self {
            Self::Kept => None,
            Self::LowScore => Some("face below min_score"),
            Self::Flat => Some("face below min_grey_std"),
            Self::Excluded => Some("face excluded by hand"),
        }
    }
}

/// Judges a face by its level weight and by [`grey_std`]; the first gate that it fails names its fate.
pub(crate) fn judge(config: &CropConfig, score: f64, grey_std: f64) -> Fate {
    if score < config.min_score {
        Fate::LowScore
    } else if grey_std < config.min_grey_std {
        Fate::Flat
    } else {
        Fate::Kept
    }
}

/// The standard deviation of the grey values within a box (before any equalisation), in levels of 0 to 255.
///
/// σ² = E[v²] − E[v]², from whole-number sums, so that no rounding enters before the end. A box outside has 0.
pub(crate) fn grey_std(grey: &Grey, pixel_box: &PixelBox) -> f64 {
    let range = |start: i32, length: i32, end: i32| {
        let clipped = |v: i32| v.clamp(0, end) as usize;
        clipped(start)..clipped(start + length)
    };
    let columns = range(pixel_box.x, pixel_box.width, grey.width());
    let rows = range(pixel_box.y, pixel_box.height, grey.height());
    let (mut count, mut sum, mut squares) = (0u64, 0u64, 0u64);
    for row in grey.rows().skip(rows.start).take(rows.len()) {
        for value in row[columns.clone()].iter().map(|v| u64::from(*v)) {
            count += 1;
            sum += value;
            squares += value * value;
        }
    }
    if count == 0 {
        return 0.0;
    }
    // n·Σv² − (Σv)² is never negative; u128 because n² · 255² outgrows 64 bits.
    let spread = u128::from(count) * u128::from(squares) - u128::from(sum) * u128::from(sum);
    (spread as f64).sqrt() / count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deviation_worked_by_hand() {
        let grey = Grey::new(4, 2, vec![9, 0, 10, 9, 9, 10, 0, 9]).unwrap();
        let check = |pixel_box: [i32; 4], expected: f64| {
            let found = grey_std(&grey, &pixel_box.into());
            assert!((found - expected).abs() < 1e-12, "{pixel_box:?}: {found}");
        };
        check([1, 0, 2, 2], 5.0); // 0, 10, 10, 0
        check([0, 0, 1, 2], 0.0); // 9, 9
        check([3, 1, 5, 5], 0.0); // clipped to one pixel
        check([9, 9, 5, 5], 0.0); // outside
    }

    #[test]
    fn each_gate_names_what_it_drops() {
        let open = CropConfig::default();
        let strict = CropConfig { min_score: 0.0, min_grey_std: 25.0, ..CropConfig::default() };
        assert_eq!(judge(&open, -9.0, 0.0), Fate::Kept);
        assert_eq!(judge(&strict, 0.0, 25.0), Fate::Kept);
        assert_eq!(judge(&strict, -0.1, 25.0), Fate::LowScore);
        assert_eq!(judge(&strict, 0.0, 24.9), Fate::Flat);
    }
}
