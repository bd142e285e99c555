//! Writes a dataset: rows in, a folder that Python and the trainer open out.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use contracts::{
    hash::ContentHash,
    publish::{self, FileError},
};
use serde::Serialize;

use crate::{
    batch::BatchBuilder,
    descriptions::{DatasetDictJson, DatasetInfoJson, StateJson},
    error::DatasetError,
    files,
    image::{EncodedImage, ImageShape},
    index::{FileIndex, Index, RowGroup, ShardIndex, SplitIndex},
    previous::PreviousDataset,
    row::Row,
    shard_writer::ShardWriter,
    split_name::SplitName,
};

/// When a batch and a shard are full.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Rows of a batch, which is what is decoded at once to read one row's record.
    pub batch_rows: usize,
    /// Image bytes of a batch; the row that reaches them ends it.
    pub batch_bytes: usize,
    /// Bytes of a shard file, kept unless a single batch is larger: what one transfer, check or copy takes at once.
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
    previous: Option<PreviousDataset>,
    train: SplitWriter,
    holdout: SplitWriter,
}

/// A finished dataset: its identity and its size.
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
        let (train, holdout) = (split(SplitName::Train)?, split(SplitName::Holdout)?);
        Ok(Self { folder: folder.into(), shape, previous: None, train, holdout })
    }

    /// Takes shards over from the dataset in another folder, where [`begin`](Self::begin) names the same rows.
    pub fn replacing(mut self, folder: &Path) -> Self {
        self.previous = PreviousDataset::find(folder, self.shape);
        self
    }

    /// Begins a group of rows in a split: its shards hold nothing else. Groups have distinct names.
    ///
    /// Returns whether its rows are there already, taken over from the dataset that is replaced: then none is to be
    /// pushed.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn begin(&mut self, split: SplitName, group: &RowGroup) -> Result<bool, DatasetError> {
        let taken = self.previous.as_ref().map(|previous| previous.take_over(split, group, &self.folder));
        let writer = self.split(split);
        writer.begin(group)?;
        match taken.transpose()?.flatten() {
            Some(shards) => writer.finished.extend(shards),
            None => return Ok(false),
        }
        Ok(true)
    }

    /// Appends a row to a split. Rows keep the order in which they are given.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn push(&mut self, split: SplitName, row: &Row, image: &EncodedImage) -> Result<(), DatasetError> {
        self.split(split).push(row, image)
    }

    fn split(&mut self, name: SplitName) -> &mut SplitWriter {
        match name {
            SplitName::Train => &mut self.train,
            SplitName::Holdout => &mut self.holdout,
        }
    }

    /// Writes what is left and, last, the index.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn finish(self) -> Result<Written, DatasetError> {
        let mut splits = BTreeMap::new();
        let mut described = vec![write_json(&self.folder, files::DATASET_DICT.into(), &DatasetDictJson::new())?];
        for split in [self.train, self.holdout] {
            let name = split.name;
            let index = split.finish()?;
            described.push(write_json(&self.folder, files::dataset_info(name), &DatasetInfoJson::new())?);
            described.push(write_json(&self.folder, files::state(name), &StateJson::new(name, &index))?);
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
    group: RowGroup,
    parts: usize,
    batch: BatchBuilder,
    shard: Option<ShardWriter>,
    finished: Vec<ShardIndex>,
}

impl SplitWriter {
    fn create(folder: &Path, name: SplitName, limits: Limits) -> Result<Self, DatasetError> {
        let group = RowGroup { name: "data".into(), rows: ContentHash::of(&[]) };
        let first = files::at(folder, &files::shard(name, &group.name, 0));
        publish::create_folder(first.parent().unwrap_or(folder))?;
        let (batch, finished) = (BatchBuilder::default(), Vec::new());
        Ok(Self { folder: folder.into(), name, limits, group, parts: 0, batch, shard: None, finished })
    }

    fn begin(&mut self, group: &RowGroup) -> Result<(), DatasetError> {
        self.end_group()?;
        (self.group, self.parts) = (group.clone(), 0);
        Ok(())
    }

    fn push(&mut self, row: &Row, image: &EncodedImage) -> Result<(), DatasetError> {
        self.batch.push(row, image.bytes());
        let full = self.batch.rows() >= self.limits.batch_rows || self.batch.image_bytes() >= self.limits.batch_bytes;
        if full { self.write_batch() } else { Ok(()) }
    }

    fn write_batch(&mut self) -> Result<(), DatasetError> {
        let rows = self.batch.rows();
        let batch = self.batch.finish()?;
        let message = self.shard()?.encode(&batch)?;
        let bytes = (message.ipc_message.len() + message.arrow_data.len()) as u64;
        let shard = self.shard()?;
        if !shard.is_empty() && shard.bytes() + bytes + MESSAGE_FRAME > self.limits.shard_bytes {
            self.end_shard()?;
        }
        self.shard()?.push(rows, message)
    }

    /// The shard that takes the next batch.
    fn shard(&mut self) -> Result<&mut ShardWriter, DatasetError> {
        let shard = match self.shard.take() {
            Some(shard) => shard,
            None => ShardWriter::create(files::at(&self.folder, &self.shard_name()))?,
        };
        Ok(self.shard.insert(shard))
    }

    fn shard_name(&self) -> String {
        files::shard(self.name, &self.group.name, self.parts)
    }

    fn end_shard(&mut self) -> Result<(), DatasetError> {
        let name = self.shard_name();
        if let Some(shard) = self.shard.take() {
            self.finished.push(shard.finish(name, self.group.clone())?);
            self.parts += 1;
        }
        Ok(())
    }

    fn end_group(&mut self) -> Result<(), DatasetError> {
        if self.batch.rows() > 0 {
            self.write_batch()?;
        }
        self.end_shard()
    }

    /// A split without rows has a shard without rows: `datasets` wants one to know the columns.
    fn finish(mut self) -> Result<SplitIndex, DatasetError> {
        self.end_group()?;
        if self.finished.is_empty() {
            self.shard()?;
            self.end_shard()?;
        }
        Ok(SplitIndex { rows: self.finished.iter().map(|shard| shard.rows).sum(), shards: self.finished })
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
