//! Writes a dataset: rows in, a folder that Python and the trainer open out.

use std::{
    collections::BTreeMap,
    fs, mem,
    path::{Path, PathBuf},
};

use contracts::{
    hash::ContentHash,
    publish::{self, FileError},
};
use serde::Serialize;

use crate::{
    batch::BatchBuilder,
    descriptions::{DatasetDict, DatasetInfo, State},
    error::DatasetError,
    files,
    image::{EncodedImage, ImageShape},
    index::{FileIndex, Index, SplitIndex},
    row::Row,
    shard_writer::ShardWriter,
    split::SplitName,
};

/// When a batch and a shard are full.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Rows of a batch.
    pub batch_rows: usize,
    /// Image bytes of a batch; the row that reaches them ends it.
    pub batch_bytes: usize,
    /// Bytes of a shard file, kept unless a single batch is larger.
    pub shard_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { batch_rows: 1000, batch_bytes: 16 << 20, shard_bytes: 256_000_000 }
    }
}

/// A dataset being written into a folder that nobody reads yet.
pub struct Writer {
    folder: PathBuf,
    shape: ImageShape,
    train: SplitWriter,
    holdout: SplitWriter,
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Stands for the whole dataset: the SHA-256 of its index, which holds the hash of every file.
    pub hash: ContentHash,
    /// Bytes of all files but the index.
    pub bytes: u64,
}

impl Writer {
    /// Begins a dataset of images of one shape in an existing folder.
    ///
    /// # Errors
    /// When files cannot be made there.
    pub fn create(folder: &Path, shape: ImageShape, limits: Limits) -> Result<Self, DatasetError> {
        let split = |name| SplitWriter::create(folder, name, limits);
        Ok(Self { folder: folder.into(), shape, train: split(SplitName::Train)?, holdout: split(SplitName::Holdout)? })
    }

    /// Appends a row to a split. Rows keep the order in which they are given.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn push(&mut self, split: SplitName, row: &Row, image: &EncodedImage) -> Result<(), DatasetError> {
        match split {
            SplitName::Train => self.train.push(row, image),
            SplitName::Holdout => self.holdout.push(row, image),
        }
    }

    /// Writes what is left and, last, the index.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn finish(self) -> Result<Written, DatasetError> {
        let mut splits = BTreeMap::new();
        let mut described = vec![write_json(&self.folder, files::DATASET_DICT.into(), &DatasetDict::new())?];
        for split in [self.train, self.holdout] {
            let name = split.name;
            let index = split.finish()?;
            described.push(write_json(&self.folder, files::dataset_info(name), &DatasetInfo::new())?);
            described.push(write_json(&self.folder, files::state(name), &State::new(name, &index))?);
            splits.insert(name, index);
        }
        let index = Index::new(self.shape, splits, described);
        let bytes = index.all_files().map(|file| file.bytes).sum();
        Ok(Written { hash: index.write(&self.folder)?, bytes })
    }
}

/// One split being written: a batch in memory, a shard on disk.
struct SplitWriter {
    folder: PathBuf,
    name: SplitName,
    limits: Limits,
    batch: BatchBuilder,
    shard: ShardWriter,
    full: Vec<ShardWriter>,
}

impl SplitWriter {
    fn create(folder: &Path, name: SplitName, limits: Limits) -> Result<Self, DatasetError> {
        let first = files::at(folder, &files::unfinished_shard(name, 0));
        publish::create_folder(first.parent().unwrap_or(folder))?;
        let (batch, shard) = (BatchBuilder::default(), ShardWriter::create(first)?);
        Ok(Self { folder: folder.into(), name, limits, batch, shard, full: Vec::new() })
    }

    fn push(&mut self, row: &Row, image: &EncodedImage) -> Result<(), DatasetError> {
        self.batch.push(row, image);
        let full = self.batch.rows() >= self.limits.batch_rows || self.batch.image_bytes() >= self.limits.batch_bytes;
        if full { self.write_batch() } else { Ok(()) }
    }

    fn write_batch(&mut self) -> Result<(), DatasetError> {
        let rows = self.batch.rows();
        let message = self.shard.encode(&self.batch.finish()?)?;
        let bytes = (message.ipc_message.len() + message.arrow_data.len()) as u64;
        if !self.shard.is_empty() && self.shard.bytes() + bytes + MESSAGE_FRAME > self.limits.shard_bytes {
            self.next_shard()?;
        }
        self.shard.push(rows, message)
    }

    fn next_shard(&mut self) -> Result<(), DatasetError> {
        let path = files::at(&self.folder, &files::unfinished_shard(self.name, self.full.len() + 1));
        let full = mem::replace(&mut self.shard, ShardWriter::create(path)?);
        self.full.push(full);
        Ok(())
    }

    fn finish(mut self) -> Result<SplitIndex, DatasetError> {
        if self.batch.rows() > 0 {
            self.write_batch()?;
        }
        self.full.push(self.shard);
        let count = self.full.len();
        let mut shards = Vec::with_capacity(count);
        for (number, shard) in self.full.into_iter().enumerate() {
            let unfinished = shard.path().to_path_buf();
            let name = files::of_split(self.name, &files::shard_name(number, count));
            let path = files::at(&self.folder, &name);
            shards.push(shard.finish(name)?);
            fs::rename(&unfinished, &path).map_err(FileError::at("write", &path))?;
        }
        Ok(SplitIndex { rows: shards.iter().map(|shard| shard.rows).sum(), shards })
    }
}

/// What a message has at most beside its metadata and body: eight bytes of frame and up to 63 of padding.
const MESSAGE_FRAME: u64 = 71;

fn write_json(folder: &Path, name: String, content: &impl Serialize) -> Result<FileIndex, DatasetError> {
    let path = files::at(folder, &name);
    let json = serde_json::to_vec_pretty(content).map_err(|error| FileError::at("write", &path)(error.into()))?;
    publish::write_file(&path, &json)?;
    Ok(FileIndex::of(name, &json))
}
