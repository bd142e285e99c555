//! What can be wrong with a manifest.

use std::path::PathBuf;

use crate::publish::FileError;

/// A manifest that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// There is none.
    #[error("there is no manifest at {}; run the stage that writes it first", .0.display())]
    Missing(PathBuf),
    /// It cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A line is not what it should be.
    #[error("cannot read {} at line {line}: {problem}; remove it and run its stage again", path.display())]
    Line {
        /// The manifest.
        path: PathBuf,
        /// The line, counted from 1; 0 for what is wrong with all of them together.
        line: usize,
        /// What is wrong with the line.
        problem: String,
    },
}
