//! What can go wrong before the booru serves.

use std::{io, path::PathBuf};

/// Why a booru could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum BooruError {
    /// The folder of pictures cannot be listed.
    #[error("cannot list the folder of pictures {path}: {cause}; give a folder that exists and may be read")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The folder has nothing to serve.
    #[error(
        "no picture in {path} can be read ({passed_over} files passed over); give a folder with jpg, png, webp or gif files"
    )]
    NoPictures {
        /// The folder.
        path: PathBuf,
        /// How many of its files are not pictures that can be read.
        passed_over: usize,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {cause}; choose another address, or port 0 for any free one")]
    Listen {
        /// As asked for.
        address: String,
        /// What the system said.
        cause: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {path}: {cause}; give a folder that may be written to, on a disk with room")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The schedule of faults is none.
    #[error("cannot use the schedule of faults {path}: {cause}")]
    Schedule {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and where.
        cause: String,
    },
    /// A picture could not be encoded.
    #[error("cannot encode a picture: {0}")]
    Encode(#[from] image::ImageError),
}
