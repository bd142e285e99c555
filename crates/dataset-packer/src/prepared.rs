//! What is known of an item once it has been looked at.

use contracts::{hash::ContentHash, id::PictureHash};
use dataset::Dhash;
use serde::{Deserialize, Serialize};

use crate::reason::DropReason;

/// What was found, or why there is nothing.
pub(crate) type Preparation = Result<Prepared, DropReason>;

/// An item whose pixels are on disk at the dataset's size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Prepared {
    /// The picture: the face's, or the SHA-256 of the file itself.
    pub(crate) picture: PictureHash,
    /// The hash of the pixels at the dataset's size.
    pub(crate) content: ContentHash,
    /// The perceptual hash of these.
    pub(crate) dhash: Dhash,
    /// How large it was before any scaling, the crop's included: the shorter side in pixels.
    pub(crate) size: u32,
    /// Whether it had to be made larger.
    pub(crate) upscaled: bool,
}
