//! Where pictures lie: first under a partial name, then under their hash.

mod check;
mod digests;
mod partial;
mod rejection;

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io, mem,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

pub(crate) use check::{CheckedPicture, Claim, check_picture};
use contracts::{
    Layout,
    id::PostId,
    publish::{self, FileError},
};
pub(crate) use digests::Digests;
pub(crate) use partial::Partial;
pub(crate) use rejection::Rejection;
use serde::Serialize;

/// The folders of the raw stage.
#[derive(Clone, Debug)]
pub(crate) struct PictureStore {
    layout: Layout,
    /// Folders with new names in them that a power cut could still undo.
    unsettled: Arc<Mutex<BTreeSet<PathBuf>>>,
}

/// Why a file lies in quarantine, beside it as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct QuarantineNote {
    /// The post.
    pub(crate) post: String,
    /// Where the file came from, as written down.
    pub(crate) url: String,
    /// What is wrong, in a few words for people.
    pub(crate) reason: String,
    /// What the site claims.
    pub(crate) md5_claimed: Option<String>,
    /// The MD5 that the file has.
    pub(crate) md5: String,
    /// The SHA-256 that the file has.
    pub(crate) sha256: String,
}

impl PictureStore {
    /// The store of a pipeline.
    pub(crate) fn new(layout: &Layout) -> Self {
        Self { layout: layout.clone(), unsettled: Arc::default() }
    }

    /// Makes the folders. What killed runs have left half done stays: it is resumed.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn prepare(&self) -> Result<(), FileError> {
        publish::create_folder(&self.layout.raw())?;
        publish::create_folder(&self.layout.raw_partial())
    }

    /// Throws away all that is half done.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn clear_partial(&self) -> Result<(), FileError> {
        let folder = self.layout.raw_partial();
        publish::remove_folder(&folder)?;
        publish::create_folder(&folder)
    }

    /// Resumes the download of that name if it broke off, or begins one.
    ///
    /// # Errors
    /// When the disk cannot be written.
    pub(crate) fn resume(&self, name: &str) -> Result<Partial, FileError> {
        Partial::open(self.layout.raw_partial_file(name))
    }

    /// Gives a whole, checked download its final name; its bytes are safe on disk before that. The name itself is safe
    /// after [`PictureStore::settle`]: a name that is lost with the power is a file that the next run misses.
    ///
    /// # Errors
    /// When the disk cannot be written.
    pub(crate) fn put(&self, partial: Partial, picture: &CheckedPicture) -> Result<(), FileError> {
        let path = self.layout.raw_picture(&Layout::raw_file(&picture.sha256, picture.extension));
        let folder = path.parent().unwrap_or(Path::new("."));
        publish::create_folder(folder)?;
        partial.sync()?;
        partial.move_to(&path)?;
        // One sync a folder at the end of the run, in place of one a picture: renames cost a disk more than bytes do.
        self.unsettled.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_path_buf());
        Ok(())
    }

    /// Makes the names of all that was put there safe on disk.
    ///
    /// # Errors
    /// When the disk cannot be written.
    pub(crate) fn settle(&self) -> Result<(), FileError> {
        let folders = mem::take(&mut *self.unsettled.lock().unwrap_or_else(PoisonError::into_inner));
        folders.iter().try_for_each(|folder| sync_folder(folder).map_err(FileError::at("write", folder)))
    }

    /// The sides, upright, of the picture whose record says `file`; `None` where they cannot be read.
    pub(crate) fn upright_sides(&self, file: &str) -> Option<(u32, u32)> {
        let mut reader = io::BufReader::new(File::open(self.layout.raw_picture(file)).ok()?);
        let probe = pictures::probe(&mut reader, u64::MAX).ok()?;
        pictures::upright_sides(&mut reader, &probe).ok()
    }

    /// Whether the picture whose record says `file` lies where it should, with its whole length.
    pub(crate) fn has(&self, file: &str, bytes: u64) -> bool {
        let metadata = fs::metadata(self.layout.raw_picture(file));
        metadata.is_ok_and(|metadata| metadata.is_file() && metadata.len() == bytes)
    }

    /// Puts a download aside that is a picture, but not the one that was asked for.
    ///
    /// # Errors
    /// When the disk cannot be written.
    pub(crate) fn quarantine(&self, partial: Partial, post: &PostId, note: &QuarantineNote) -> Result<(), FileError> {
        publish::create_folder(&self.layout.raw_quarantine())?;
        partial.move_to(&self.layout.quarantined(post))?;
        let path = self.layout.quarantine_note(post);
        let json = serde_json::to_vec_pretty(note).map_err(|error| FileError::at("write", &path)(error.into()))?;
        publish::write_file(&path, &json)
    }

    /// Throws a download away.
    ///
    /// # Errors
    /// When the disk cannot be written.
    pub(crate) fn discard(&self, partial: Partial) -> Result<(), FileError> {
        partial.remove()
    }
}

/// Makes a rename itself durable. Only Unix lets a folder be opened for that.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use contracts::{ContentHash, config::PathsConfig};

    use super::*;

    fn store(root: &Path) -> PictureStore {
        let store = PictureStore::new(&Layout::new(root, &PathsConfig::default()));
        store.prepare().unwrap();
        store
    }

    fn checked(bytes: &[u8]) -> CheckedPicture {
        let sha256 = ContentHash::of(bytes);
        CheckedPicture { sha256, extension: "png", bytes: bytes.len() as u64, dimensions: (1, 1), stored: (1, 1) }
    }

    #[test]
    fn a_picture_appears_whole_or_not_at_all() {
        let root = tempfile::tempdir().unwrap();
        let store = store(root.path());
        let checked = checked(b"whole");
        let file = Layout::raw_file(&checked.sha256, "png");
        let mut partial = store.resume("mini-1").unwrap();
        partial.write(b"who").unwrap();
        partial.write(b"le").unwrap();
        assert_eq!(io::read_to_string(partial.reader().unwrap()).unwrap(), "whole");
        assert!(!store.has(&file, 5));
        store.put(partial, &checked).unwrap();
        assert!(store.has(&file, 5));
        assert!(!store.has(&file, 6), "a file of another length is not it");
    }

    #[test]
    fn what_a_killed_run_left_is_resumed_if_its_version_is_known() {
        let root = tempfile::tempdir().unwrap();
        let store = store(root.path());
        let check = |version: Option<&str>, expected: u64| {
            let mut partial = store.resume("half").unwrap();
            partial.begin(version.map(str::to_owned)).unwrap();
            partial.write(b"half").unwrap();
            drop(partial);
            store.prepare().unwrap();
            let partial = store.resume("half").unwrap();
            assert_eq!((partial.length(), partial.version()), (expected, version));
            store.discard(partial).unwrap();
            assert_eq!(fs::read_dir(store.layout.raw_partial()).unwrap().count(), 0);
        };
        check(Some("\"v1\""), 4);
        check(None, 0);
    }

    #[test]
    fn what_is_suspect_is_kept() {
        let root = tempfile::tempdir().unwrap();
        let store = store(root.path());
        drop(store.resume("half").unwrap());
        store.clear_partial().unwrap();
        assert_eq!(fs::read_dir(store.layout.raw_partial()).unwrap().count(), 0);
        let note = QuarantineNote {
            post: "mini:1".into(),
            url: String::new(),
            reason: "another MD5".into(),
            md5_claimed: None,
            md5: String::new(),
            sha256: String::new(),
        };
        let partial = store.resume("suspect").unwrap();
        store.quarantine(partial, &"mini:1".parse().unwrap(), &note).unwrap();
        let note = fs::read_to_string(store.layout.raw_quarantine().join("mini-1.json")).unwrap();
        assert!(note.contains("another MD5"));
    }
}
