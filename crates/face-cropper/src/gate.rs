//! Quality gates: which of the faces found are good enough to keep, and which only just were.

use contracts::config::{CropConfig, CropMode};
use serde::{Deserialize, Serialize};

use crate::{measures::Measures, reason::DropReason};

/// What became of a face that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// It passes every gate: it is cut out and kept.
    Kept,
    /// Its level weight is below `crop.min_score`.
    LowScore,
    /// The judge finds it less likely than `crop.min_confidence`.
    LowConfidence,
    /// Its grey values deviate less than `crop.min_grey_std`.
    Flat,
    /// Its Laplacian is below `crop.min_sharpness`.
    Blurred,
    /// Its box is smaller than `crop.min_side`.
    Small,
    /// The user threw it away, or listed it.
    Excluded,
}

impl Verdict {
    /// Why faces of this verdict are left out; `None` for those kept.
    pub(crate) fn reason(self) -> Option<DropReason> {
        match self {
            Self::Kept => None,
            Self::LowScore => Some(DropReason::LowScore),
            Self::LowConfidence => Some(DropReason::LowConfidence),
            Self::Flat => Some(DropReason::Flat),
            Self::Blurred => Some(DropReason::Blurred),
            Self::Small => Some(DropReason::Small),
            Self::Excluded => Some(DropReason::Excluded),
        }
    }
}

/// Judges a face; the first gate that it fails names the verdict.
pub(crate) fn judge(config: &CropConfig, face: &Measures) -> Verdict {
    // What the judge looks at has passed the first stages alone: their level weight says nothing that the judge does not know better.
    let is_weighed = config.mode != CropMode::Judged;
    // The order decides what a face that fails several gates is counted as.
    if is_weighed && face.score < config.min_score {
        Verdict::LowScore
    } else if face.confidence.is_some_and(|confidence| confidence < config.min_confidence) {
        Verdict::LowConfidence
    } else if face.grey_std < config.min_grey_std {
        Verdict::Flat
    } else if face.sharpness < config.min_sharpness {
        Verdict::Blurred
    } else if face.side < config.min_side {
        Verdict::Small
    } else {
        Verdict::Kept
    }
}

/// Why a face that was kept was nearly dropped: a letter a reason.
///
/// - `N` no more neighbours than it needs
/// - `W` level weight below 0, or less than half a unit above `min_score`
/// - `C` in place of these two in the judged mode, whose cascade only proposes: confidence less than 0.2 above `min_confidence`
/// - `G` grey deviation below 25, or less than a quarter above `min_grey_std`
/// - `B` sharpness less than a quarter above `min_sharpness`
/// - `S` side less than a quarter above `min_side`, or smaller than the crop, which is enlarged
///
/// Level weight 0 and grey deviation 25 separated good from bad best where that was measured.
pub(crate) fn borderline_reasons(config: &CropConfig, face: &Measures) -> String {
    let (side, min_side) = (f64::from(face.side), f64::from(config.min_side));
    let is_judged = config.mode == CropMode::Judged;
    let reasons = [
        ('N', !is_judged && face.neighbours <= config.min_neighbors + 1),
        ('W', !is_judged && face.score < (config.min_score + 0.5).max(0.0)),
        ('C', is_judged && face.confidence.is_some_and(|confidence| confidence < config.min_confidence + 0.2)),
        ('G', face.grey_std < (config.min_grey_std * 1.25).max(25.0)),
        ('B', face.sharpness < config.min_sharpness * 1.25),
        ('S', side < min_side * 1.25 || face.side < config.size),
    ];
    reasons.into_iter().filter(|(_, applies)| *applies).map(|(letter, _)| letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(neighbours: i32, score: f64, grey_std: f64, sharpness: f64, side: u32) -> Measures {
        Measures { neighbours, score, confidence: None, grey_std, sharpness, side }
    }

    #[test]
    fn each_gate_names_what_it_drops() {
        let open = CropConfig { min_score: f64::NEG_INFINITY, min_grey_std: 0.0, ..CropConfig::reference() };
        let strict = CropConfig { min_sharpness: 8.0, min_side: 50, ..CropConfig::reference() };
        assert_eq!(judge(&open, &face(6, -9.0, 0.0, 0.0, 1)), Verdict::Kept);
        assert_eq!(judge(&strict, &face(6, 0.0, 25.0, 8.0, 50)), Verdict::Kept);
        assert_eq!(judge(&strict, &face(6, -0.1, 25.0, 8.0, 50)), Verdict::LowScore);
        let judged = CropConfig { mode: CropMode::Judged, ..strict.clone() };
        assert_eq!(judge(&judged, &face(1, -0.1, 25.0, 8.0, 50)), Verdict::Kept);
        let sure = CropConfig { min_confidence: 0.5, ..CropConfig::reference() };
        let doubted = |confidence| Measures { confidence, ..face(6, 0.0, 25.0, 8.0, 50) };
        assert_eq!(judge(&sure, &doubted(Some(0.49))), Verdict::LowConfidence);
        assert_eq!(judge(&sure, &doubted(Some(0.5))), Verdict::Kept);
        assert_eq!(judge(&sure, &doubted(None)), Verdict::Kept);
        assert_eq!(judge(&strict, &face(6, 0.0, 24.9, 8.0, 50)), Verdict::Flat);
        assert_eq!(judge(&strict, &face(6, 0.0, 25.0, 7.9, 50)), Verdict::Blurred);
        assert_eq!(judge(&strict, &face(6, 0.0, 25.0, 8.0, 49)), Verdict::Small);
    }

    #[test]
    fn borderline_is_what_nearly_failed() {
        let config = CropConfig { min_sharpness: 8.0, ..CropConfig::reference() };
        let check =
            |face: Measures, expected: &str| assert_eq!(borderline_reasons(&config, &face), expected, "{face:?}");
        check(face(9, 1.0, 40.0, 20.0, 120), "");
        check(face(6, 1.0, 40.0, 20.0, 120), "N");
        check(face(9, -0.1, 40.0, 20.0, 120), "W");
        check(face(6, -0.1, 24.0, 9.0, 95), "NWGBS");
        let judged = CropConfig { min_confidence: 0.5, ..CropConfig::default() };
        let check = |confidence: f64, expected: &str| {
            let face = Measures { confidence: Some(confidence), ..face(2, -0.1, 40.0, 20.0, 120) };
            assert_eq!(borderline_reasons(&judged, &face), expected, "{confidence}");
        };
        check(0.69, "C");
        check(0.71, "");
    }
}
