//! Where pictures lie: first under a partial name, then under their hash.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use contracts::{
    Layout,
    id::PostId,
    publish::{self, FileError},
};
use serde::Serialize;

use crate::picture::Inspected;

/// The folders of the raw stage.
#[derive(Clone, Debug)]
pub(crate) struct Shelf {
    layout: Layout,
}

/// A download under way. What is written is kept under its partial name until [`Shelf::put`] or [`Shelf::discard`].
#[derive(Debug)]
pub(crate) struct Partial {
    file: File,
    path: PathBuf,
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
        Self { layout: layout.clone() }
    }

    /// Makes the folders, and clears what killed runs have left half done.
    pub(crate) fn prepare(&self) -> Result<(), FileError> {
        publish::create_folder(&self.layout.raw())?;
        let folder = self.layout.raw_partial();
        publish::remove_folder(&folder)?;
        publish::create_folder(&folder)
    }

    /// Begins a download, from nothing.
    pub(crate) fn begin(&self, name: &str) -> Result<Partial, FileError> {
        let path = self.layout.raw_partial().join(format!("{name}.part"));
        let file = File::create(&path).map_err(FileError::at("write", &path))?;
        Ok(Partial { file, path })
    }

    /// Gives a whole, inspected download its final name; when this returns it is safe on disk.
    pub(crate) fn put(&self, partial: Partial, inspected: &Inspected) -> Result<(), FileError> {
        let path = self.path(&self.layout.raw_file(&inspected.sha256, inspected.extension));
        let folder = path.parent().unwrap_or(Path::new("."));
        publish::create_folder(folder)?;
        let moved = partial.file.sync_all().and_then(|()| fs::rename(&partial.path, &path));
        moved.map_err(FileError::at("write", &path))?;
        sync_folder(folder).map_err(FileError::at("write", folder))
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
        fs::rename(&partial.path, &path).map_err(FileError::at("write", &path))?;
        let note = path.with_extension("json");
        let json = serde_json::to_vec_pretty(suspicion).map_err(|error| FileError::at("write", &note)(error.into()))?;
        publish::write_file(&note, &json)
    }

    /// Throws a download away.
    pub(crate) fn discard(&self, partial: Partial) -> Result<(), FileError> {
        match fs::remove_file(&partial.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(FileError::at("remove", &partial.path)(error)),
            _ => Ok(()),
        }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.layout.raw().join(file)
    }
}

impl Partial {
    /// Adds the next bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        self.file.write_all(bytes).map_err(FileError::at("write", &self.path))
    }

    /// All bytes so far.
    pub(crate) fn read(&self) -> Result<Vec<u8>, FileError> {
        publish::read_file(&self.path)
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
        let file = shelf.layout.raw_file(&inspected.sha256, "png");
        let mut partial = shelf.begin("mini-1").unwrap();
        partial.write(b"who").unwrap();
        partial.write(b"le").unwrap();
        assert_eq!(partial.read().unwrap(), b"whole");
        assert!(!shelf.has(&file, 5));
        shelf.put(partial, &inspected).unwrap();
        assert!(shelf.has(&file, 5));
        assert!(!shelf.has(&file, 6), "a file of another length is not it");
    }

    #[test]
    fn what_a_killed_run_left_is_cleared_and_what_is_suspect_is_kept() {
        let root = tempfile::tempdir().unwrap();
        let shelf = shelf(root.path());
        drop(shelf.begin("half").unwrap());
        shelf.prepare().unwrap();
        assert_eq!(fs::read_dir(shelf.layout.raw_partial()).unwrap().count(), 0);
        let suspicion = Suspicion {
            post: "mini:1".into(),
            url: String::new(),
            reason: "another MD5".into(),
            md5_claimed: None,
            md5: String::new(),
            sha256: String::new(),
        };
        let partial = shelf.begin("suspect").unwrap();
        shelf.quarantine(partial, &"mini:1".parse().unwrap(), &suspicion).unwrap();
        let note = fs::read_to_string(shelf.layout.raw_quarantine().join("mini-1.json")).unwrap();
        assert!(note.contains("another MD5"));
    }
}
