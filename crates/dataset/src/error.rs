//! What can be wrong with a dataset, and how to fix it.

use std::path::PathBuf;

use contracts::publish::FileError;

use crate::split_name::SplitName;

/// A dataset that cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// The folder holds no index, so there is no dataset.
    #[error("there is no dataset at {}; make one with `cargo xtask pack`", .0.display())]
    Missing(PathBuf),
    /// A file of it cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file of it is not what was written.
    #[error("the dataset is damaged: {} {problem}; remove its folder and run `cargo xtask pack` again", path.display())]
    Damaged {
        /// The file that is not as it should be.
        path: PathBuf,
        /// What is wrong with it: "has 10 bytes where …".
        problem: String,
    },
    /// A file of another's dataset cannot be used.
    #[error("{} {problem}", path.display())]
    Foreign {
        /// The Arrow file that was named as a source.
        path: PathBuf,
        /// What is wrong with it: "is cut off".
        problem: String,
    },
    /// It was written by another version of the format.
    #[error("{} is version {found} of the dataset format and this program reads version {expected}; run `cargo xtask pack` again", path.display())]
    Version {
        /// The index that states the version.
        path: PathBuf,
        /// The version that it states.
        found: u64,
        /// The version that this program reads.
        expected: u64,
    },
    /// An image of another shape than the dataset's.
    #[error("an image of {side}x{side} RGB pixels has {expected} bytes, not {found}")]
    ImageSize {
        /// The side in pixels that the dataset's images have.
        side: u32,
        /// The bytes that are due.
        expected: usize,
        /// The bytes that were given.
        found: usize,
    },
    /// An image that cannot be encoded or decoded.
    #[error("cannot {action} an image: {problem}")]
    Image {
        /// What was tried: "encode" or "decode".
        action: &'static str,
        /// What the codec said about it.
        problem: String,
    },
    /// A row beyond the end.
    #[error("there is no row {row} in the {split} split: it has {rows} rows")]
    NoSuchRow {
        /// The split in which it was looked for.
        split: SplitName,
        /// The row that was asked for, counted from 0.
        row: usize,
        /// How many rows the split has.
        rows: usize,
    },
    /// A buffer of the wrong length.
    #[error("a batch of {images} images needs room for {expected} values, not {found}")]
    BatchSize {
        /// How many images were asked for.
        images: usize,
        /// The values that they have.
        expected: usize,
        /// How many values the buffer has.
        found: usize,
    },
    /// Arrow refused what was built.
    #[error("cannot write the dataset's columns: {0}")]
    Columns(#[from] arrow_schema::ArrowError),
}
