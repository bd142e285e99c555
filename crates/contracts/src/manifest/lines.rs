//! A manifest's lines, counted and hashed on the way.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read as _},
    path::{Path, PathBuf},
};

use super::{
    end::{End, EndLine},
    error::ManifestError,
    header::Header,
};
use crate::{
    hash::{ContentHash, Hasher},
    publish::FileError,
};

/// The most bytes of a line. A record has a few hundred, one of very many tags some thousands; a damaged manifest may have lost
/// all of its line ends.
const MAX_LINE: u64 = 4 << 20;

/// The first version that ends with a line of its own. Manifests of before end with a record, so nothing tells where they were cut.
const FIRST_WITH_END: u32 = 2;

/// The first version whose last line has the header's hash.
const FIRST_WITH_HEADER_HASH: u32 = 3;

/// A manifest being read, a line at a time.
pub(super) struct Lines {
    path: PathBuf,
    file: BufReader<File>,
    line: String,
    number: usize,
    version: u32,
    header: ContentHash,
    records: u64,
    hasher: Hasher,
    /// What the records are, once they were read to the end.
    whole: Option<ContentHash>,
}

impl Lines {
    pub(super) fn open(path: &Path) -> Result<Self, ManifestError> {
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(ManifestError::Missing(path.into())),
            other => other.map_err(FileError::at("read", path))?,
        };
        Ok(Self {
            path: path.into(),
            file: BufReader::new(file),
            line: String::new(),
            number: 0,
            version: 0,
            header: ContentHash::of(b""),
            records: 0,
            hasher: Hasher::default(),
            whole: None,
        })
    }

    pub(super) fn header(&mut self) -> Result<Header, ManifestError> {
        if !self.advance()? {
            return Err(self.problem("it is empty"));
        }
        let header: Header =
            serde_json::from_str(&self.line).map_err(|error| self.problem(format!("no header: {error}")))?;
        (self.version, self.header) = (header.version, ContentHash::of(self.line.as_bytes()));
        Ok(header)
    }

    /// The next record's line; `None` where the records end as they should.
    pub(super) fn next_record(&mut self) -> Result<Option<&str>, ManifestError> {
        if self.whole.is_some() {
            return Ok(None);
        }
        if !self.advance()? {
            return self.finish().map(|()| None);
        }
        if let Some(end) = EndLine::parse(&self.line) {
            let EndLine { end } = end.map_err(|error| self.problem(error.to_string()))?;
            return self.finish_with(&end).map(|()| None);
        }
        self.records += 1;
        self.hasher.update(self.line.as_bytes());
        Ok(Some(&self.line))
    }

    /// The hash of all records, of which those are passed over that were not read yet.
    pub(super) fn records_hash(mut self) -> Result<ContentHash, ManifestError> {
        while self.next_record()?.is_some() {}
        Ok(self.whole.unwrap_or_else(|| unreachable!("there are no more records")))
    }

    /// The file is at its end without having said so.
    fn finish(&mut self) -> Result<(), ManifestError> {
        if self.version >= FIRST_WITH_END {
            let records = self.records;
            return Err(self.problem(format!("no line ends the {records} records: the file was cut off")));
        }
        self.whole = Some(std::mem::take(&mut self.hasher).finish());
        Ok(())
    }

    fn finish_with(&mut self, stated: &End) -> Result<(), ManifestError> {
        let (records, sha256) = (self.records, std::mem::take(&mut self.hasher).finish());
        if (records, sha256) != (stated.records, stated.sha256) {
            let stated = stated.records;
            return Err(self.problem(format!("the {records} records are not the {stated} that were written")));
        }
        // Wherever it is stated it counts: the header's version may be what is damaged.
        let has_header_hash = stated.header.is_some() || self.version >= FIRST_WITH_HEADER_HASH;
        if has_header_hash && stated.header != Some(self.header) {
            return Err(self.problem("the header, line 1, is not the one that was written"));
        }
        if self.advance()? {
            return Err(self.problem("it goes on after its last line"));
        }
        self.whole = Some(sha256);
        Ok(())
    }

    fn advance(&mut self) -> Result<bool, ManifestError> {
        self.line.clear();
        self.number += 1;
        let mut file = (&mut self.file).take(MAX_LINE);
        let length = file.read_line(&mut self.line).map_err(FileError::at("read", &self.path))?;
        if length as u64 == MAX_LINE {
            return Err(self.problem("the line does not end"));
        }
        if length > 0 && !self.line.ends_with('\n') {
            return Err(self.problem("the line has no end: the file was cut off"));
        }
        Ok(length > 0)
    }

    pub(super) fn problem(&self, problem: impl Into<String>) -> ManifestError {
        ManifestError::Line { path: self.path.clone(), line: self.number, problem: problem.into() }
    }
}
