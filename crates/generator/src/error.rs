//! What keeps a generator from being used.

use std::path::PathBuf;

use contracts::publish::FileError;
use gan::WeightsError;

use crate::{class_choice::ClassProblem, readback::ReadbackError};

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
    /// It is not what the run's records state.
    #[error(
        "the generator at {} is not what {} states: one of both is damaged, or is just being written; `cargo xtask train` writes \
         both anew from the newest checkpoint",
        path.display(), record.display()
    )]
    Altered {
        /// The file.
        path: PathBuf,
        /// The record beside it.
        record: PathBuf,
    },
    /// Its weights overflowed.
    #[error(
        "the generator at {} makes values that are no numbers: its training diverged; train again with a lower \
         learning rate or another recipe",
        .0.display()
    )]
    NotFinite(PathBuf),
    /// It cannot draw the class that was asked for.
    #[error("the generator at {} cannot draw that class: {problem}", path.display())]
    Class {
        /// Its file.
        path: PathBuf,
        /// What is in the way.
        problem: ClassProblem,
    },
    /// What it made could not be read back.
    #[error(transparent)]
    Readback(#[from] ReadbackError),
}
