//! Why an item is not in the dataset.

use std::fmt;

/// A reason that the report counts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reason {
    /// The user listed it, or threw it away some time ago.
    Excluded,
    /// Its file is gone since the faces were cut.
    DeletedByHand,
    /// It is no picture, or a broken one.
    Unreadable,
    /// Decoding it would take unreasonable memory.
    TooLarge,
    /// Another kept image has the same pixels.
    ExactDuplicate,
    /// Another kept image looks the same.
    NearDuplicate,
    /// It would train on what the holdout measures.
    NearHoldout,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Excluded => "excluded by hand",
            Self::DeletedByHand => "deleted by hand",
            Self::Unreadable => "unreadable",
            Self::TooLarge => "too large to decode",
            Self::ExactDuplicate => "exact duplicate",
            Self::NearDuplicate => "near duplicate",
            Self::NearHoldout => "near a holdout image",
        })
    }
}
