//! Why pictures and faces are left out.

use std::fmt;

use contracts::report::Reason;

/// Why a picture, or a face in one, was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum DropReason {
    /// The picture's file is not there, or the system cannot read it.
    Missing,
    /// Its bytes are not those that the crawl kept.
    Altered,
    /// It is of no format that is read here.
    UnknownFormat,
    /// Its file stops before the picture does.
    Truncated,
    /// It has more pixels than are decoded.
    TooLarge,
    /// The decoder gave up on it.
    Undecodable,
    /// The detector gave up on it.
    Undetectable,
    /// The detector found nothing in it.
    NoFace,
    /// A face's level weight is below `crop.min_score`.
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

impl Reason for DropReason {
    fn tag(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Altered => "altered",
            Self::UnknownFormat => "unknown_format",
            Self::Truncated => "truncated",
            Self::TooLarge => "too_large",
            Self::Undecodable => "undecodable",
            Self::Undetectable => "undetectable",
            Self::NoFace => "no_face",
            Self::LowScore => "low_score",
            Self::LowConfidence => "low_confidence",
            Self::Flat => "flat",
            Self::Blurred => "blurred",
            Self::Small => "small",
            Self::Excluded => "excluded",
        }
    }
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "picture missing",
            Self::Altered => "picture altered since the crawl",
            Self::UnknownFormat => "picture of an unknown format",
            Self::Truncated => "picture truncated",
            Self::TooLarge => "picture too large",
            Self::Undecodable => "picture undecodable",
            Self::Undetectable => "picture undetectable",
            Self::NoFace => "picture without a face",
            Self::LowScore => "face below min_score",
            Self::LowConfidence => "face below min_confidence",
            Self::Flat => "face below min_grey_std",
            Self::Blurred => "face below min_sharpness",
            Self::Small => "face below min_side",
            Self::Excluded => "face excluded by hand",
        })
    }
}
