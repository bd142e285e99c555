//! Decoding without a system library: the native engine's way, and OpenCV's where it does not know a format.

use contracts::config::Alpha;
use pictures::{Narrowing, PictureFile, Rgb};

use super::error::EngineError;

/// Decodes a picture file as `cv2.imread` means it: sixteen bits become their upper eight, and transparency is dropped unless
/// it is to be laid on white.
pub(super) fn decode(file: &PictureFile<'_>, alpha: Alpha) -> Result<Rgb, EngineError> {
    let alpha = match alpha {
        Alpha::Drop => pictures::Alpha::Drop,
        Alpha::White => pictures::Alpha::White,
    };
    file.decode(alpha, Narrowing::UpperByte).map_err(|_| EngineError::Undecodable)
}
