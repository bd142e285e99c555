//! Giving names: to files and to folders, beside other processes and on disks of other machines.

use std::{
    fs::{self, Metadata},
    io,
    path::Path,
};

use super::{FileError, SET_ASIDE, parent, remove_folder, sync_folder};
use crate::layout;

/// Gives a file or a folder another name.
///
/// Over a network a rename may be done, its answer lost, and asked for again: that one finds nothing under the old name. So where it
/// fails, what has the new name is looked at.
pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    let renamed = fs::symlink_metadata(from)?;
    fs::rename(from, to).or_else(|error| match fs::symlink_metadata(to) {
        Ok(found) if is_same(&renamed, &found) => Ok(()),
        _ => Err(error),
    })
}

#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Elsewhere files have no number that the standard library tells.
#[cfg(not(unix))]
fn is_same(_: &Metadata, _: &Metadata) -> bool {
    false
}

/// Moves a folder to a name that another may have, which is then removed. Where the system exchanges names in one step, there is a
/// whole folder under that name at every moment.
pub(super) fn replace_folder(partial: &Path, path: &Path) -> Result<(), FileError> {
    let failed = FileError::at("replace the folder", path);
    // A name that is free, or that of an empty folder, is simply taken. One that is not is refused in one way or another.
    if rename(partial, path).is_ok() {
        return sync_folder(parent(path));
    }
    match exchange(partial, path) {
        Ok(()) => {
            sync_folder(parent(path))?;
            remove_folder(partial)
        }
        Err(error) if has_no_exchange(&error) => step_aside(partial, path),
        Err(error) => Err(failed(error)),
    }
}

/// The way of systems that cannot exchange names: the old folder steps aside first.
fn step_aside(partial: &Path, path: &Path) -> Result<(), FileError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let old = layout::partial(&path.with_file_name(format!("{name}{SET_ASIDE}")));
    let moved = match rename(path, &old) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => rename(partial, path),
    };
    moved.map_err(FileError::at("replace the folder", path))?;
    sync_folder(parent(path))?;
    remove_folder(&old)
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Whether the system, or the file system, cannot exchange names: network ones refuse the flag as an invalid argument.
fn has_no_exchange(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput)
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicBool, Ordering},
        thread,
    };

    use super::*;
    use crate::publish::{publish_folder, write_file};

    #[cfg(unix)]
    #[test]
    fn a_rename_that_was_done_before_is_no_failure() {
        let root = tempfile::tempdir().unwrap();
        let [from, to, gone] = ["from", "to", "gone"].map(|name| root.path().join(name));
        fs::write(&from, b"x").unwrap();
        fs::hard_link(&from, &to).unwrap();
        // Two names of one file: the system does nothing, and says that it went well.
        rename(&from, &to).unwrap();
        let renamed = fs::symlink_metadata(&to).unwrap();
        assert!(is_same(&renamed, &fs::symlink_metadata(&from).unwrap()));
        assert_eq!(rename(&gone, &to).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    fn folder_with(path: &Path, name: &str) {
        write_file(&path.join(name), b"x").unwrap();
    }

    #[test]
    fn both_ways_replace_a_folder_and_leave_nothing() {
        for replace in [replace_folder, step_aside] {
            let root = tempfile::tempdir().unwrap();
            let [partial, path] = ["partial", "shard"].map(|name| root.path().join(name));
            for name in ["first", "second"] {
                folder_with(&partial, name);
                replace(&partial, &path).unwrap();
                let names: Vec<_> = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
                assert_eq!(names, [name]);
            }
            assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn a_folder_that_is_replaced_is_never_absent() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("shard");
        let publish = || publish_folder(&path, |folder| write_file(&folder.join("face"), b"x")).unwrap();
        publish();
        let [one, other] = ["one", "other"].map(|name| root.path().join(name));
        for folder in [&one, &other] {
            fs::create_dir(folder).unwrap();
        }
        if exchange(&one, &other).is_err_and(|error| has_no_exchange(&error)) {
            return eprintln!("skipped: this file system cannot exchange two names");
        }
        let done = AtomicBool::new(false);
        let absent = thread::scope(|scope| {
            let watcher = scope.spawn(|| {
                let mut absent = 0;
                while !done.load(Ordering::Relaxed) {
                    absent += u32::from(fs::read(path.join("face")).is_err() && !path.exists());
                }
                absent
            });
            (0..100).for_each(|_| publish());
            done.store(true, Ordering::Relaxed);
            watcher.join().unwrap()
        });
        assert_eq!(absent, 0);
    }

    #[test]
    fn many_writers_of_one_name_all_succeed_and_tear_nothing() {
        let root = tempfile::tempdir().unwrap();
        let (file, folder) = (root.path().join("pipeline.lock"), root.path().join("shard"));
        let write = |writer: u8| {
            let content = vec![b'a' + writer; 4000 + 100 * usize::from(writer)];
            for _ in 0..20 {
                write_file(&file, &content).unwrap();
                publish_folder(&folder, |partial| write_file(&partial.join("face"), &content)).unwrap();
                let found = fs::read(&file).unwrap();
                let whole = found.iter().all(|byte| *byte == found[0]);
                assert!(whole && found.len() == 4000 + 100 * usize::from(found[0] - b'a'));
            }
        };
        thread::scope(|scope| (0..8).for_each(|writer| drop(scope.spawn(move || write(writer)))));
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 2);
    }
}
