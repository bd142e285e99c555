//! The names inside a dataset's folder, and nothing else that joins them.

use std::path::{Path, PathBuf};

use crate::split::SplitName;

/// What this crate reads first.
pub(crate) const INDEX: &str = "index.json";
/// What tells Python's `datasets` that the folder has splits.
pub(crate) const DATASET_DICT: &str = "dataset_dict.json";

/// A file of one split, relative to the dataset's folder, with forward slashes.
pub(crate) fn of_split(split: SplitName, name: &str) -> String {
    format!("{split}/{name}")
}

/// A split's features.
pub(crate) fn dataset_info(split: SplitName) -> String {
    of_split(split, "dataset_info.json")
}

/// A split's list of shards.
pub(crate) fn state(split: SplitName) -> String {
    of_split(split, "state.json")
}

/// A shard whose number of siblings is not known yet.
pub(crate) fn unfinished_shard(split: SplitName, number: usize) -> String {
    of_split(split, &format!("data-{number:05}.arrow"))
}

/// A finished shard's name within its split.
pub(crate) fn shard_name(number: usize, count: usize) -> String {
    format!("data-{number:05}-of-{count:05}.arrow")
}

/// Where a file named relative to the dataset's folder lies.
pub(crate) fn at(folder: &Path, file: &str) -> PathBuf {
    folder.join(file)
}
