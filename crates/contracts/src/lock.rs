//! One process a stage and data folder, or one a share of it, and one a training run: two would write the same files.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
};

use crate::{
    layout::{Layout, RunLayout},
    publish::{self, FileError, LOCK},
    share::Share,
    stage_id::StageId,
};

/// A lock that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds the stage's.
    #[error("another {stage} is at work on {}; wait for it, or set paths.data to another folder", data.display())]
    AtWork {
        /// The stage.
        stage: StageId,
        /// Its data folder.
        data: PathBuf,
    },
    /// Another process holds the run's.
    #[error("another process is at work on the run at {}; wait for it", .0.display())]
    RunAtWork(PathBuf),
    /// The file cannot be made or locked.
    #[error(transparent)]
    File(#[from] FileError),
}

/// A lock, held until this is dropped; the system frees it even after `kill -9`.
#[derive(Debug)]
pub struct Held {
    _files: Vec<File>,
}

/// Holds a stage's lock. Different shares work side by side, but not beside the whole.
///
/// # Errors
/// When another process holds it, or the file cannot be made.
pub fn hold(layout: &Layout, stage: StageId, share: Option<Share>) -> Result<Held, LockError> {
    let at_work = || LockError::AtWork { stage, data: layout.data().to_path_buf() };
    let whole = layout.lock(stage);
    let files = match share {
        None => vec![lock(&whole, File::try_lock, at_work)?],
        Some(share) => vec![
            lock(&whole, File::try_lock_shared, at_work)?,
            lock(&layout.share_lock(stage, share), File::try_lock, at_work)?,
        ],
    };
    Ok(Held { _files: files })
}

/// Holds a run's lock: pipelines of several data folders share the folder of runs.
///
/// # Errors
/// When another process holds it, or the file cannot be made.
pub fn hold_run(run: &RunLayout) -> Result<Held, LockError> {
    let file = lock(&run.lock(), File::try_lock, || LockError::RunAtWork(run.root().to_path_buf()))?;
    Ok(Held { _files: vec![file] })
}

/// Waits until no other process holds the lock at `path`, and holds it: for changes that take a moment.
///
/// # Errors
/// When the file cannot be made or locked.
pub fn wait_for(path: &Path) -> Result<Held, FileError> {
    let file = open(path)?;
    file.lock().map_err(FileError::at(LOCK, path))?;
    Ok(Held { _files: vec![file] })
}

/// Opens a lock's file to read and to write: NFS gives a shared lock to none that cannot be read, and none of its own to one that
/// cannot be written.
fn open(path: &Path) -> Result<File, FileError> {
    publish::create_folder(publish::parent(path))?;
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    options.open(path).map_err(FileError::at("write", path))
}

fn lock(
    path: &Path,
    try_lock: fn(&File) -> Result<(), TryLockError>,
    at_work: impl Fn() -> LockError,
) -> Result<File, LockError> {
    let file = open(path)?;
    match try_lock(&file) {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(at_work()),
        Err(TryLockError::Error(error)) => Err(FileError::at(LOCK, path)(error).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PathsConfig;

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

    #[test]
    fn a_run_is_trained_by_one() {
        let root = tempfile::tempdir().unwrap();
        let run = RunLayout::at(&root.path().join("run"));
        let held = hold_run(&run).unwrap();
        assert!(hold_run(&run).unwrap_err().to_string().contains("another process is at work on the run"));
        drop(held);
        hold_run(&run).unwrap();
    }
}
