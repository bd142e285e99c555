//! What can stop a training.

use std::{
    io,
    path::{Path, PathBuf},
};

use contracts::publish::FileError;
use lbp_cascade::CascadeError;

/// Why there is no cascade.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    /// A file or folder cannot be read.
    #[error("cannot read {}: {cause}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The boxes beside the pictures are not boxes.
    #[error("cannot read {}: {cause}; it must look like {{\"picture.jpg\": [[x, y, width, height]]}}", path.display())]
    Labels {
        /// The file.
        path: PathBuf,
        /// Where the file stops making sense.
        cause: serde_json::Error,
    },
    /// A table of faces is none.
    #[error("cannot read {}: {cause}; it must look like tests/fixtures/faces.json", path.display())]
    FaceTable {
        /// The file.
        path: PathBuf,
        /// Where the file stops making sense.
        cause: serde_json::Error,
    },
    /// No crop of the subject.
    #[error("there is no picture in {}; give --positives a folder or a tar file of square crops", .0.display())]
    NoPositives(PathBuf),
    /// No picture without the subject.
    #[error("there is no picture to take negatives from; give --negatives a folder of pictures")]
    NoNegatives,
    /// The stages so far reject the subject itself.
    #[error("too few of the crops pass the first {stages} stages; a lower --stages or a higher --hit-rate helps")]
    PositivesLost {
        /// How many stages there are.
        stages: usize,
    },
    /// An unfinished training was begun otherwise.
    #[error("{} is an unfinished training with other settings or crops; finish it with those, or remove it", .0.display())]
    OtherSettings(PathBuf),
    /// A file that is to be compared is no cascade.
    #[error("cannot use the cascade at {}: {cause}", path.display())]
    NotACascade {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: CascadeError,
    },
    /// The stages that were trained make no cascade: there are none.
    #[error("no stage could be trained: {0}")]
    NoCascade(CascadeError),
    /// A file cannot be written or read.
    #[error(transparent)]
    File(#[from] FileError),
}

impl TrainingError {
    /// Names the file or folder that could not be read.
    pub fn reading(path: &Path) -> impl Fn(io::Error) -> Self {
        move |cause| Self::Read { path: path.into(), cause }
    }
}
