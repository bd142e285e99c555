//! Why an item is not in the dataset.

use std::fmt;

use contracts::report::Reason;
use pictures::{Decision, PictureError};
use serde::{Deserialize, Serialize};

/// A reason that the report counts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DropReason {
    /// The user listed it, or threw it away some time ago.
    Excluded,
    /// Its file is gone since the faces were cut.
    DeletedByHand,
    /// Its file is gone, and the user wants it back.
    AwaitsCrop,
    /// Its post was forgotten on request.
    Forgotten,
    /// It is hidden, or the leavings of an operating system.
    Hidden,
    /// It is a device, a pipe or a socket, or a link to nothing.
    NotAFile,
    /// It is a link to a folder that was walked already.
    LinkedTwice,
    /// A later member of its archive has the same name.
    Replaced,
    /// It is an archive that has to be unpacked first.
    CompressedArchive,
    /// An archive beside it holds the pictures that it tells of.
    ArchiveIndex,
    /// The same file lies beside it uncompressed.
    StoredTwice,
    /// It tells of a picture that is not there.
    WithoutPicture,
    /// It is a row of a table, and holds no picture.
    EmptyRow,
    /// It is something else than a picture.
    NoPicture,
    /// It is a film.
    Film,
    /// It is a picture of a format that is not decoded here.
    NoDecoder,
    /// It is not what the crop stage cut.
    Altered,
    /// It is no picture although its name says so, or a broken one.
    Unreadable,
    /// Decoding it would take unreasonable memory or time.
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
            Self::AwaitsCrop => "awaits_crop",
            Self::Forgotten => "forgotten",
            Self::Hidden => "hidden",
            Self::NotAFile => "not_a_file",
            Self::LinkedTwice => "linked_twice",
            Self::Replaced => "replaced",
            Self::CompressedArchive => "compressed_archive",
            Self::ArchiveIndex => "archive_index",
            Self::StoredTwice => "stored_twice",
            Self::WithoutPicture => "without_picture",
            Self::EmptyRow => "empty_row",
            Self::NoPicture => "no_picture",
            Self::Film => "film",
            Self::NoDecoder => "no_decoder",
            Self::Altered => "altered",
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
            Self::AwaitsCrop => "to be cut again by `cargo xtask crop`",
            Self::Forgotten => "forgotten",
            Self::Hidden => "hidden, or an operating system's own",
            Self::NotAFile => "neither a file nor a folder",
            Self::LinkedTwice => "link to a folder walked already",
            Self::Replaced => "replaced by a later member of its name",
            Self::CompressedArchive => "archive to be unpacked first",
            Self::ArchiveIndex => "index of the archive beside it",
            Self::StoredTwice => "stored beside it uncompressed",
            Self::WithoutPicture => "metadata without its picture",
            Self::EmptyRow => "row without a picture",
            Self::NoPicture => "no picture",
            Self::Film => "film",
            Self::NoDecoder => "picture of a format not decoded here",
            Self::Altered => "not as it was cut",
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
            PictureError::TooLarge | PictureError::TooManyScans => Self::TooLarge,
            PictureError::Unread(unread) => unread.decision().into(),
            PictureError::Read(_) | PictureError::UnknownFormat | PictureError::CutOff | PictureError::Damaged => {
                Self::Unreadable
            }
        }
    }
}

impl From<Decision> for DropReason {
    /// Why a file stays out of whose format this was decided.
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::NoDecoder => Self::NoDecoder,
            Decision::Film => Self::Film,
            // What is decoded and still left out is broken.
            Decision::Read | Decision::FirstFrame => Self::Unreadable,
            Decision::NoPicture => Self::NoPicture,
        }
    }
}
