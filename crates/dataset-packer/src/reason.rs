//! Why an item is not in the dataset.

use std::fmt;

use contracts::report::Reason;
use pictures::PictureError;
use serde::{Deserialize, Serialize};

/// A reason that the report counts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DropReason {
    /// The user listed it, or threw it away some time ago.
    Excluded,
    /// Its file is gone since the faces were cut.
    DeletedByHand,
    /// Its post was forgotten on request.
    Forgotten,
    /// It is no picture, or a broken one.
    Unreadable,
    /// Decoding it would take unreasonable memory.
    TooLarge,
    /// It is smaller than pack.min_size.
    TooSmall,
    /// Another kept image has the same pixels.
    ExactDuplicate,
    /// Another kept image looks the same.
    NearDuplicate,
    /// It would train on what the holdout measures.
    NearHoldout,
}

impl Reason for DropReason {
    fn tag(&self) -> &'static str {
        match self {
            Self::Excluded => "excluded",
            Self::DeletedByHand => "deleted_by_hand",
            Self::Forgotten => "forgotten",
            Self::Unreadable => "unreadable",
            Self::TooLarge => "too_large",
            Self::TooSmall => "too_small",
            Self::ExactDuplicate => "exact_duplicate",
            Self::NearDuplicate => "near_duplicate",
            Self::NearHoldout => "near_holdout",
        }
    }
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Excluded => "excluded by hand",
            Self::DeletedByHand => "deleted by hand",
            Self::Forgotten => "forgotten",
            Self::Unreadable => "unreadable",
            Self::TooLarge => "too large to decode",
            Self::TooSmall => "too small",
            Self::ExactDuplicate => "exact duplicate",
            Self::NearDuplicate => "near duplicate",
            Self::NearHoldout => "near a holdout image",
        })
    }
}

impl From<PictureError> for DropReason {
    fn from(error: PictureError) -> Self {
        match error {
            PictureError::TooLarge => Self::TooLarge,
            PictureError::Read(_)
            | PictureError::Unread(_)
            | PictureError::UnknownFormat
            | PictureError::CutOff
            | PictureError::Damaged => Self::Unreadable,
        }
    }
}
