//! A manifest's lines, hashed on the way.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

use super::{error::ManifestError, header::Header};
use crate::{hash::Hasher, publish::FileError};

/// A manifest being read, a line at a time.
pub(super) struct Lines {
    path: PathBuf,
    file: BufReader<File>,
    line: String,
    number: usize,
    pub(super) hasher: Hasher,
}

impl Lines {
    pub(super) fn open(path: &Path) -> Result<Self, ManifestError> {
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(ManifestError::Missing(path.into())),
            other => other.map_err(FileError::at("read", path))?,
        };
        let file = BufReader::new(file);
        Ok(Self { path: path.into(), file, line: String::new(), number: 0, hasher: Hasher::default() })
    }

    pub(super) fn header(&mut self) -> Result<Header, ManifestError> {
        if !self.advance()? {
            return Err(self.problem("it is empty"));
        }
        serde_json::from_str(&self.line).map_err(|error| self.problem(format!("no header: {error}")))
    }

    pub(super) fn next_record(&mut self) -> Result<Option<&str>, ManifestError> {
        if !self.advance()? {
            return Ok(None);
        }
        self.hasher.update(self.line.as_bytes());
        Ok(Some(&self.line))
    }

    fn advance(&mut self) -> Result<bool, ManifestError> {
        self.line.clear();
        self.number += 1;
        let length = self.file.read_line(&mut self.line).map_err(FileError::at("read", &self.path))?;
        if length > 0 && !self.line.ends_with('\n') {
            return Err(self.problem("the line has no end: the file was cut off"));
        }
        Ok(length > 0)
    }

    pub(super) fn problem(&self, problem: impl Into<String>) -> ManifestError {
        ManifestError::Line { path: self.path.clone(), line: self.number, problem: problem.into() }
    }
}
