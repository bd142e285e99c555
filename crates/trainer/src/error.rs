//! What stops training, and what to do about it.

use std::path::PathBuf;

use contracts::publish::FileError;
use dataset::DatasetError;
use gan::{ArchitectureError, RecipeError, WeightsError};

use crate::device::DeviceError;

/// Training that cannot begin or go on. Everything up to the newest checkpoint is kept.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The dataset cannot be used.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A file of the run cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The recipe does not exist or cannot be changed so.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// The recipe's networks cannot be built.
    #[error("cannot build the networks: {0}")]
    Architecture(#[from] ArchitectureError),
    /// The weights cannot be written.
    #[error("cannot write the generator's weights: {0}")]
    Weights(#[from] WeightsError),
    /// The device that was asked for is not there.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The dataset was packed under another configuration.
    #[error(
        "the dataset's pictures have {dataset} px and pack.resolution is {config}; \
         run the pack stage again, or set pack.resolution to {dataset}"
    )]
    Resolution {
        /// The side of the dataset's pictures.
        dataset: u32,
        /// The side that the configuration names.
        config: u32,
    },
    /// The dataset has fewer pictures than a batch.
    #[error(
        "cannot make a batch of {batch_size} pictures from {rows}: set train.batch_size to {rows} or less, \
         or gather more (crawl.max_posts, pack.sources)"
    )]
    TooFewRows {
        /// Pictures to train on.
        rows: usize,
        /// Pictures in a batch.
        batch_size: usize,
    },
    /// Numbers ran away.
    #[error(
        "training went astray: {figure} is {value} after {images} images; the last good checkpoint is {}. Lower \
         the learning rate (train.override = {{ generator.optimizer.learning_rate = … }}) or take another seed",
        .last_good.as_ref().map_or("none".into(), |path| path.display().to_string())
    )]
    NotFinite {
        /// The figure that is no finite number.
        figure: &'static str,
        /// What it is.
        value: f32,
        /// How many real images had been shown.
        images: u64,
        /// The newest checkpoint written before.
        last_good: Option<PathBuf>,
    },
    /// A checkpoint that another function was trained with.
    #[error(
        "the checkpoint at {} was made with another recipe or dataset than this version has under that name; \
         go on with the version that made it, or set train.resume = \"never\" to start anew",
        .0.display()
    )]
    ForeignCheckpoint(PathBuf),
    /// The device did not hand back what it computed.
    #[error("cannot read {what} back from the device: {reason}")]
    Readback {
        /// What was to be read.
        what: &'static str,
        /// What the device said.
        reason: String,
    },
    /// A grid of samples could not be made a picture.
    #[error("cannot encode the sample grid: {0}")]
    Picture(#[from] image::ImageError),
}
