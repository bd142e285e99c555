//! Manifests: JSON lines, a header first, then a record an item, sorted by key.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    hash::{ContentHash, Hasher},
    publish::{self, FileError},
    record::Record,
};

/// The first line of a manifest: how the records came to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Which records follow; see [`Record::FORMAT`].
    pub format: String,
    /// The version of the format.
    pub version: u32,
    /// The version of the stage that wrote it.
    pub stage_version: String,
    /// The records' hash of the manifest that the stage read, where it read one.
    pub input: Option<ContentHash>,
    /// The resolved configuration keys that shaped the records, as TOML values.
    pub config: BTreeMap<String, String>,
    /// The pipeline's seed.
    pub seed: u64,
}

impl Header {
    /// A header for records of type `R`.
    pub fn new<R: Record>(
        stage_version: &str,
        input: Option<ContentHash>,
        config: BTreeMap<String, String>,
        seed: u64,
    ) -> Self {
        Self { format: R::FORMAT.into(), version: R::VERSION, stage_version: stage_version.into(), input, config, seed }
    }
}

/// A manifest in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest<R> {
    /// How the records came to be.
    pub header: Header,
    /// The records, sorted by key.
    pub records: Vec<R>,
    /// The hash of the record lines: what freshness is decided on.
    pub records_hash: ContentHash,
}

/// A manifest that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// There is none.
    #[error("there is no manifest at {}; run the stage that writes it first", .0.display())]
    Missing(PathBuf),
    /// It cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A line is not what it should be.
    #[error("cannot read {} at line {line}: {problem}; remove it and run its stage again", path.display())]
    Line {
        /// The manifest.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
}

/// Sorts the records, writes the manifest in one step and returns the records' hash.
///
/// # Errors
/// When two records have the same key, or the file cannot be written.
pub fn write<R: Record>(path: &Path, header: &Header, records: &mut [R]) -> Result<ContentHash, ManifestError> {
    records.sort_by_cached_key(Record::key);
    if let Some(pair) = records.windows(2).find(|pair| pair[0].key() == pair[1].key()) {
        let problem = format!("two records are named {}", pair[0].key());
        return Err(ManifestError::Line { path: path.into(), line: 0, problem });
    }
    let mut hasher = Hasher::default();
    publish::write_with(path, |file| {
        writeln!(file, "{}", serde_json::to_string(header)?)?;
        for record in &*records {
            let line = serde_json::to_string(record)? + "\n";
            hasher.update(line.as_bytes());
            file.write_all(line.as_bytes())?;
        }
        Ok(())
    })?;
    Ok(hasher.finish())
}

/// Reads a manifest, checking every line.
///
/// # Errors
/// When it is missing, of another format or version, or a line is broken or out of order.
pub fn read<R: Record>(path: &Path) -> Result<Manifest<R>, ManifestError> {
    let mut lines = Lines::open(path)?;
    let header = lines.header()?;
    if (header.format.as_str(), header.version) != (R::FORMAT, R::VERSION) {
        let (format, version) = (R::FORMAT, R::VERSION);
        return Err(lines
            .problem(format!("it is {} version {}, not {format} version {version}", header.format, header.version)));
    }
    let mut records: Vec<R> = Vec::new();
    while let Some(line) = lines.next_record()? {
        let record: R = match serde_json::from_str(line) {
            Ok(record) => record,
            Err(error) => return Err(lines.problem(error.to_string())),
        };
        if records.last().is_some_and(|last| last.key() >= record.key()) {
            return Err(lines.problem(format!("{} is out of order", record.key())));
        }
        records.push(record);
    }
    Ok(Manifest { header, records, records_hash: lines.hasher.finish() })
}

/// The records' hash of any manifest, without reading what the records say. `None` where there is no manifest.
///
/// # Errors
/// When it cannot be read, or has no header.
pub fn records_hash(path: &Path) -> Result<Option<ContentHash>, ManifestError> {
    let mut lines = match Lines::open(path) {
        Err(ManifestError::Missing(_)) => return Ok(None),
        other => other?,
    };
    lines.header()?;
    while lines.next_record()?.is_some() {}
    Ok(Some(lines.hasher.finish()))
}

/// A manifest being read, a line at a time.
struct Lines {
    path: PathBuf,
    file: BufReader<File>,
    line: String,
    number: usize,
    hasher: Hasher,
}

impl Lines {
    fn open(path: &Path) -> Result<Self, ManifestError> {
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(ManifestError::Missing(path.into())),
            other => other.map_err(FileError::at("read", path))?,
        };
        let file = BufReader::new(file);
        Ok(Self { path: path.into(), file, line: String::new(), number: 0, hasher: Hasher::default() })
    }

    fn header(&mut self) -> Result<Header, ManifestError> {
        if !self.advance()? {
            return Err(self.problem("it is empty"));
        }
        serde_json::from_str(&self.line).map_err(|error| self.problem(format!("no header: {error}")))
    }

    fn next_record(&mut self) -> Result<Option<&str>, ManifestError> {
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

    fn problem(&self, problem: impl Into<String>) -> ManifestError {
        ManifestError::Line { path: self.path.clone(), line: self.number, problem: problem.into() }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::record::PictureRecord;

    fn picture(post: &str) -> PictureRecord {
        PictureRecord {
            sha256: ContentHash::of(post.as_bytes()),
            post: post.parse().unwrap(),
            md5_claimed: None,
            variant: "sample".into(),
            file: "pictures/aa/a.jpg".into(),
            bytes: 1,
            width: 2,
            height: 3,
            rating: "s".into(),
            tags: vec!["solo".into()],
            author: None,
            source_url: "http://mini.invalid/a.jpg".into(),
            page_url: "http://mini.invalid/post/show/1".into(),
            original_source: None,
        }
    }

    fn header(seed: u64) -> Header {
        Header::new::<PictureRecord>("0.1.0", None, BTreeMap::new(), seed)
    }

    #[test]
    fn records_are_sorted_by_number_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("manifest.jsonl");
        let hash = write(&path, &header(1), &mut [picture("mini:10"), picture("mini:9")]).unwrap();
        let manifest = read::<PictureRecord>(&path).unwrap();
        assert_eq!(manifest.records, [picture("mini:9"), picture("mini:10")]);
        assert_eq!(manifest.records_hash, hash);
        assert_eq!(records_hash(&path).unwrap(), Some(hash));
    }

    #[test]
    fn the_header_does_not_enter_the_records_hash() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("manifest.jsonl");
        let hash = |seed| write(&path, &header(seed), &mut [picture("mini:1")]).unwrap();
        assert_eq!(hash(1), hash(2));
    }

    #[test]
    fn repeats_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("manifest.jsonl");
        assert!(write(&path, &header(1), &mut [picture("mini:1"), picture("mini:1")]).is_err());
        assert!(!path.exists());
    }

    #[test]
    fn a_broken_manifest_is_named_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("manifest.jsonl");
        write(&path, &header(1), &mut [picture("mini:1"), picture("mini:2")]).unwrap();
        let whole = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = whole.lines().collect();
        let check = |content: String, expected: &str| {
            fs::write(&path, content).unwrap();
            let error = read::<PictureRecord>(&path).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check(String::new(), "line 1: it is empty");
        check("{}\n".into(), "line 1: no header");
        check(whole.replace("nijigen-raw", "nijigen-faces"), "not nijigen-raw version 1");
        check(whole[..whole.len() - 20].into(), "line 3: the line has no end");
        check(format!("{}\n{}\n{}\n", lines[0], lines[2], lines[1]), "line 3: mini:1 is out of order");
        check(format!("{}\nnonsense\n", lines[0]), "line 2: expected");
    }
}
