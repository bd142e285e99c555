//! Writing files so that a name never stands for half a file: temporary name, fsync, rename.
//!
//! A process killed at any moment leaves either the old content, or the new, or a leftover whose name starts with
//! [`layout::PARTIAL_PREFIX`], which no reader looks at and [`leftovers`](crate::leftovers) collects.

mod pointer;
mod rename;

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

pub use pointer::{point_at, pointed_at};

use self::rename::{rename, replace_folder};
use crate::layout;

/// A file that could not be written, read or moved.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {source}{}", path.display(), hint(action, source))]
pub struct FileError {
    /// What was tried: "write", "read", "create the folder", …
    pub action: &'static str,
    /// The file or folder.
    pub path: PathBuf,
    /// Why, in the words of the system.
    pub source: io::Error,
}

impl FileError {
    /// For `map_err`: puts the action and the path around what the system says.
    pub fn at(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self { action, path, source }
    }
}

fn hint(action: &str, error: &io::Error) -> &'static str {
    if action == LOCK && has_no_locks(error) {
        return "; its file system has no locks: mount it with them (Lustre: `flock`), or set paths.data and paths.artifacts to \
                folders on another";
    }
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; make room and run the same command again: finished work is kept"
        }
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            "; make the folder writable, or set paths.data and paths.artifacts to folders that are"
        }
        io::ErrorKind::FileTooLarge => "; raise the limit for the length of files (`ulimit -f`)",
        _ => "",
    }
}

/// The action of a lock that cannot be had.
pub(crate) const LOCK: &str = "lock";

/// Whether a file system has no locks at all.
fn has_no_locks(error: &io::Error) -> bool {
    // "No locks available", by which NFS says that nobody keeps them there; the standard library has no name for it.
    const NO_LOCKS: i32 = 37;
    error.kind() == io::ErrorKind::Unsupported || cfg!(target_os = "linux") && error.raw_os_error() == Some(NO_LOCKS)
}

/// Ends the name of a folder that stepped aside for its successor.
pub(crate) const SET_ASIDE: &str = ".old";

/// Writes a file under its final name in one step.
///
/// # Errors
/// When the folder cannot be made or written, or the disk is full; the final name is then untouched.
pub fn write_file(path: &Path, content: &[u8]) -> Result<(), FileError> {
    write_with(path, |file| file.write_all(content))
}

/// Writes a file under its final name in one step, its content produced by `fill`.
///
/// # Errors
/// As [`write_file`], and whatever `fill` returns.
pub fn write_with(path: &Path, fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<(), FileError> {
    let partial = layout::partial(path);
    create_folder(parent(path))?;
    let written = (|| {
        let mut file = BufWriter::new(File::create(&partial)?);
        fill(&mut file)?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        rename(&partial, path)
    })();
    if written.is_err() {
        // The first error is the one to tell; a leftover partial file harms nobody.
        let _ = fs::remove_file(&partial);
    }
    written.map_err(FileError::at("write", path))?;
    sync_folder(parent(path))
}

/// Fills a folder beside its final name and moves it there when it is whole, replacing what was there.
///
/// # Errors
/// When the folder cannot be made, filled or moved; what stood under the final name is then untouched.
pub fn publish_folder<E: From<FileError>>(path: &Path, fill: impl FnOnce(&Path) -> Result<(), E>) -> Result<(), E> {
    refuse_file(path)?;
    let partial = layout::partial(path);
    create_folder(&partial)?;
    let published = (|| {
        fill(&partial)?;
        sync_tree(&partial).map_err(FileError::at("write", &partial))?;
        Ok(replace_folder(&partial, path)?)
    })();
    if published.is_err() {
        // The first error is the one to tell.
        let _ = remove_folder(&partial);
    }
    published
}

/// Gives a file that was written whole its final name.
///
/// # Errors
/// When it cannot be made durable or moved.
pub fn move_file(partial: &Path, path: &Path) -> Result<(), FileError> {
    let moved = File::open(partial).and_then(|file| file.sync_all()).and_then(|()| rename(partial, path));
    moved.map_err(FileError::at("write", path))?;
    sync_folder(parent(path))
}

/// Makes a folder and those above it.
///
/// # Errors
/// When the system refuses.
pub fn create_folder(path: &Path) -> Result<(), FileError> {
    fs::create_dir_all(path).map_err(FileError::at("create the folder", path))
}

/// Removes a folder with all in it; one that is not there is fine.
///
/// # Errors
/// When the system refuses.
pub fn remove_folder(path: &Path) -> Result<(), FileError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(FileError { action: "remove the folder", path: path.to_path_buf(), source: error })
        }
        _ => Ok(()),
    }
}

/// Removes a file; one that is not there is fine.
///
/// # Errors
/// When the system refuses.
pub fn remove_file(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(FileError::at("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Reads a whole file.
///
/// # Errors
/// When it cannot be read, or is a device or a pipe, which may have no end.
pub fn read_file(path: &Path) -> Result<Vec<u8>, FileError> {
    refuse_endless(path).and_then(|()| fs::read(path)).map_err(FileError::at("read", path))
}

/// Reads a whole text.
///
/// # Errors
/// As [`read_file`], and when it is no text.
pub fn read_text(path: &Path) -> Result<String, FileError> {
    refuse_endless(path).and_then(|()| fs::read_to_string(path)).map_err(FileError::at("read", path))
}

/// Refuses what is neither a file nor a folder, which the system refuses to read. Before it is opened: opening a pipe waits for
/// somebody who writes.
fn refuse_endless(path: &Path) -> io::Result<()> {
    let kind = fs::metadata(path)?.file_type();
    if kind.is_file() || kind.is_dir() {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"))
}

/// Reads a whole text; a file that is not there is an empty one.
///
/// # Errors
/// When it is there but cannot be read.
pub fn read_text_or_empty(path: &Path) -> Result<String, FileError> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        other => other.map_err(FileError::at("read", path)),
    }
}

/// The folder that a path lies in.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// What stands where a folder is due, and is none, is somebody's: it is neither moved nor removed.
fn refuse_file(path: &Path) -> Result<(), FileError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if !metadata.is_dir() && !path.is_dir() => {
            let source = io::Error::new(io::ErrorKind::NotADirectory, "a file is in its place; move it elsewhere");
            Err(FileError { action: "write the folder", path: path.to_path_buf(), source })
        }
        _ => Ok(()),
    }
}

/// Up to this many files and folders are made durable one by one: what others write to the same disk need not be waited for then.
const MAX_FSYNCS: usize = 8;

/// Makes a folder durable with all in it: each file, or, where there are many, the file system that they are on at once.
fn sync_tree(folder: &Path) -> io::Result<()> {
    let all = tree(folder)?;
    if all.len() > MAX_FSYNCS && sync_file_system(folder)? {
        return Ok(());
    }
    let sync = |path: &PathBuf| match path.is_dir() {
        true => sync_folder(path).map_err(|error| error.source),
        false => File::open(path)?.sync_all(),
    };
    all.iter().try_for_each(sync)
}

/// The files and folders in a folder, at any depth, and then it itself.
fn tree(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => all.extend(tree(&entry.path())?),
            false => all.push(entry.path()),
        }
    }
    all.push(folder.to_path_buf());
    Ok(all)
}

/// Makes everything durable that was written to the file system of a folder; false where the system cannot. Before Linux 5.8 it keeps
/// errors of the disk to itself.
#[cfg(target_os = "linux")]
fn sync_file_system(folder: &Path) -> io::Result<bool> {
    use rustix::io::Errno;
    match rustix::fs::syncfs(File::open(folder)?) {
        Err(Errno::NOSYS | Errno::INVAL | Errno::OPNOTSUPP) => Ok(false),
        done => done.map(|()| true).map_err(io::Error::from),
    }
}

#[cfg(not(target_os = "linux"))]
fn sync_file_system(_: &Path) -> io::Result<bool> {
    Ok(false)
}

/// Makes a rename itself durable. Only Unix lets a folder be opened for that.
fn sync_folder(folder: &Path) -> Result<(), FileError> {
    if cfg!(unix) {
        File::open(folder).and_then(|handle| handle.sync_all()).map_err(FileError::at("write", folder))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_content_and_no_leftover() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("manifest.jsonl");
        write_file(&path, b"old").unwrap();
        let error = write_with(&path, |file| {
            file.write_all(b"half")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert!(error.unwrap_err().to_string().contains("make room"));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_system_without_locks_is_named_as_that() {
        let check = |error: io::Error, expected: bool| {
            let said = FileError::at(LOCK, Path::new("data/.crop.lock"))(error).to_string();
            assert_eq!(said.contains("has no locks"), expected, "{said}");
        };
        check(io::ErrorKind::Unsupported.into(), true);
        check(io::Error::from_raw_os_error(37), cfg!(target_os = "linux"));
        check(io::ErrorKind::PermissionDenied.into(), false);
    }

    #[cfg(unix)]
    #[test]
    fn what_has_no_end_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("recipe.toml");
        std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
        for error in [read_file(&link).unwrap_err(), read_text(&link).unwrap_err()] {
            assert!(error.to_string().ends_with("recipe.toml: it is no regular file"), "{error}");
        }
        assert_eq!(read_file(folder.path()).unwrap_err().source.kind(), io::ErrorKind::IsADirectory);
    }

    #[test]
    fn a_folder_is_replaced_whole_or_not_at_all() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("shard");
        let publish = |name: &'static str, result: Result<(), FileError>| {
            publish_folder(&path, |folder| {
                write_file(&folder.join(name), b"x")?;
                result
            })
        };
        publish("first", Ok(())).unwrap();
        let failure = FileError { action: "write", path: path.clone(), source: io::ErrorKind::Other.into() };
        publish("second", Err(failure)).unwrap_err();
        assert!(path.join("first").exists() && !path.join("second").exists());
        publish("third", Ok(())).unwrap();
        assert!(!path.join("first").exists() && path.join("third").exists());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_file_in_a_folders_place_stays_where_it_is() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("dataset");
        fs::write(&path, b"somebody's").unwrap();
        let error = publish_folder(&path, |_| Ok::<_, FileError>(())).unwrap_err().to_string();
        assert!(error.contains("dataset") && error.contains("a file is in its place"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"somebody's");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failed_folder_leaves_nothing_and_two_at_once_do_not_meet() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("shard");
        publish_folder(&path, |outer| {
            write_file(&outer.join("outer"), b"x")?;
            // Another writer of the same name, who is done first.
            publish_folder(&path, |inner| write_file(&inner.join("inner"), b"x"))
        })
        .unwrap();
        assert!(path.join("outer").exists() && !path.join("inner").exists());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }
}
