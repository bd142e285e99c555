//! Hashes of files that are looked at again and again: taken once, and remembered while the file stays as it is.
//!
//! What vouches for a file (a dataset's index, a run's provenance) is held against the file before it is used. The memory is
//! that of the process: on disk it would outlive what it knows, since bits that rot change no time.

use std::{
    collections::HashMap,
    fs::{File, Metadata},
    io,
    path::Path,
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use crate::hash::ContentHash;

/// A file that changed more recently may change again within the same tick of the file system's clock, and is not remembered.
const MIN_AGE: Duration = Duration::from_secs(2);

/// A file as the file system tells it from others and from what it was before.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Identity {
    device: u64,
    inode: u64,
    length: u64,
    changed: SystemTime,
}

impl Identity {
    /// `None` where the file system has no numbers for files, or the file has just changed.
    fn of(metadata: &Metadata) -> Option<Self> {
        let (device, inode) = numbers(metadata)?;
        let changed = metadata.modified().ok()?;
        let is_old = changed.elapsed().is_ok_and(|age| age >= MIN_AGE);
        is_old.then_some(Self { device, inode, length: metadata.len(), changed })
    }
}

#[cfg(unix)]
fn numbers(metadata: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn numbers(_: &Metadata) -> Option<(u64, u64)> {
    None
}

/// The hashes of files by what they are and the name of the hash function.
static KNOWN: Mutex<Option<HashMap<(Identity, &'static str), String>>> = Mutex::new(None);

/// The hash of an open file by the hash function of this name: as it is remembered, or as `hash` takes it now.
///
/// # Errors
/// When the file cannot be asked for its length, and whatever `hash` fails with.
pub fn hash_once(file: &File, function: &'static str, hash: impl FnOnce() -> io::Result<String>) -> io::Result<String> {
    let Some(identity) = Identity::of(&file.metadata()?) else { return hash() };
    let key = (identity, function);
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(hash) = known().as_ref().and_then(|known| known.get(&key)) {
        return Ok(hash.clone());
    }
    let found = hash()?;
    // One that was written to while it was hashed is another file by now.
    if Identity::of(&file.metadata()?).as_ref() == Some(&key.0) {
        known().get_or_insert_default().insert(key, found.clone());
    }
    Ok(found)
}

/// The SHA-256 of a file, taken once.
///
/// # Errors
/// When it cannot be read.
pub fn sha256(path: &Path) -> io::Result<ContentHash> {
    let file = File::open(path)?;
    let hash = hash_once(&file, "sha256", || Ok(ContentHash::of_reader(&file)?.to_string()))?;
    hash.parse().map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, fs};

    use super::*;

    #[test]
    fn a_file_is_hashed_once_until_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let taken = Cell::new(0);
        let ask = || {
            let file = File::open(&path).unwrap();
            hash_once(&file, "test", || {
                taken.set(taken.get() + 1);
                fs::read_to_string(&path)
            })
            .unwrap()
        };
        let write = |content: &str, age: u64| {
            fs::write(&path, content).unwrap();
            let then = SystemTime::now() - Duration::from_secs(age);
            File::options().append(true).open(&path).unwrap().set_modified(then).unwrap();
        };
        let check = |expected: &str, times: u32| {
            taken.set(0);
            assert_eq!([ask(), ask()], [expected, expected]);
            assert_eq!(taken.get(), times, "{expected}");
        };
        write("new", 0);
        check("new", 2);
        write("old", 100);
        check("old", if cfg!(unix) { 1 } else { 2 });
        write("odd", 90);
        check("odd", if cfg!(unix) { 1 } else { 2 });
        assert_eq!(sha256(&path).unwrap(), ContentHash::of(b"odd"));
    }
}
