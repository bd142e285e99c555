//! What is measured of a face.

use contracts::record::{FaceRecord, PixelBox};
use lbp_cascade::{Detection, judge::Planes};
use pictures::Grey;
use serde::{Deserialize, Serialize};

use crate::{confidence::confidence, sharpness::sharpness, turned::DetectedFace};

/// What is measured of a face, beside where it is. Numbers have six decimals, so that what is judged is what is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Measures {
    /// How many windows agree on it.
    pub(crate) neighbours: i32,
    /// The greatest level weight of its windows.
    pub(crate) score: f64,
    /// How likely it is a face; none where there is no judge for the cascade, or was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) confidence: Option<f64>,
    /// The deviation of its grey values: [`grey_std`].
    pub(crate) grey_std: f64,
    /// The root mean square of its Laplacian.
    pub(crate) sharpness: f64,
    /// The longer side of its box in pixels of the picture.
    pub(crate) side: u32,
}

impl Measures {
    /// Measures what was detected in a picture of the given brightness. The greys are those of the upright box; confidence is of the
    /// face as it is turned.
    pub(crate) fn take(face: &DetectedFace, pixel_box: &PixelBox, grey: &Grey, planes: Option<&Planes>) -> Self {
        let asked = || planes.map(|planes| confidence(planes, pixel_box, face.angle));
        let confidence = face.confidence.or_else(asked).map(rounded);
        Self { confidence, ..Self::new(&face.detection, grey_std(grey, pixel_box), sharpness(grey, pixel_box)) }
    }

    /// The measures of a detection.
    pub(crate) fn new(detection: &Detection, grey_std: f64, sharpness: f64) -> Self {
        Self {
            neighbours: detection.neighbours,
            score: rounded(detection.score),
            confidence: None,
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
            confidence: face.confidence,
            grey_std: face.grey_std,
            sharpness: face.sharpness,
            side: face.side,
        }
    }
}

fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// The standard deviation of the grey values within a box (before any equalisation), in levels of 0 to 255.
///
/// σ² = E[v²] − E[v]², from whole-number sums, so that no rounding enters before the end. A box outside has 0.
fn grey_std(grey: &Grey, pixel_box: &PixelBox) -> f64 {
    let range = |start: i32, length: i32, end: u32| {
        let clipped = |v: i32| v.clamp(0, end as i32) as usize;
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
}
