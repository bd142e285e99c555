//! The names inside a dataset's folder, but for the index, which the pipeline's layout has. Nothing else joins them.

use std::path::{Path, PathBuf};

use crate::split_name::SplitName;

/// What tells Python's `datasets` that the folder has splits.
pub(crate) const DATASET_DICT: &str = "dataset_dict.json";

/// A file of one split, relative to the dataset's folder, with forward slashes.
pub(crate) fn of_split(split: SplitName, name: &str) -> String {
    format!("{split}/{name}")
}

/// What tells Python's `datasets` a split's columns.
pub(crate) fn dataset_info(split: SplitName) -> String {
    of_split(split, "dataset_info.json")
}

/// What tells Python's `datasets` a split's shards.
pub(crate) fn state(split: SplitName) -> String {
    of_split(split, "state.json")
}

/// A shard file: part `part` of a group of rows. No name depends on how many others there are, so data that comes or goes
/// elsewhere renames nothing.
pub(crate) fn shard(split: SplitName, group: &str, part: usize) -> String {
    of_split(split, &format!("{group}-{part:03}.arrow"))
}

/// Where a file named relative to the dataset's folder lies.
pub(crate) fn at(folder: &Path, file: &str) -> PathBuf {
    folder.join(file)
}
