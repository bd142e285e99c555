//! What stops the pack stage.

use std::{
    io,
    path::{Path, PathBuf},
};

use contracts::{disappearance::ManyGone, manifest::ManifestError, publish::FileError, verification::Damaged};
use dataset::DatasetError;

/// What pack.sources takes.
const SUPPORTED: &str = "\"faces\" (the crop stage's), folders of pictures, tar and zip files of pictures (a \
                         WebDataset's and StyleGAN's too), folders saved by Python's datasets, Parquet files \
                         with a column of images, MNIST's IDX files, picture files, folders of all these, and \
                         patterns such as \"data/anime/*.jpg\"";

/// A pack that stopped.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The faces' manifest cannot be used.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The dataset cannot be written.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// What was packed is not what would be packed now.
    #[error(transparent)]
    Damaged(#[from] Damaged),
    /// An entry of pack.sources is nothing that can be packed.
    #[error("cannot pack {source_text:?}: {problem}; pack.sources takes {SUPPORTED}")]
    Source {
        /// The entry as it is written in pipeline.toml.
        source_text: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A whole folder of faces is gone, which is more likely an accident than a judgement of each face.
    #[error(
        "the folder {} with {faces} faces is gone; run `cargo xtask crop` to cut them again, or, to keep them out, \
         write their names into {}",
        folder.display(), exclude_list.display()
    )]
    FacesGone {
        /// The folder that is not there.
        folder: PathBuf,
        /// How many faces of the manifest lay in it.
        faces: usize,
        /// Where faces to leave out are listed.
        exclude_list: PathBuf,
    },
    /// More faces have gone than anybody throws away.
    #[error(transparent)]
    ManyGone(#[from] ManyGone),
    /// The faces' manifest names other faces than lie there.
    #[error(
        "{} does not name what lies in {}, so it is damaged, and nothing was deleted; run `cargo xtask crop` to make it anew",
        manifest.display(), folder.display()
    )]
    FacesDamaged {
        /// The folder with faces that it does not name.
        folder: PathBuf,
        /// The faces' manifest.
        manifest: PathBuf,
    },
    /// A prepared image is no longer what was written.
    #[error("{} does not hold what was written; remove that shard's folder and run the same command again", .0.display())]
    PreparedDamaged(PathBuf),
    /// A text that names nothing.
    #[error("{0:?} is no row (such as train/12), no face and no picture's SHA-256")]
    BadId(String),
    /// A name that nothing has.
    #[error("nothing is known of {0}: it is neither in the dataset nor among the faces nor the crawled pictures")]
    UnknownId(String),
    /// An export without a destination.
    #[error("an export needs a place to go: give --out a path")]
    NoDestination,
    /// An export onto something that exists, which might be worth keeping.
    #[error("{} is there already; give --out a new path", .0.display())]
    OutExists(PathBuf),
    /// The program for Parquet is not there.
    #[error(
        "Parquet is read and written by the program dataset-parquet, which is not beside this one; the runner builds \
         it when it is needed (`cargo xtask pack`), and so does `cargo build --release -p dataset-parquet`"
    )]
    NoTables,
    /// The program for Parquet gave up.
    #[error("{problem}")]
    Tables {
        /// What it said.
        problem: String,
    },
    /// Nothing is left to train on.
    #[error(
        "no image is left to train on, of {taken} taken{breakdown}; look at pack.sources, pack.holdout and pack.dedupe_distance"
    )]
    NoRows {
        /// How many items the sources held.
        taken: u64,
        /// What became of them: " (3 unreadable, …)".
        breakdown: String,
    },
    /// It was asked to stop; nothing was published.
    #[error("interrupted before the dataset was whole")]
    Interrupted,
}

/// What this process has sorted on disk comes back as something else.
pub(crate) fn unreadable(path: &Path) -> FileError {
    FileError::at("read", path)(io::ErrorKind::InvalidData.into())
}
