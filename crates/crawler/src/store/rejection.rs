//! Why a file is not taken for the picture that was asked for.

use pictures::Unread;
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
    /// It is of a kind that is not read, however often it comes: of this one, or of an unknown one with the site's own MD5.
    /// Nothing has failed, so that it is never written down as such.
    #[error("no picture: {}", .0.map_or("of no known format", Unread::tag))]
    #[serde(skip)]
    OtherMedium(Option<Unread>),
}

impl Rejection {
    /// Those that earlier versions wrote down in words.
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
            Self::OtherMedium(_) => "other_medium",
        }
    }

    /// Whether the bytes are a whole picture, only not the one that was announced.
    pub(crate) fn is_mismatch(self) -> bool {
        matches!(self, Self::OtherLength | Self::OtherMd5 | Self::OtherDimensions)
    }
}
