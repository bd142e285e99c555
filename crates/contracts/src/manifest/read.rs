//! Reading a manifest, whole or a record at a time.

use std::path::Path;

use super::{MIN_VERSION, Manifest, VERSION, error::ManifestError, header::Header, lines::Lines};
use crate::{hash::ContentHash, record::Record};

/// Reads a manifest, checking every line.
///
/// # Errors
/// When it is missing, of another format or version, cut off, or a line is broken or out of order.
pub fn read<R: Record>(path: &Path) -> Result<Manifest<R>, ManifestError> {
    let mut reader = Records::open(path)?;
    let records = reader.by_ref().collect::<Result<_, _>>()?;
    Ok(Manifest { header: reader.header.clone(), records, records_hash: reader.hash()? })
}

/// A manifest's records, one at a time, each line checked.
pub struct Records<R: Record> {
    header: Header,
    lines: Lines,
    last: Option<R::Key>,
}

impl<R: Record> Records<R> {
    /// Begins to read a manifest.
    ///
    /// # Errors
    /// When it is missing, or of another format or version.
    pub fn open(path: &Path) -> Result<Self, ManifestError> {
        let mut lines = Lines::open(path)?;
        let header = lines.header()?;
        if header.format != R::FORMAT || !(MIN_VERSION..=VERSION).contains(&header.version) {
            return Err(lines.problem(format!(
                "it is {} version {}, not {} version {MIN_VERSION} to {VERSION}",
                header.format,
                header.version,
                R::FORMAT
            )));
        }
        Ok(Self { header, lines, last: None })
    }

    /// How the records came to be.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The hash of the record lines, those that were not asked for included.
    ///
    /// # Errors
    /// When the rest cannot be read, or is not what was written.
    pub fn hash(self) -> Result<ContentHash, ManifestError> {
        self.lines.records_hash()
    }

    fn next_record(&mut self) -> Result<Option<R>, ManifestError> {
        let record: R = match self.lines.next_record()?.map(serde_json::from_str) {
            None => return Ok(None),
            Some(Ok(record)) => record,
            Some(Err(error)) => return Err(self.lines.problem(error.to_string())),
        };
        let key = record.key();
        if self.last.as_ref().is_some_and(|last| *last >= key) {
            return Err(self.lines.problem(format!("{key} is out of order")));
        }
        self.last = Some(key);
        Ok(Some(record))
    }
}

impl<R: Record> Iterator for Records<R> {
    type Item = Result<R, ManifestError>;

    /// The next record. After an error the rest means nothing.
    fn next(&mut self) -> Option<Self::Item> {
        self.next_record().transpose()
    }
}

/// The records' hash of any manifest, without reading what the records say. `None` where there is no manifest.
///
/// # Errors
/// When it cannot be read, has no header, or is cut off.
pub fn records_hash(path: &Path) -> Result<Option<ContentHash>, ManifestError> {
    let mut lines = match Lines::open(path) {
        Err(ManifestError::Missing(_)) => return Ok(None),
        other => other?,
    };
    lines.header()?;
    lines.records_hash().map(Some)
}
