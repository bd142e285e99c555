//! Why a picture could not be used.

use serde::{Deserialize, Serialize};

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
    /// How a report names it.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Missing => "picture missing",
            Self::Altered => "picture altered since the crawl",
            Self::UnknownFormat => "picture of an unknown format",
            Self::Truncated => "picture truncated",
            Self::TooLarge => "picture too large",
            Self::Undecodable => "picture undecodable",
            Self::Undetectable => "picture undetectable",
        }
    }

    /// Whether crawling again may mend it: then it is a failure, and looked at again in every run.
    pub(crate) fn passes(self) -> bool {
        matches!(self, Self::Missing | Self::Altered)
    }
}
