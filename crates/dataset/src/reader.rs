//! Opens a dataset: reads its index, maps its shards, and can check every byte.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use contracts::{
    Layout,
    hash::ContentHash,
    publish::{self, FileError},
};

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

    /// The same dataset in another folder: copied there, file by file against the hashes of the index, unless it is there whole
    /// already. A copy that is damaged is made anew.
    ///
    /// # Errors
    /// When a file of the original differs from what was written, which is named, or the other folder cannot be written.
    pub fn copied_to(&self, folder: &Path) -> Result<Self, DatasetError> {
        if let Ok(there) = Self::open(folder)
            && there.hash == self.hash
            && there.verify().is_ok()
        {
            return Ok(there);
        }
        publish::publish_folder(folder, |partial| {
            self.index.all_files().try_for_each(|file| copy_file(&self.folder, partial, file))?;
            // The file as it is: its hash is the dataset's.
            let [from, to] = [self.folder.as_path(), partial].map(Layout::index_of);
            fs::copy(&from, to).map_err(FileError::at("copy", &from))?;
            Ok::<_, DatasetError>(())
        })?;
        Self::open(folder)
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

fn copy_file(from: &Path, to: &Path, file: &FileIndex) -> Result<(), DatasetError> {
    let (source, copy) = (files::at(from, &file.name), files::at(to, &file.name));
    copy.parent().map_or(Ok(()), publish::create_folder)?;
    fs::copy(&source, &copy).map_err(FileError::at("copy", &source))?;
    // The copy is what is read from now on; where it differs, the original is asked whether it does.
    verify_file(to, file).or_else(|error| verify_file(from, file).and(Err(error)))
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
