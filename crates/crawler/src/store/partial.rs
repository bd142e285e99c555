//! A download under way, which outlives the process.

use std::{
    fs::{self, File},
    io::{self, BufReader, Write as _},
    path::{Path, PathBuf},
};

use contracts::publish::{self, FileError};

/// How much of a file is in memory while it is looked at.
const READ_BYTES: usize = 1 << 16;

/// A download under way. What is written is kept under its partial name until it is moved or removed; where the site has
/// named the version that the bytes belong to, another run can resume it.
#[derive(Debug)]
pub(crate) struct Partial {
    file: File,
    path: PathBuf,
    length: u64,
    version: Option<String>,
}

impl Partial {
    /// Opens the file, with what an earlier run has brought if its version is known.
    ///
    /// # Errors
    /// When the disk cannot be written.
    pub(super) fn open(path: PathBuf) -> Result<Self, FileError> {
        let opened = File::options().append(true).create(true).open(&path);
        let opened = opened.and_then(|file| Ok((file.metadata()?.len(), file)));
        let (length, file) = opened.map_err(FileError::at("write", &path))?;
        let version = fs::read_to_string(version_file(&path)).ok();
        let mut partial = Self { file, path, length, version };
        if partial.version.is_none() {
            partial.begin(None)?;
        }
        Ok(partial)
    }

    /// Adds the next bytes.
    ///
    /// # Errors
    /// When the disk cannot be written.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        self.length += bytes.len() as u64;
        self.file.write_all(bytes).map_err(FileError::at("write", &self.path))
    }

    /// Begins anew, with a picture of that version. The version is on disk only while the bytes are of it.
    ///
    /// # Errors
    /// When the disk cannot be written.
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

    /// The version of the picture that the bytes are a part of, if one could resume from them.
    pub(crate) fn version(&self) -> Option<&str> {
        self.version.as_deref().filter(|_| self.length > 0)
    }

    /// All bytes so far, to be read in pieces.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(crate) fn reader(&self) -> Result<BufReader<File>, FileError> {
        let file = File::open(&self.path).map_err(self.unreadable())?;
        Ok(BufReader::with_capacity(READ_BYTES, file))
    }

    /// For `map_err`: that they cannot be read.
    pub(crate) fn unreadable(&self) -> impl FnOnce(io::Error) -> FileError {
        FileError::at("read", &self.path)
    }

    /// Makes the bytes safe on disk.
    ///
    /// # Errors
    /// When the disk cannot be written.
    pub(super) fn sync(&self) -> Result<(), FileError> {
        self.file.sync_all().map_err(FileError::at("write", &self.path))
    }

    /// Gives the file another name.
    ///
    /// # Errors
    /// When the disk cannot be written.
    pub(super) fn move_to(self, path: &Path) -> Result<(), FileError> {
        // Before the move: a version without its bytes would be taken for that of the next download of this name.
        publish::remove_file(&version_file(&self.path))?;
        fs::rename(&self.path, path).map_err(FileError::at("write", path))
    }

    /// Removes the file.
    ///
    /// # Errors
    /// When the disk cannot be written.
    pub(super) fn remove(self) -> Result<(), FileError> {
        publish::remove_file(&version_file(&self.path))?;
        publish::remove_file(&self.path)
    }
}

/// Beside a partial file: the version of what its bytes are a part of.
fn version_file(partial: &Path) -> PathBuf {
    partial.with_extension("version")
}
