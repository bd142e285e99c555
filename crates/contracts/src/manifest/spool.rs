//! Writing a manifest whose records need not fit into memory.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use super::{
    error::ManifestError,
    header::Header,
    write::{refuse_repeats, write_lines},
};
use crate::{
    hash::ContentHash,
    layout,
    publish::{self, FileError},
    record::Record,
};

/// Records on their way into a manifest, in any order and of any number: a file holds them, memory only their keys.
pub struct Spool<R: Record> {
    manifest: PathBuf,
    path: PathBuf,
    file: BufWriter<File>,
    /// Each record's key, where its line begins, and how long that is.
    lines: Vec<(R::Key, u64, usize)>,
    end: u64,
}

impl<R: Record> Spool<R> {
    /// Begins the records of a manifest, beside it.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn create(manifest: &Path) -> Result<Self, FileError> {
        let path = layout::partial(&manifest.with_extension("spool"));
        publish::create_folder(publish::parent(&path))?;
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&path);
        let file = BufWriter::new(file.map_err(FileError::at("write", &path))?);
        Ok(Self { manifest: manifest.into(), path, file, lines: Vec::new(), end: 0 })
    }

    /// Adds a record.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn push(&mut self, record: &R) -> Result<(), FileError> {
        let json = serde_json::to_string(record).map_err(io::Error::from);
        let written = json.and_then(|json| writeln!(self.file, "{json}").map(|()| json.len() + 1));
        let length = written.map_err(FileError::at("write", &self.path))?;
        self.lines.push((record.key(), self.end, length));
        self.end += length as u64;
        Ok(())
    }

    /// Writes the manifest in one step and returns the records' hash.
    ///
    /// # Errors
    /// When two records have the same key, or the file cannot be written.
    pub fn publish(mut self, header: &Header) -> Result<ContentHash, ManifestError> {
        let mut lines = std::mem::take(&mut self.lines);
        lines.sort_unstable_by(|(a, ..), (b, ..)| a.cmp(b));
        refuse_repeats(&self.manifest, lines.iter().map(|(key, ..)| key))?;
        self.file.flush().map_err(FileError::at("write", &self.path))?;
        let mut file = self.file.get_ref();
        let line = |(_, start, length): &(R::Key, u64, usize)| {
            let mut line = vec![0; *length];
            file.seek(SeekFrom::Start(*start))?;
            file.read_exact(&mut line)?;
            String::from_utf8(line).map_err(io::Error::other)
        };
        write_lines(&self.manifest, header, lines.iter().map(line))
    }
}

impl<R: Record> Drop for Spool<R> {
    fn drop(&mut self) {
        // One that stays behind harms nobody.
        let _ = fs::remove_file(&self.path);
    }
}
