//! Prepared shards on disk, whole or not there: what is finished survives a kill, is found by the run that puts shares
//! together, and is not done again while the files it follows from stay as they are, here or as copies elsewhere.
//!
//! ```text
//! data/prepared/<shard>/
//!   pixels        the images that can be used, one after the other: RGB interleaved, at the dataset's side
//!   shard.json    the keys, and what became of each item
//! ```

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use contracts::{
    Layout,
    hash::ContentHash,
    publish::{self, FileError},
};
use serde::{Deserialize, Serialize};

use crate::{
    prepared::{Preparation, Prepared},
    reason::DropReason,
};

/// What `shard.json` holds.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredShard {
    /// Stands for the files, by their names and times.
    pub(crate) key: ContentHash,
    /// Stands for what was in them; earlier versions did not take it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) content: Option<ContentHash>,
    /// What became of each item, in their order.
    #[serde(rename = "outcomes")]
    pub(crate) preparations: Vec<Preparation>,
}

impl StoredShard {
    /// The shard that is there.
    pub(crate) fn read(layout: &Layout, shard: &str) -> Option<Self> {
        serde_json::from_slice(&fs::read(Layout::shard_record(&layout.prepared_shard(shard))).ok()?).ok()
    }

    /// The preparations, in the order of the shard's items, once the shard is known by this key of its files.
    ///
    /// # Errors
    /// When the key is new and cannot be written.
    pub(crate) fn under(
        mut self,
        key: ContentHash,
        layout: &Layout,
        shard: &str,
    ) -> Result<Vec<Preparation>, FileError> {
        if self.key != key {
            self.key = key;
            let path = Layout::shard_record(&layout.prepared_shard(shard));
            publish::write_file(&path, &self.json(&path)?)?;
        }
        Ok(self.preparations)
    }

    fn json(&self, path: &Path) -> Result<Vec<u8>, FileError> {
        serde_json::to_vec(self).map_err(|error| FileError::at("write", path)(error.into()))
    }
}

/// Removes the shards that are not among the named ones.
pub(crate) fn keep_only(layout: &Layout, names: &BTreeSet<&str>) -> Result<(), FileError> {
    let folder = layout.prepared();
    let listed = fs::read_dir(&folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    for entry in listed.map_err(FileError::at("read", &folder))? {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && !entry.file_name().to_str().is_some_and(|name| names.contains(name)) {
            publish::remove_folder(&entry.path())?;
        }
    }
    Ok(())
}

/// A shard being written into a folder that becomes `data/prepared/<shard>`.
pub(crate) struct ShardFile {
    path: PathBuf,
    file: BufWriter<File>,
    preparations: Vec<Preparation>,
}

impl ShardFile {
    /// Begins a shard without images.
    pub(crate) fn create(folder: &Path) -> Result<Self, FileError> {
        let path = Layout::prepared_pixels(folder);
        let file = File::create(&path).map_err(FileError::at("write", &path))?;
        Ok(Self { path, file: BufWriter::new(file), preparations: Vec::new() })
    }

    /// Adds what became of the next item.
    pub(crate) fn push(&mut self, preparation: Result<(Vec<u8>, Prepared), DropReason>) -> Result<(), FileError> {
        let preparation = match preparation {
            Ok((pixels, prepared)) => {
                self.file.write_all(&pixels).map_err(FileError::at("write", &self.path))?;
                Ok(prepared)
            }
            Err(reason) => Err(reason),
        };
        self.preparations.push(preparation);
        Ok(())
    }

    /// Ends it: the index comes last.
    pub(crate) fn finish(
        mut self,
        folder: &Path,
        key: ContentHash,
        content: Option<ContentHash>,
    ) -> Result<Vec<Preparation>, FileError> {
        self.file.flush().map_err(FileError::at("write", &self.path))?;
        let shard = StoredShard { key, content, preparations: self.preparations };
        let path = Layout::shard_record(folder);
        fs::write(&path, shard.json(&path)?).map_err(FileError::at("write", &path))?;
        Ok(shard.preparations)
    }
}

/// The images of a shard, read again.
pub(crate) struct PixelFile {
    path: PathBuf,
    file: BufReader<File>,
    image_bytes: usize,
}

impl PixelFile {
    /// Opens the images of a prepared shard.
    pub(crate) fn open(layout: &Layout, shard: &str, image_bytes: usize) -> Result<Self, FileError> {
        let path = Layout::prepared_pixels(&layout.prepared_shard(shard));
        let file = File::open(&path).map_err(FileError::at("read", &path))?;
        Ok(Self { path, file: BufReader::with_capacity(1 << 20, file), image_bytes })
    }

    /// The file that the images are read from.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The image at this index among those that could be used. Reading in ascending order is fastest.
    pub(crate) fn read(&mut self, index: usize) -> Result<Vec<u8>, FileError> {
        let mut pixels = vec![0; self.image_bytes];
        self.read_into(index, &mut pixels).map_err(FileError::at("read", &self.path))?;
        Ok(pixels)
    }

    fn read_into(&mut self, index: usize, pixels: &mut [u8]) -> std::io::Result<()> {
        let wanted = index as u64 * pixels.len() as u64;
        let here = self.file.stream_position()?;
        match i64::try_from(i128::from(wanted) - i128::from(here)) {
            Ok(step) => self.file.seek_relative(step)?,
            Err(_) => drop(self.file.seek(SeekFrom::Start(wanted))?),
        }
        self.file.read_exact(pixels)
    }
}
