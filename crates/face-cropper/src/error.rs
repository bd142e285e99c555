//! What can stop the stage.

use contracts::{
    cascade::CascadeError, disappearance::ManyGone, manifest::ManifestError, publish::FileError, verification::Damaged,
};

use crate::engine::EngineError;

/// Why no faces were cut. Bad pictures are not among it: they are counted.
#[derive(Debug, thiserror::Error)]
pub enum CropError {
    /// The crawl's manifest, or the stage's own.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A file or folder cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// There is no cascade where `crop.cascade` says.
    #[error(transparent)]
    Cascade(#[from] CascadeError),
    /// The engine cannot work, or the cascade is not one.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// What was cut is not what would be cut now.
    #[error(transparent)]
    Damaged(#[from] Damaged),
    /// More faces have gone than anybody throws away.
    #[error(transparent)]
    ManyGone(#[from] ManyGone),
    /// The crawl kept no picture.
    #[error(
        "there is no picture to crop: the crawl kept none; look at what it left out, or loosen crawl.tags and crawl.ratings"
    )]
    NoPictures,
    /// The detector found nothing anywhere.
    #[error(
        "no face was found in {pictures} pictures{account}; lower crop.min_size (or crop.min_neighbors, where crop.mode is not judged), crawl \
         larger pictures (crawl.variant), or check that crop.cascade is made for such faces"
    )]
    NoFace {
        /// How many pictures there were.
        pictures: u64,
        /// What was left out, by reason, in brackets; empty where nothing was.
        account: String,
    },
    /// Faces were found, and none was kept.
    #[error(
        "none of the {faces} faces found was kept{account}; loosen crop.min_confidence, crop.min_score, crop.min_grey_std, crop.min_sharpness and crop.min_side, or take lines out of excluded.jsonl"
    )]
    NothingKept {
        /// How many faces were found.
        faces: u64,
        /// What was left out, by reason, in brackets.
        account: String,
    },
}
