//! What keeps a generator from being used.

use std::path::PathBuf;

use contracts::publish::FileError;
use gan::WeightsError;

use crate::readback::ReadbackError;

/// A generator that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GeneratorError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is no generator.
    #[error("cannot read the generator at {}: {source}; train again with `cargo xtask train`", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: WeightsError,
    },
    /// Its weights overflowed.
    #[error(
        "the generator at {} makes values that are no numbers: its training diverged; train again with a lower \
         learning rate or another recipe",
        .0.display()
    )]
    NotFinite(PathBuf),
    /// What it made could not be read back.
    #[error(transparent)]
    Readback(#[from] ReadbackError),
}
