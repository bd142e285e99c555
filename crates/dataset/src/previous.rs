//! Shards of the dataset that is being replaced, taken over where their rows are the same.

use std::{fs, path::Path, path::PathBuf};

use contracts::publish::FileError;

use crate::{
    error::DatasetError,
    files,
    image::ImageShape,
    index::{Index, RowGroup, ShardIndex},
    reader::verify_file,
    split_name::SplitName,
};

/// The dataset that lies there now.
pub(crate) struct PreviousDataset {
    folder: PathBuf,
    index: Index,
}

impl PreviousDataset {
    /// The dataset in a folder, if it is one of this version with images of this shape.
    pub(crate) fn find(folder: &Path, shape: ImageShape) -> Option<Self> {
        let (index, _) = Index::read(folder).ok()?;
        (index.is_current() && index.shape() == shape).then(|| Self { folder: folder.into(), index })
    }

    /// Puts a group's shards into a new dataset's folder, unwritten where the file system has hard links. `None` where
    /// the group was not there with the same rows, or its files are no longer what they were.
    pub(crate) fn take_over(
        &self,
        split: SplitName,
        group: &RowGroup,
        to: &Path,
    ) -> Result<Option<Vec<ShardIndex>>, DatasetError> {
        let shards = self.index.splits.get(&split).into_iter().flat_map(|split| &split.shards);
        let shards: Vec<ShardIndex> = shards.filter(|shard| shard.group == *group).cloned().collect();
        if shards.is_empty() || shards.iter().any(|shard| verify_file(&self.folder, &shard.file).is_err()) {
            return Ok(None);
        }
        for shard in &shards {
            let (from, to) = (files::at(&self.folder, &shard.file.name), files::at(to, &shard.file.name));
            let taken = fs::hard_link(&from, &to).or_else(|_| fs::copy(&from, &to).map(|_| ()));
            taken.map_err(FileError::at("write", &to))?;
        }
        Ok(Some(shards))
    }
}
