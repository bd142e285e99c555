//! `index.json`: rows, batches and hashes, so that the reader finds every byte without parsing Arrow.

use std::{collections::BTreeMap, path::Path};

use contracts::{
    Layout,
    hash::ContentHash,
    publish::{self, FileError},
};
use serde::{Deserialize, Serialize};

use crate::{
    error::DatasetError,
    image::{CHANNELS, ImageEncoding, ImageShape},
    split_name::SplitName,
};

const FORMAT: &str = "nijigen-dataset";

/// The format's version. History: 1, the first; 2, shards by groups of rows; 3, the column `angle`.
const VERSION: u64 = 3;

/// The oldest version that is read.
const OLDEST_VERSION: u64 = 2;

/// All that `index.json` holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Index {
    format: String,
    version: u64,
    side: u32,
    channels: usize,
    encoding: ImageEncoding,
    pub(crate) splits: BTreeMap<SplitName, SplitIndex>,
    /// The files that only Python reads, with what they held.
    pub(crate) files: Vec<FileIndex>,
    /// BLAKE3 of this index written without it, so that a damaged index is noticed too.
    checksum: String,
}

/// The shards of one split, in the order of their rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SplitIndex {
    pub(crate) rows: u64,
    pub(crate) shards: Vec<ShardIndex>,
}

/// Where everything lies in one Arrow file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShardIndex {
    pub(crate) file: FileIndex,
    pub(crate) group: RowGroup,
    pub(crate) rows: u64,
    /// The length of the schema message that the file begins with.
    pub(crate) schema_bytes: u64,
    pub(crate) batches: Vec<BatchIndex>,
}

/// Rows that lie together in shards of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowGroup {
    /// Its name, which begins those of its shards.
    pub name: String,
    /// Stands for all its rows, pixels included, in one split: equal hashes mean equal shards.
    pub rows: ContentHash,
}

/// A file and what it held when it was written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileIndex {
    /// Relative to the dataset's folder, with forward slashes.
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) blake3: String,
}

/// One record batch. All positions are in bytes from the start of the file.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BatchIndex {
    pub(crate) rows: u64,
    /// Where its Arrow message begins.
    pub(crate) offset: u64,
    /// The message's length with its body.
    pub(crate) bytes: u64,
    /// Where rows + 1 little-endian `i32` lie: image n's bytes are from the n-th to the next.
    pub(crate) image_offsets: u64,
    /// Where those are counted from.
    pub(crate) images: u64,
}

impl FileIndex {
    /// A file of the given content.
    pub(crate) fn of(name: String, content: &[u8]) -> Self {
        Self { name, bytes: content.len() as u64, blake3: blake3::hash(content).to_hex().to_string() }
    }
}

impl Index {
    pub(crate) fn new(shape: ImageShape, splits: BTreeMap<SplitName, SplitIndex>, files: Vec<FileIndex>) -> Self {
        let mut index = Self {
            format: FORMAT.into(),
            version: VERSION,
            side: shape.side(),
            channels: CHANNELS,
            encoding: shape.encoding(),
            splits,
            files,
            checksum: String::new(),
        };
        index.checksum = index.expected_checksum();
        index
    }

    /// Whether it was written as this program writes: an older version's shards have other columns.
    pub(crate) fn is_current(&self) -> bool {
        self.version == VERSION
    }

    pub(crate) fn shape(&self) -> ImageShape {
        ImageShape::new(self.side)
    }

    /// Every file that the index vouches for.
    pub(crate) fn all_files(&self) -> impl Iterator<Item = &FileIndex> {
        let shards = self.splits.values().flat_map(|split| &split.shards).map(|shard| &shard.file);
        shards.chain(&self.files)
    }

    /// Writes the index and returns its SHA-256, which stands for the whole dataset.
    pub(crate) fn write(&self, folder: &Path) -> Result<ContentHash, DatasetError> {
        let path = Layout::index_of(folder);
        let json = serde_json::to_vec_pretty(self).map_err(|error| FileError::at("write", &path)(error.into()))?;
        publish::write_file(&path, &json)?;
        Ok(ContentHash::of(&json))
    }

    /// Reads the index of a dataset, with its SHA-256.
    pub(crate) fn read(folder: &Path) -> Result<(Self, ContentHash), DatasetError> {
        let path = Layout::index_of(folder);
        if !path.exists() {
            return Err(DatasetError::Missing(folder.into()));
        }
        let json = publish::read_file(&path)?;
        let index = Self::parse(&json, &path)?;
        Ok((index, ContentHash::of(&json)))
    }

    fn parse(json: &[u8], path: &Path) -> Result<Self, DatasetError> {
        let damaged = |problem: String| DatasetError::Damaged { path: path.into(), problem };
        let any: serde_json::Value =
            serde_json::from_slice(json).map_err(|error| damaged(format!("is not JSON: {error}")))?;
        let found = any.get("version").and_then(serde_json::Value::as_u64);
        if let Some(found) = found.filter(|found| !(OLDEST_VERSION..=VERSION).contains(found)) {
            return Err(DatasetError::Version { path: path.into(), found, expected: VERSION });
        }
        let index: Self =
            serde_json::from_value(any).map_err(|error| damaged(format!("is not a dataset's index: {error}")))?;
        if index.checksum != index.expected_checksum() {
            return Err(damaged("does not match its own checksum".into()));
        }
        Ok(index)
    }

    fn expected_checksum(&self) -> String {
        let unsigned = Self { checksum: String::new(), ..self.clone() };
        let json =
            serde_json::to_vec(&unsigned).unwrap_or_else(|error| unreachable!("an index is plain JSON: {error}"));
        blake3::hash(&json).to_hex().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> Index {
        let batch = BatchIndex { rows: 3, offset: 100, bytes: 900, image_offsets: 200, images: 300 };
        let file = FileIndex::of("train/a-000.arrow".into(), b"content");
        let group = RowGroup { name: "a".into(), rows: ContentHash::of(b"rows") };
        let shard = ShardIndex { file, group, rows: 3, schema_bytes: 100, batches: vec![batch] };
        let split = SplitIndex { rows: 3, shards: vec![shard] };
        Index::new(ImageShape::new(64), BTreeMap::from([(SplitName::Train, split)]), Vec::new())
    }

    #[test]
    fn what_is_written_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let hash = index().write(folder.path()).unwrap();
        assert_eq!(Index::read(folder.path()).unwrap(), (index(), hash));
    }

    #[test]
    fn another_version_is_refused_with_both_numbers() {
        let json = serde_json::to_string(&index()).unwrap().replace("\"version\":3", "\"version\":9");
        let error = Index::parse(json.as_bytes(), Path::new("index.json")).unwrap_err().to_string();
        assert!(error.contains("version 9") && error.contains("version 3"), "{error}");
    }

    #[test]
    fn no_byte_can_change_unnoticed() {
        let json = serde_json::to_vec(&index()).unwrap();
        for index in 0..json.len() {
            let mut changed = json.clone();
            changed[index] ^= 1;
            assert!(Index::parse(&changed, Path::new("index.json")).is_err(), "byte {index}");
        }
    }
}
