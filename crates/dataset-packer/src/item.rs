//! One picture that a source offers, before it is opened.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::Arc,
};

use contracts::record::FaceRecord;

/// A picture to pack. Items are listed in a fixed order, which is the order of the dataset's rows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    /// Its name within its source, with forward slashes.
    pub(crate) name: String,
    /// Where its bytes are.
    pub(crate) place: Place,
    /// What the crop stage knows of it.
    pub(crate) face: Option<Box<FaceRecord>>,
}

/// Where an item's bytes are. Archives are read in place, so items are independent of one another.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Place {
    /// A file of its own.
    File(PathBuf),
    /// A run of bytes within an archive.
    Member {
        /// The archive.
        archive: Arc<Path>,
        /// Where the member's content begins.
        offset: u64,
        /// How long it is.
        length: u64,
    },
}

impl Place {
    /// The bytes of the picture's file.
    pub(crate) fn read(&self) -> io::Result<Vec<u8>> {
        match self {
            Self::File(path) => fs::read(path),
            Self::Member { archive, offset, length } => {
                let mut file = File::open(archive)?;
                file.seek(SeekFrom::Start(*offset))?;
                let mut bytes = Vec::new();
                file.take(*length).read_to_end(&mut bytes)?;
                Ok(bytes)
            }
        }
    }

    /// How many bytes they are.
    pub(crate) fn length(&self) -> io::Result<u64> {
        match self {
            Self::File(path) => Ok(fs::metadata(path)?.len()),
            Self::Member { length, .. } => Ok(*length),
        }
    }
}
