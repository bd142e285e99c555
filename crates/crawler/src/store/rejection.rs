//! Why a file is not taken for the picture that was asked for.

use serde::{Deserialize, Serialize};

/// Why bytes are not the picture that was asked for. The texts are reasons in reports: a few words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Rejection {
    #[error("no bytes")]
    Empty,
    #[error("a web page instead of a picture")]
    WebPage,
    #[error("no picture format that is known")]
    UnknownFormat,
    #[error("cut off")]
    CutOff,
    #[error("too large to decode")]
    TooLarge,
    #[error("cannot be decoded")]
    Undecodable,
    #[error("another length than the site states")]
    OtherLength,
    #[error("another MD5 than the site states")]
    OtherMd5,
    #[error("other dimensions than the site states")]
    OtherDimensions,
}

impl Rejection {
    /// All of them.
    pub(crate) const ALL: [Self; 9] = [
        Self::Empty,
        Self::WebPage,
        Self::UnknownFormat,
        Self::CutOff,
        Self::TooLarge,
        Self::Undecodable,
        Self::OtherLength,
        Self::OtherMd5,
        Self::OtherDimensions,
    ];

    /// The word that programs know it by; it stays when the sentence is put better.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::WebPage => "web_page",
            Self::UnknownFormat => "unknown_format",
            Self::CutOff => "cut_off",
            Self::TooLarge => "too_large",
            Self::Undecodable => "undecodable",
            Self::OtherLength => "other_length",
            Self::OtherMd5 => "other_md5",
            Self::OtherDimensions => "other_dimensions",
        }
    }

    /// Whether the bytes are a whole picture, only not the one that was announced.
    pub(crate) fn is_mismatch(self) -> bool {
        matches!(self, Self::OtherLength | Self::OtherMd5 | Self::OtherDimensions)
    }
}
