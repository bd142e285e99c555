//! Writing a manifest whose records need not fit into memory, nor come in order.

use std::{
    io,
    marker::PhantomData,
    path::{Path, PathBuf},
};

use super::{error::ManifestError, header::Header, write::write_lines};
use crate::{
    hash::ContentHash,
    publish::FileError,
    record::Record,
    sorter::{Entry, SortKey as _, Sorter},
};

/// Records on their way into a manifest, in any order and of any number: what does not fit into memory lies beside it.
pub struct Spool<R: Record> {
    manifest: PathBuf,
    lines: Sorter,
    records: PhantomData<fn(&R)>,
}

impl<R: Record> Spool<R> {
    /// Begins the records of a manifest.
    pub fn of(manifest: &Path) -> Self {
        let lines = Sorter::beside(&manifest.with_extension("spool"));
        Self { manifest: manifest.into(), lines, records: PhantomData }
    }

    /// Adds a record.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn push(&mut self, record: &R) -> Result<(), FileError> {
        let json = serde_json::to_string(record).map_err(io::Error::from);
        let line = json.map_err(FileError::at("write", &self.manifest))? + "\n";
        self.lines.push(&record.key().sort_bytes(), line.as_bytes())
    }

    /// Writes the manifest in one step and returns the records' hash.
    ///
    /// # Errors
    /// When two records have the same key, or the file cannot be written.
    pub fn publish(self, header: &Header) -> Result<ContentHash, ManifestError> {
        let mut lines = self.lines.sorted()?;
        let mut last = None;
        let line = |entry: Result<Entry, FileError>| {
            let entry = entry.map_err(io::Error::other)?;
            if last.as_deref() == Some(entry.key()) {
                let record: R = serde_json::from_slice(entry.value())?;
                return Err(io::Error::other(format!("two records are named {}", record.key())));
            }
            last = Some(entry.key().to_vec());
            String::from_utf8(entry.value().to_vec()).map_err(io::Error::other)
        };
        write_lines(&self.manifest, header, lines.entries().map(line))
    }
}
