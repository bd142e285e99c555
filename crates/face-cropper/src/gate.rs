//! Quality gates: which of the faces found are good enough to keep, and which only just were.

use contracts::{
    config::CropConfig,
    record::{FaceRecord, PixelBox},
};
use lbp_cascade::Detection;
use serde::{Deserialize, Serialize};

use crate::picture::Grey;

/// What is measured of a face, beside its place. Numbers have six decimals, so that what is judged is what is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Measures {
    /// How many windows agree on it.
    pub(crate) neighbours: i32,
    /// Its level weight.
    pub(crate) score: f64,
    /// The deviation of its grey values: [`grey_std`].
    pub(crate) grey_std: f64,
    /// The root mean square of its Laplacian.
    pub(crate) sharpness: f64,
    /// The longer side of its box in pixels of the picture.
    pub(crate) side: u32,
}

impl Measures {
    /// The measures of a detection.
    pub(crate) fn new(detection: &Detection, grey_std: f64, sharpness: f64) -> Self {
        let rounded = |value: f64| (value * 1e6).round() / 1e6;
        Self {
            neighbours: detection.neighbours,
            score: rounded(detection.score),
            grey_std: rounded(grey_std),
            sharpness: rounded(sharpness),
            side: detection.rect.width.max(detection.rect.height).unsigned_abs(),
        }
    }

    /// The measures in a manifest's record.
    pub(crate) fn of(face: &FaceRecord) -> Self {
        Self {
            neighbours: face.neighbours,
            score: face.score,
            grey_std: face.grey_std,
            sharpness: face.sharpness,
            side: face.side,
        }
    }
}

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
    /// Its Laplacian is below `crop.min_sharpness`.
    Blurred,
    /// Its box is smaller than `crop.min_side`.
    Small,
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
            Self::Blurred => Some("face below min_sharpness"),
            Self::Small => Some("face below min_side"),
            Self::Excluded => Some("face excluded by hand"),
        }
    }
}

/// Judges a face; the first gate that it fails names its fate.
pub(crate) fn judge(config: &CropConfig, face: &Measures) -> Fate {
    if face.score < config.min_score {
        Fate::LowScore
    } else if face.grey_std < config.min_grey_std {
        Fate::Flat
    } else if face.sharpness < config.min_sharpness {
        Fate::Blurred
    } else if face.side < config.min_side {
        Fate::Small
    } else {
        Fate::Kept
    }
}

/// Why a face that was kept was nearly dropped: a letter a reason.
///
/// - `N` no more neighbours than it needs
/// - `W` level weight below 0, or less than half a unit above `min_score`
/// - `G` grey deviation below 25, or less than a quarter above `min_grey_std`
/// - `B` sharpness less than a quarter above `min_sharpness`
/// - `S` side less than a quarter above `min_side`, or smaller than the crop, which is enlarged
///
/// Level weight 0 and grey deviation 25 separated good from bad best where that was measured.
pub(crate) fn doubts(config: &CropConfig, face: &Measures) -> String {
    let (side, least) = (f64::from(face.side), f64::from(config.min_side));
    let doubts = [
        ('N', face.neighbours <= config.min_neighbors + 1),
        ('W', face.score < (config.min_score + 0.5).max(0.0)),
        ('G', face.grey_std < (config.min_grey_std * 1.25).max(25.0)),
        ('B', face.sharpness < config.min_sharpness * 1.25),
        ('S', side < least * 1.25 || face.side < config.size),
    ];
    doubts.into_iter().filter(|(_, doubted)| *doubted).map(|(letter, _)| letter).collect()
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

    fn face(neighbours: i32, score: f64, grey_std: f64, sharpness: f64, side: u32) -> Measures {
        Measures { neighbours, score, grey_std, sharpness, side }
    }

    #[test]
    fn each_gate_names_what_it_drops() {
        let open = CropConfig { min_score: f64::NEG_INFINITY, min_grey_std: 0.0, ..CropConfig::default() };
        let strict = CropConfig { min_sharpness: 8.0, min_side: 50, ..CropConfig::default() };
        assert_eq!(judge(&open, &face(6, -9.0, 0.0, 0.0, 1)), Fate::Kept);
        assert_eq!(judge(&strict, &face(6, 0.0, 25.0, 8.0, 50)), Fate::Kept);
        assert_eq!(judge(&strict, &face(6, -0.1, 25.0, 8.0, 50)), Fate::LowScore);
        assert_eq!(judge(&strict, &face(6, 0.0, 24.9, 8.0, 50)), Fate::Flat);
        assert_eq!(judge(&strict, &face(6, 0.0, 25.0, 7.9, 50)), Fate::Blurred);
        assert_eq!(judge(&strict, &face(6, 0.0, 25.0, 8.0, 49)), Fate::Small);
    }

    #[test]
    fn doubts_are_what_nearly_failed() {
        let config = CropConfig { min_sharpness: 8.0, ..CropConfig::default() };
        let check = |face: Measures, expected: &str| assert_eq!(doubts(&config, &face), expected, "{face:?}");
        check(face(9, 1.0, 40.0, 20.0, 120), "");
        check(face(6, 1.0, 40.0, 20.0, 120), "N");
        check(face(9, -0.1, 40.0, 20.0, 120), "W");
        check(face(6, -0.1, 24.0, 9.0, 95), "NWGBS");
    }
}
