//! Sets that cannot be compared.

use std::path::PathBuf;

use contracts::publish::FileError;
use dataset::DatasetError;
use generator::{DeviceError, GeneratorError};
use metrics::MetricError;

use crate::error::{EvaluateError, WeightsFileError};

/// Why two sets cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    /// What was given is none of the kinds that are read.
    #[error(
        "{} is no folder of pictures, zip, dataset, run or generator.safetensors; give the path of one of these",
        .0.display()
    )]
    UnknownKind(PathBuf),
    /// There is no image in it.
    #[error("there is no picture in {} (jpg, png, webp, gif, bmp, pnm and tiff are read)", .0.display())]
    Empty(PathBuf),
    /// A picture cannot be decoded.
    #[error("cannot read the picture {name} in {}: {problem}; remove it, or give the set without it", path.display())]
    Picture {
        /// The set.
        path: PathBuf,
        /// The picture in it.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The images of a set differ in size.
    #[error(
        "the picture {name} in {} has {width}x{height} pixels, and the set's images are {side}x{side}: a set is measured at one \
         size; `--resize-and-crop {side}` brings all to it",
        path.display()
    )]
    OtherSize {
        /// The set.
        path: PathBuf,
        /// The picture.
        name: String,
        /// Its width in pixels.
        width: u32,
        /// Its height in pixels.
        height: u32,
        /// The side of the images before it; of the first one, its shorter side.
        side: u32,
    },
    /// The archive is damaged.
    #[error("cannot read the archive {}: {source}", path.display())]
    Zip {
        /// The archive.
        path: PathBuf,
        /// What is wrong with it.
        source: zip::result::ZipError,
    },
    /// The dataset cannot be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// The generator cannot be used.
    #[error(transparent)]
    Generator(#[from] GeneratorError),
    /// There is nothing to sample on.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// Sampling or reading failed.
    #[error(transparent)]
    Evaluate(#[from] Box<EvaluateError>),
    /// The weights cannot be used.
    #[error(transparent)]
    Weights(#[from] WeightsFileError),
    /// The sets cannot be measured.
    #[error(transparent)]
    Metric(#[from] MetricError),
    /// A file or folder cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
}

impl From<EvaluateError> for SetError {
    fn from(error: EvaluateError) -> Self {
        Self::Evaluate(Box::new(error))
    }
}
