//! Why a picture could not be used.

use pictures::PictureError;
use serde::{Deserialize, Serialize};

use crate::reason::DropReason;

/// What is wrong with a picture. None of this stops the stage: the picture is counted and passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PictureFault {
    /// Its file is not there, or the system cannot read it.
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
}

impl PictureFault {
    /// Why such a picture is left out.
    pub(crate) fn reason(self) -> DropReason {
        match self {
            Self::Missing => DropReason::Missing,
            Self::Altered => DropReason::Altered,
            Self::UnknownFormat => DropReason::UnknownFormat,
            Self::Truncated => DropReason::Truncated,
            Self::TooLarge => DropReason::TooLarge,
            Self::Undecodable => DropReason::Undecodable,
            Self::Undetectable => DropReason::Undetectable,
        }
    }

    /// Whether crawling again may fix it: then it is a failure, and looked at again in every run.
    pub(crate) fn is_transient(self) -> bool {
        matches!(self, Self::Missing | Self::Altered)
    }
}

impl From<PictureError> for PictureFault {
    fn from(error: PictureError) -> Self {
        match error {
            PictureError::Read(_) => Self::Missing,
            PictureError::UnknownFormat | PictureError::Unread(_) => Self::UnknownFormat,
            PictureError::CutOff => Self::Truncated,
            PictureError::TooLarge | PictureError::TooManyScans => Self::TooLarge,
            PictureError::Damaged => Self::Undecodable,
        }
    }
}
