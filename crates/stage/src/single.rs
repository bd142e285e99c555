//! One process a stage and data folder: two would write the same files.

use std::fs::{File, TryLockError};

use anyhow::{Context as _, bail};
use contracts::{Layout, StageId, publish};

/// Holds the stage's lock until the file is dropped; the system frees it even after `kill -9`.
pub(crate) fn hold(layout: &Layout, stage: StageId) -> anyhow::Result<File> {
    let path = layout.lock(stage);
    if let Some(folder) = path.parent() {
        publish::create_folder(folder)?;
    }
    let file = File::create(&path).map_err(publish::FileError::at("write", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!(
            "another {stage} is at work on {}; wait for it, or set paths.data to another folder",
            layout.data().display()
        ),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use contracts::config::PathsConfig;

    use super::*;

    #[test]
    fn a_second_holder_is_turned_away_until_the_first_is_gone() {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::new(root.path(), &PathsConfig::default());
        let first = hold(&layout, StageId::Crop).unwrap();
        assert!(hold(&layout, StageId::Crop).unwrap_err().to_string().contains("another crop is at work"));
        assert!(hold(&layout, StageId::Pack).is_ok(), "other stages are free");
        drop(first);
        hold(&layout, StageId::Crop).unwrap();
    }
}
