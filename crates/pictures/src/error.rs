//! Why a file gives no picture.

use crate::medium::Unread;

/// What is wrong with a picture's file. The texts fit behind "the picture is".
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// The disk, not the picture, is at fault.
    #[error("not readable: {0}")]
    Read(#[from] std::io::Error),
    /// Its first bytes are those of no format that is read here.
    #[error("of an unknown format")]
    UnknownFormat,
    /// It is of a format that is known and not read.
    #[error("{0}: {reason}", reason = .0.decision())]
    Unread(Unread),
    /// The file ends before the picture does.
    #[error("cut off")]
    CutOff,
    /// Its canvas or one of its frames has more pixels than the caller allows.
    #[error("too large")]
    TooLarge,
    /// It is a JPEG of so many scans, or of so many segments, that decoding it would take unreasonably long.
    #[error("of too many scans or segments")]
    TooManyScans,
    /// It has no pixels, or the decoder gave up on it.
    #[error("damaged")]
    Damaged,
}
