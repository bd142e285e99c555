//! The JSON files beside the shards that only Python's `datasets` reads.
//!
//! They are structs and not loose maps, so that the order of their keys, and with it their bytes, never varies.

use serde::Serialize;

use crate::{features::Features, index::SplitIndex, split_name::SplitName};

/// `dataset_dict.json`: the splits' names.
#[derive(Serialize)]
pub(crate) struct DatasetDictJson {
    splits: [SplitName; 2],
}

impl DatasetDictJson {
    pub(crate) fn new() -> Self {
        Self { splits: SplitName::ALL }
    }
}

/// `dataset_info.json` of a split: what its columns are.
#[derive(Serialize)]
pub(crate) struct DatasetInfoJson {
    citation: &'static str,
    description: &'static str,
    features: Features,
    homepage: &'static str,
    license: &'static str,
}

impl DatasetInfoJson {
    pub(crate) fn new() -> Self {
        Self { citation: "", description: "", features: Features, homepage: "", license: "" }
    }
}

/// `state.json` of a split: its shards, and how they would be shown.
#[derive(Serialize)]
pub(crate) struct StateJson<'a> {
    #[serde(rename = "_data_files")]
    data_files: Vec<DataFile<'a>>,
    /// Names the caches of derived datasets, so it follows the content.
    #[serde(rename = "_fingerprint")]
    fingerprint: String,
    #[serde(rename = "_format_columns")]
    format_columns: Option<[String; 0]>,
    #[serde(rename = "_format_kwargs")]
    format_arguments: NoArguments,
    #[serde(rename = "_format_type")]
    format_type: Option<String>,
    #[serde(rename = "_output_all_columns")]
    output_all_columns: bool,
    #[serde(rename = "_split")]
    split: SplitName,
}

#[derive(Serialize)]
struct DataFile<'a> {
    filename: &'a str,
}

#[derive(Serialize)]
struct NoArguments {}

impl<'a> StateJson<'a> {
    pub(crate) fn new(split: SplitName, index: &'a SplitIndex) -> Self {
        let mut hasher = blake3::Hasher::new();
        for shard in &index.shards {
            hasher.update(shard.file.blake3.as_bytes());
        }
        let name = |path: &'a str| path.rsplit('/').next().unwrap_or(path);
        Self {
            data_files: index.shards.iter().map(|shard| DataFile { filename: name(&shard.file.name) }).collect(),
            fingerprint: hasher.finalize().to_hex()[..16].to_owned(),
            format_columns: None,
            format_arguments: NoArguments {},
            format_type: None,
            output_all_columns: false,
            split,
        }
    }
}
