//! A shard's crops in a folder that is not published yet: each a file, or all in one tar.

use std::{
    fs,
    path::{Path, PathBuf},
};

use contracts::{
    config::CropContainer,
    crops::{CropPlace, FacesTar, FacesTarWriter},
    publish::{self, FileError},
};

use crate::shard::ShardRecord;

/// Takes a shard's crops, in any order and from any thread. The folder is made durable as a whole before it gets its name.
pub(crate) enum Container<'a> {
    /// The folder that the files lie in.
    Files(&'a Path),
    /// The tar that is made there.
    Tar(FacesTarWriter),
}

impl<'a> Container<'a> {
    /// An empty one in a folder.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub(crate) fn create(kind: CropContainer, partial: &'a Path) -> Result<Self, FileError> {
        Ok(match kind {
            CropContainer::Files => Self::Files(partial),
            CropContainer::Tar => Self::Tar(FacesTarWriter::create(partial)?),
        })
    }

    /// Adds a crop.
    ///
    /// # Errors
    /// When the disk is full.
    pub(crate) fn add(&self, name: &str, content: &[u8]) -> Result<(), FileError> {
        match self {
            Self::Files(folder) => {
                let path = folder.join(name);
                fs::write(&path, content).map_err(FileError::at("write", &path))
            }
            Self::Tar(tar) => tar.add(name, content),
        }
    }

    /// Adds a crop of before: a file as a second name for it, anything else as a copy.
    ///
    /// # Errors
    /// When it cannot be read, or the disk is full.
    pub(crate) fn take_over(&self, name: &str, place: &CropPlace) -> Result<(), FileError> {
        match (self, place) {
            (Self::Files(folder), CropPlace::File(path)) => link(path, &folder.join(name)),
            (Self::Tar(_), CropPlace::File(path)) => self.add(name, &publish::read_file(path)?),
            (_, CropPlace::Member(member)) => self.add(name, &member.read()?),
        }
    }

    /// Ends it: all crops are in it.
    ///
    /// # Errors
    /// When the disk is full.
    pub(crate) fn finish(self) -> Result<(), FileError> {
        match self {
            Self::Files(_) => Ok(()),
            Self::Tar(tar) => tar.finish(),
        }
    }
}

/// The crops that a shard has so far.
pub(crate) struct OldCrops {
    folder: PathBuf,
    /// `None`: they are files.
    tar: Option<FacesTar>,
}

impl OldCrops {
    /// Those of a shard with this record.
    ///
    /// # Errors
    /// When a tar cannot be read.
    pub(crate) fn open(folder: PathBuf, record: Option<&ShardRecord>) -> Result<Self, FileError> {
        let is_tar = record.is_some_and(|record| record.container == CropContainer::Tar);
        let tar = if is_tar { FacesTar::open(&folder)? } else { None };
        Ok(Self { folder, tar })
    }

    /// Where a crop is, if it is there.
    ///
    /// # Errors
    /// When a tar's index cannot be read.
    pub(crate) fn find(&mut self, name: &str) -> Result<Option<CropPlace>, FileError> {
        if let Some(tar) = &mut self.tar {
            return Ok(tar.find(name)?.map(CropPlace::Member));
        }
        let path = self.folder.join(name);
        Ok(path.exists().then_some(CropPlace::File(path)))
    }
}

/// Gives a file a second name; where the file system has no such thing, a copy.
fn link(from: &Path, to: &Path) -> Result<(), FileError> {
    fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(drop)).map_err(FileError::at("copy", from))
}
