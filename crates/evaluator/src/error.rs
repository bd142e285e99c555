//! What can stop the evaluate and the report stages.

use std::path::PathBuf;

use contracts::{FindRunError, id::RunId, publish::FileError, verification::Damaged};
use dataset::DatasetError;
use generator::{DeviceError, GeneratorError};
use metrics::MetricError;

/// What can stop the evaluate stage.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    /// The dataset cannot be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// What was measured is not what was written.
    #[error(transparent)]
    Damaged(#[from] Damaged),
    /// Nothing was trained on this dataset with this configuration.
    #[error(
        "there is no generator at {}: nothing was trained yet on this dataset with this configuration (run {run}); \
         train first with `cargo xtask train`",
        path.display()
    )]
    NotTrained {
        /// The run that the configuration names.
        run: RunId,
        /// Where its generator would be.
        path: PathBuf,
    },
    /// The generator cannot be used.
    #[error(transparent)]
    Generator(#[from] GeneratorError),
    /// The device that was asked for is not there.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The generator and the dataset do not belong together.
    #[error(
        "the generator at {} makes {generated} px and the dataset's images have {real} px; train again with \
         `cargo xtask train`",
        path.display()
    )]
    OtherSide {
        /// The generator.
        path: PathBuf,
        /// The side of its samples, in pixels.
        generated: usize,
        /// The side of the dataset's images, in pixels.
        real: usize,
    },
    /// There is nothing to compare with.
    #[error(
        "the dataset has {train} images for training and {holdout} kept out: too few to compare anything with; gather \
         more with crawl.max_posts, or raise pack.holdout"
    )]
    TooFewImages {
        /// Images in the training split.
        train: usize,
        /// Images in the holdout.
        holdout: usize,
    },
    /// A file of weights for features cannot be used.
    #[error(transparent)]
    Weights(#[from] WeightsFileError),
    /// The sets cannot be measured.
    #[error(transparent)]
    Metric(#[from] MetricError),
    /// A grid is larger than a PNG file can be.
    #[error("cannot write a grid of images: {0}")]
    Grid(#[from] pictures::EncodeError),
    /// The metrics cannot be written as JSON.
    #[error("cannot write the metrics: {0}")]
    Json(#[from] serde_json::Error),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// A file of weights for features that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WeightsFileError {
    /// It cannot be read from the disk.
    #[error(transparent)]
    File(#[from] FileError),
    /// It holds no weights that are known.
    #[error("cannot read the weights at {}: {source}; give the file as its publisher has it", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it. Boxed, because it is large and rare.
        source: Box<metrics::WeightsError>,
    },
    /// It holds the weights of another network than was asked for.
    #[error("the weights at {} are of {found}, not of {wanted}; give them under the other's name", path.display())]
    OtherNetwork {
        /// The file.
        path: PathBuf,
        /// The network that they are of.
        found: String,
        /// The network that was asked for.
        wanted: &'static str,
    },
}

/// What can stop the report stage.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The dataset cannot be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// The run that the configuration names is not there.
    #[error(
        "there is no run at {}: nothing was trained yet on this dataset with this configuration; train first with \
         `cargo xtask train`",
        .0.display()
    )]
    NoRun(PathBuf),
    /// A run that was named is not there.
    #[error(transparent)]
    FindRun(#[from] FindRunError),
    /// Fewer than two runs were named.
    #[error("{} given to compare; name two or more runs after --compare", match .0.first() {
        Some(run) => format!("only {run} was"),
        None => "no run was".to_owned(),
    })]
    NothingToCompare(Vec<RunId>),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
}
