//! One process a stage and data folder, or one a share of it: two would write the same files.

use std::{
    fs::{File, TryLockError},
    path::Path,
};

use anyhow::{Context as _, bail};
use contracts::{Layout, StageId, publish, share::Share};

/// Holds the stage's lock until the files are dropped; the system frees it even after `kill -9`. Different shares work
/// side by side, but not beside the whole.
pub(crate) fn hold(layout: &Layout, stage: StageId, share: Option<Share>) -> anyhow::Result<Vec<File>> {
    let whole = layout.lock(stage);
    match share {
        None => Ok(vec![lock(layout, stage, &whole, File::try_lock)?]),
        Some(share) => Ok(vec![
            lock(layout, stage, &whole, File::try_lock_shared)?,
            lock(layout, stage, &layout.share_lock(stage, share), File::try_lock)?,
        ]),
    }
}

fn lock(
    layout: &Layout,
    stage: StageId,
    path: &Path,
    try_lock: fn(&File) -> Result<(), TryLockError>,
) -> anyhow::Result<File> {
    if let Some(folder) = path.parent() {
        publish::create_folder(folder)?;
    }
    let file = File::create(path).map_err(publish::FileError::at("write", path))?;
    match try_lock(&file) {
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
        let first = hold(&layout, StageId::Crop, None).unwrap();
        let second = hold(&layout, StageId::Crop, None);
        assert!(second.unwrap_err().to_string().contains("another crop is at work"));
        assert!(hold(&layout, StageId::Pack, None).is_ok(), "other stages are free");
        drop(first);
        hold(&layout, StageId::Crop, None).unwrap();
    }

    #[test]
    fn shares_work_side_by_side_but_not_twice_and_not_beside_the_whole() {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::new(root.path(), &PathsConfig::default());
        let hold = |share: Option<&str>| hold(&layout, StageId::Crop, share.map(|share| share.parse().unwrap()));
        let shares = [hold(Some("1/2")).unwrap(), hold(Some("2/2")).unwrap()];
        assert!(hold(Some("1/2")).is_err() && hold(None).is_err());
        drop(shares);
        let _whole = hold(None).unwrap();
        assert!(hold(Some("1/2")).is_err());
    }
}
