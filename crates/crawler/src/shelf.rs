//! Where pictures lie: first under a partial name, then under their hash.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, BufReader, Write as _},
    mem,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use contracts::{
    Layout,
    id::PostId,
    publish::{self, FileError},
};
use serde::Serialize;

use crate::picture::Inspected;

/// How much of a file is in memory while it is looked at.
const READ_BYTES: usize = 1 << 16;

/// The folders of the raw stage.
#[derive(Clone, Debug)]
pub(crate) struct Shelf {
    layout: Layout,
    /// Folders with new names in them that a power cut could still undo.
    unsettled: Arc<Mutex<BTreeSet<PathBuf>>>,
}

/// A download under way. What is written is kept under its partial name until [`Shelf::put`] or [`Shelf::discard`];
/// where the site has named the version that the bytes belong to, another run can go on with it.
#[derive(Debug)]
pub(crate) struct Partial {
    file: File,
    path: PathBuf,
    length: u64,
    version: Option<String>,
}

/// Why a file lies in quarantine, beside it as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct Suspicion {
    /// The post.
    pub(crate) post: String,
    /// Where the file came from, as written down.
    pub(crate) url: String,
    /// What is wrong.
    pub(crate) reason: String,
    /// What the site claims.
    pub(crate) md5_claimed: Option<String>,
    /// What it is.
    pub(crate) md5: String,
    /// What it is.
    pub(crate) sha256: String,
}

impl Shelf {
    /// The shelf of a pipeline.
    pub(crate) fn new(layout: &Layout) -> Self {
        Self { layout: layout.clone(), unsettled: Arc::default() }
    }

    /// Makes the folders. What killed runs have left half done stays: it is gone on with.
    pub(crate) fn prepare(&self) -> Result<(), FileError> {
        publish::create_folder(&self.layout.raw())?;
        publish::create_folder(&self.layout.raw_partial())
    }

    /// Throws away all that is half done.
    pub(crate) fn clear_partial(&self) -> Result<(), FileError> {
        let folder = self.layout.raw_partial();
        publish::remove_folder(&folder)?;
        publish::create_folder(&folder)
    }

    /// Goes on with a download that broke off, or begins one.
    pub(crate) fn resume(&self, name: &str) -> Result<Partial, FileError> {
        let path = self.layout.raw_partial().join(format!("{name}.part"));
        let opened = File::options().append(true).create(true).open(&path);
        let opened = opened.and_then(|file| Ok((file.metadata()?.len(), file)));
        let (length, file) = opened.map_err(FileError::at("write", &path))?;
        let version = fs::read_to_string(version_file(&path)).ok();
        let mut partial = Partial { file, path, length, version };
        if partial.version.is_none() {
            partial.begin(None)?;
        }
        Ok(partial)
    }

    /// Gives a whole, inspected download its final name; its bytes are safe on disk before that. The name itself is safe
    /// after [`Shelf::settle`]: a name that is lost with the power is a file that the next run misses.
    pub(crate) fn put(&self, partial: Partial, inspected: &Inspected) -> Result<(), FileError> {
        let path = self.path(&Layout::raw_file(&inspected.sha256, inspected.extension));
        let folder = path.parent().unwrap_or(Path::new("."));
        publish::create_folder(folder)?;
        publish::remove_file(&version_file(&partial.path))?;
        let moved = partial.file.sync_all().and_then(|()| fs::rename(&partial.path, &path));
        moved.map_err(FileError::at("write", &path))?;
        self.unsettled.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_path_buf());
        Ok(())
    }

    /// Makes the names of all that was put there safe on disk.
    pub(crate) fn settle(&self) -> Result<(), FileError> {
        let folders = mem::take(&mut *self.unsettled.lock().unwrap_or_else(PoisonError::into_inner));
        folders.iter().try_for_each(|folder| sync_folder(folder).map_err(FileError::at("write", folder)))
    }

    /// Whether a picture lies where it should, with its whole length.
    pub(crate) fn has(&self, file: &str, bytes: u64) -> bool {
        fs::metadata(self.path(file)).is_ok_and(|metadata| metadata.is_file() && metadata.len() == bytes)
    }

    /// Puts a download aside that is a picture, but not the one that was asked for.
    pub(crate) fn quarantine(&self, partial: Partial, post: &PostId, suspicion: &Suspicion) -> Result<(), FileError> {
        let folder = self.layout.raw_quarantine();
        publish::create_folder(&folder)?;
        let path = folder.join(format!("{}-{}", post.site, post.number));
        publish::remove_file(&version_file(&partial.path))?;
        fs::rename(&partial.path, &path).map_err(FileError::at("write", &path))?;
        let note = path.with_extension("json");
        let json = serde_json::to_vec_pretty(suspicion).map_err(|error| FileError::at("write", &note)(error.into()))?;
        publish::write_file(&note, &json)
    }

    /// Throws a download away.
    pub(crate) fn discard(&self, partial: Partial) -> Result<(), FileError> {
        publish::remove_file(&version_file(&partial.path))?;
        publish::remove_file(&partial.path)
    }

    fn path(&self, file: &str) -> PathBuf {
        self.layout.raw().join(file)
    }
}

impl Partial {
    /// Adds the next bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        self.length += bytes.len() as u64;
        self.file.write_all(bytes).map_err(FileError::at("write", &self.path))
    }

    /// Begins anew, with a picture of that version. The version is on disk only while the bytes are of it.
    pub(crate) fn begin(&mut self, version: Option<String>) -> Result<(), FileError> {
        publish::remove_file(&version_file(&self.path))?;
        self.file.set_len(0).map_err(FileError::at("write", &self.path))?;
        if let Some(version) = &version {
            // Not synced, as the bytes are not: half a version fits no answer, so that the download begins anew.
            let path = version_file(&self.path);
            fs::write(&path, version).map_err(FileError::at("write", &path))?;
        }
        (self.length, self.version) = (0, version);
        Ok(())
    }

    /// How many bytes are there.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// The version of the picture that the bytes are a part of, if one could go on from them.
    pub(crate) fn version(&self) -> Option<&str> {
        self.version.as_deref().filter(|_| self.length > 0)
    }

    /// All bytes so far, to be read in pieces.
    pub(crate) fn reader(&self) -> Result<BufReader<File>, FileError> {
        let file = File::open(&self.path).map_err(self.unreadable())?;
        Ok(BufReader::with_capacity(READ_BYTES, file))
    }

    /// For `map_err`: that they cannot be read.
    pub(crate) fn unreadable(&self) -> impl FnOnce(io::Error) -> FileError {
        FileError::at("read", &self.path)
    }
}

/// Beside a partial file: the version of what its bytes are a part of.
fn version_file(partial: &Path) -> PathBuf {
    partial.with_extension("version")
}

/// Makes a rename itself durable. Only Unix lets a folder be opened for that.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use contracts::{ContentHash, config::PathsConfig};

    use super::*;

    fn shelf(root: &Path) -> Shelf {
        let shelf = Shelf::new(&Layout::new(root, &PathsConfig::default()));
        shelf.prepare().unwrap();
        shelf
    }

    fn inspected(bytes: &[u8]) -> Inspected {
        let sha256 = ContentHash::of(bytes);
        Inspected { sha256, extension: "png", bytes: bytes.len() as u64, dimensions: (1, 1) }
    }

    #[test]
    fn a_picture_appears_whole_or_not_at_all() {
        let root = tempfile::tempdir().unwrap();
        let shelf = shelf(root.path());
        let inspected = inspected(b"whole");
        let file = Layout::raw_file(&inspected.sha256, "png");
        let mut partial = shelf.resume("mini-1").unwrap();
        partial.write(b"who").unwrap();
        partial.write(b"le").unwrap();
        assert_eq!(io::read_to_string(partial.reader().unwrap()).unwrap(), "whole");
        assert!(!shelf.has(&file, 5));
        shelf.put(partial, &inspected).unwrap();
        assert!(shelf.has(&file, 5));
        assert!(!shelf.has(&file, 6), "a file of another length is not it");
    }

    #[test]
    fn what_a_killed_run_left_is_gone_on_with_if_its_version_is_known() {
        let root = tempfile::tempdir().unwrap();
        let shelf = shelf(root.path());
        let check = |version: Option<&str>, expected: u64| {
            let mut partial = shelf.resume("half").unwrap();
            partial.begin(version.map(str::to_owned)).unwrap();
            partial.write(b"half").unwrap();
            drop(partial);
            shelf.prepare().unwrap();
            let partial = shelf.resume("half").unwrap();
            assert_eq!((partial.length(), partial.version()), (expected, version));
            shelf.discard(partial).unwrap();
            assert_eq!(fs::read_dir(shelf.layout.raw_partial()).unwrap().count(), 0);
        };
        check(Some("\"v1\""), 4);
        check(None, 0);
    }

    #[test]
    fn what_is_suspect_is_kept() {
        let root = tempfile::tempdir().unwrap();
        let shelf = shelf(root.path());
        drop(shelf.resume("half").unwrap());
        shelf.clear_partial().unwrap();
        assert_eq!(fs::read_dir(shelf.layout.raw_partial()).unwrap().count(), 0);
        let suspicion = Suspicion {
            post: "mini:1".into(),
            url: String::new(),
            reason: "another MD5".into(),
            md5_claimed: None,
            md5: String::new(),
            sha256: String::new(),
        };
        let partial = shelf.resume("suspect").unwrap();
        shelf.quarantine(partial, &"mini:1".parse().unwrap(), &suspicion).unwrap();
        let note = fs::read_to_string(shelf.layout.raw_quarantine().join("mini-1.json")).unwrap();
        assert!(note.contains("another MD5"));
    }
}
