//! Faces out of a tar.

use std::{
    fs::{self, File},
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use super::{
    BLOCK,
    index::{FORMAT, LINE, Line},
};
use crate::{layout::Layout, publish::FileError};

/// The tar of a shard, with its index.
pub struct FacesTar {
    tar: PathBuf,
    index: File,
    index_path: PathBuf,
    faces: u64,
    length: u64,
}

/// A face's bytes within a tar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The tar.
    pub tar: PathBuf,
    /// At which byte of it they begin.
    pub offset: u64,
    /// How many they are.
    pub length: u64,
}

impl FacesTar {
    /// Opens the tar in a shard's folder; `None` where its faces are files of their own.
    ///
    /// # Errors
    /// When the system refuses, and when the tar is gone, cut off, or not that of its index.
    pub fn open(shard_folder: &Path) -> Result<Option<Self>, FileError> {
        let (tar, index_path) = (Layout::faces_tar(shard_folder), Layout::faces_index(shard_folder));
        let index = match File::open(&index_path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !tar.exists() => return Ok(None),
            other => other.map_err(|error| unreadable(&index_path, error))?,
        };
        let length = |path: &Path| fs::metadata(path).map(|it| it.len()).map_err(|error| unreadable(path, error));
        let mut opened = Self { index, faces: 0, length: length(&tar)?, tar, index_path };
        let head = opened.line(0)?;
        opened.faces = head.length;
        let index_length = head.length.checked_add(1).and_then(|lines| lines.checked_mul(LINE as u64));
        let is_index = head.name == FORMAT && index_length == Some(length(&opened.index_path)?);
        match is_index && head.offset == opened.length {
            true => Ok(Some(opened)),
            false => Err(damaged(&opened.tar, "it is not the one that its index describes")),
        }
    }

    /// Where a face is.
    ///
    /// # Errors
    /// When the tar lacks it, or its index cannot be read.
    pub fn member(&mut self, name: &str) -> Result<Member, FileError> {
        self.find(name)?.ok_or_else(|| damaged(&self.tar, &format!("it has no {name}")))
    }

    /// Where a face is, if the tar has it.
    ///
    /// # Errors
    /// When its index cannot be read.
    pub fn find(&mut self, name: &str) -> Result<Option<Member>, FileError> {
        let (mut low, mut high) = (0, self.faces);
        while low < high {
            let middle = low + (high - low) / 2;
            let line = self.line(middle + 1)?;
            match line.name.as_str().cmp(name) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return self.member_of(&line).map(Some),
            }
        }
        Ok(None)
    }

    /// The names of all faces, ascending.
    ///
    /// # Errors
    /// When its index cannot be read.
    pub fn names(&mut self) -> Result<Vec<String>, FileError> {
        let failed = |error: io::Error| unreadable(&self.index_path, error);
        self.index.seek(SeekFrom::Start(LINE as u64)).map_err(failed)?;
        let mut lines = BufReader::new(&self.index);
        let mut name = || {
            let mut line = [0; LINE];
            lines.read_exact(&mut line).map_err(failed)?;
            Ok(Line::read(&line).ok_or_else(|| damaged(&self.index_path, "a line is none"))?.name)
        };
        (0..self.faces).map(|_| name()).collect()
    }

    fn line(&mut self, number: u64) -> Result<Line, FileError> {
        let mut line = [0; LINE];
        let read =
            self.index.seek(SeekFrom::Start(number * LINE as u64)).and_then(|_| self.index.read_exact(&mut line));
        read.map_err(|error| unreadable(&self.index_path, error))?;
        Line::read(&line).ok_or_else(|| damaged(&self.index_path, &format!("its line {} is none", number + 1)))
    }

    fn member_of(&self, line: &Line) -> Result<Member, FileError> {
        // A header goes before each, and what is told of more than there is would be read without end.
        let is_within =
            line.offset >= BLOCK && line.offset.checked_add(line.length).is_some_and(|end| end <= self.length);
        match is_within {
            true => Ok(Member { tar: self.tar.clone(), offset: line.offset, length: line.length }),
            false => Err(damaged(&self.index_path, &format!("{} would lie outside of the tar", line.name))),
        }
    }
}

impl Member {
    /// The bytes.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn read(&self) -> Result<Vec<u8>, FileError> {
        let read = || {
            let mut tar = File::open(&self.tar)?;
            tar.seek(SeekFrom::Start(self.offset))?;
            let mut bytes = Vec::new();
            tar.take(self.length).read_to_end(&mut bytes)?;
            if bytes.len() as u64 == self.length { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
        };
        read().map_err(|error| unreadable(&self.tar, error))
    }
}

/// What the system says; where that is that something lacks, it is damage.
fn unreadable(path: &Path, error: io::Error) -> FileError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof => damaged(path, &error.to_string()),
        _ => FileError::at("read", path)(error),
    }
}

/// Of the kind `InvalidData`, by which [`undamaged`](super::undamaged) knows it.
fn damaged(path: &Path, why: &str) -> FileError {
    let way_out = "remove its folder and run `cargo xtask crop`, which makes it anew";
    FileError::at("read", path)(io::Error::new(io::ErrorKind::InvalidData, format!("{why}; {way_out}")))
}
