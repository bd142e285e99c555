//! Opens a dataset: reads its index, maps its shards, and can check every byte.

use std::{fs::File, path::Path, path::PathBuf};

use contracts::{hash::ContentHash, publish::FileError};

use crate::{
    error::DatasetError,
    files,
    image::ImageShape,
    index::{FileIndex, Index},
    shard::MappedShard,
    split::Split,
    split_name::SplitName,
};

/// An opened dataset: its shards are mapped, none of it is in memory until it is looked at.
pub struct Dataset {
    folder: PathBuf,
    hash: ContentHash,
    index: Index,
    train: Split,
    holdout: Split,
}

impl Dataset {
    /// Opens the dataset in a folder, checking the index and every shard's length.
    ///
    /// # Errors
    /// When there is none, it is of another version, or a file is missing, cut off or grown.
    pub fn open(folder: &Path) -> Result<Self, DatasetError> {
        let (index, hash) = Index::read(folder)?;
        let (train, holdout) =
            (open_split(folder, &index, SplitName::Train)?, open_split(folder, &index, SplitName::Holdout)?);
        Ok(Self { folder: folder.into(), hash, index, train, holdout })
    }

    /// Reads every file once and compares it with the hash noted when it was written: a byte changed anywhere is
    /// found. Costs about as long as reading the files does. Without it each shard is held against its hash when it is first
    /// looked into.
    ///
    /// # Errors
    /// When a file differs, which is named.
    pub fn verify(&self) -> Result<(), DatasetError> {
        self.train.check()?;
        self.holdout.check()?;
        self.index.files.iter().try_for_each(|file| verify_file(&self.folder, file))
    }

    /// The files that are not what was written, or cannot be read: all are read again, whatever is remembered of them.
    pub fn damaged_files(&self) -> Vec<PathBuf> {
        let is_damaged = |file: &&FileIndex| verify_file(&self.folder, file).is_err();
        self.index.all_files().filter(is_damaged).map(|file| files::at(&self.folder, &file.name)).collect()
    }

    /// Stands for the whole content: two datasets with one hash hold the same bytes.
    pub fn hash(&self) -> ContentHash {
        self.hash
    }

    /// The shape of every image.
    pub fn shape(&self) -> ImageShape {
        self.index.shape()
    }

    /// One of the two parts.
    pub fn split(&self, name: SplitName) -> &Split {
        match name {
            SplitName::Train => &self.train,
            SplitName::Holdout => &self.holdout,
        }
    }
}

fn open_split(folder: &Path, index: &Index, name: SplitName) -> Result<Split, DatasetError> {
    let split = index.splits.get(&name).cloned().unwrap_or_default();
    let shards: Result<Vec<MappedShard>, _> =
        split.shards.into_iter().map(|shard| MappedShard::open(folder, shard)).collect();
    Ok(Split::new(name, index.shape(), shards?))
}

pub(crate) fn verify_file(folder: &Path, file: &FileIndex) -> Result<(), DatasetError> {
    let path = files::at(folder, &file.name);
    let mut hasher = blake3::Hasher::new();
    let hashed = File::open(&path).and_then(|opened| hasher.update_reader(opened).map(|_| ()));
    hashed.map_err(FileError::at("read", &path))?;
    if hasher.finalize().to_hex().as_str() != file.blake3 {
        let problem = "does not hold what was written: its BLAKE3 differs".into();
        return Err(DatasetError::Damaged { path, problem });
    }
    Ok(())
}
