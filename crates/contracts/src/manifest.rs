//! Manifests: JSON lines, a header first, then a record an item, sorted by key.

use std::{
    collections::BTreeMap,
    fmt::Display,
    fs::{self, File},
    io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write},
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
    refuse_repeats(path, records.iter().map(Record::key))?;
    write_lines(path, header, records.iter().map(|record| Ok(serde_json::to_string(record)? + "\n")))
}

fn refuse_repeats<K: PartialEq + Display>(path: &Path, sorted: impl Iterator<Item = K>) -> Result<(), ManifestError> {
    let mut last = None;
    for key in sorted {
        if last.as_ref() == Some(&key) {
            let problem = format!("two records are named {key}");
            return Err(ManifestError::Line { path: path.into(), line: 0, problem });
        }
        last = Some(key);
    }
    Ok(())
}

fn write_lines(
    path: &Path,
    header: &Header,
    lines: impl Iterator<Item = io::Result<String>>,
) -> Result<ContentHash, ManifestError> {
    let mut hasher = Hasher::default();
    publish::write_with(path, |file| {
        writeln!(file, "{}", serde_json::to_string(header)?)?;
        for line in lines {
            let line = line?;
            hasher.update(line.as_bytes());
            file.write_all(line.as_bytes())?;
        }
        Ok(())
    })?;
    Ok(hasher.finish())
}

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
        let path = publish::partial_name(&manifest.with_extension("spool"));
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
        // One that stays behind harms nobody, and the next takes its place.
        let _ = fs::remove_file(&self.path);
    }
}

/// Reads a manifest, checking every line.
///
/// # Errors
/// When it is missing, of another format or version, or a line is broken or out of order.
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
        if (header.format.as_str(), header.version) != (R::FORMAT, R::VERSION) {
            let (format, version) = (R::FORMAT, R::VERSION);
            return Err(lines.problem(format!(
                "it is {} version {}, not {format} version {version}",
                header.format, header.version
            )));
        }
        Ok(Self { header, lines, last: None })
    }

    /// The hash of the record lines, those that were not asked for included.
    ///
    /// # Errors
    /// When the rest cannot be read.
    pub fn hash(mut self) -> Result<ContentHash, ManifestError> {
        while self.lines.next_record()?.is_some() {}
        Ok(self.lines.hasher.finish())
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

    /// The next record. After an error there is nothing to go on for.
    fn next(&mut self) -> Option<Self::Item> {
        self.next_record().transpose()
    }
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

    /// Writes pictures through a spool.
    fn spooled(path: &Path, posts: &[&str]) -> Result<ContentHash, ManifestError> {
        let mut spool = Spool::create(path)?;
        posts.iter().try_for_each(|post| spool.push(&picture(post)))?;
        spool.publish(&header(1))
    }

    #[test]
    fn spooled_records_make_the_same_manifest_and_leave_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name| folder.path().join(name).join("manifest.jsonl");
        let (plain, through) = (path("plain"), path("spooled"));
        let hash = write(&plain, &header(1), &mut [picture("mini:9"), picture("b:3"), picture("mini:10")]).unwrap();
        assert_eq!(spooled(&through, &["mini:10", "mini:9", "b:3"]).unwrap(), hash);
        assert_eq!(fs::read(plain).unwrap(), fs::read(&through).unwrap());
        assert_eq!(fs::read_dir(through.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn repeats_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("manifest.jsonl");
        assert!(write(&path, &header(1), &mut [picture("mini:1"), picture("mini:1")]).is_err());
        let error = spooled(&path, &["mini:1", "mini:2", "mini:1"]).unwrap_err();
        assert!(error.to_string().contains("two records are named mini:1"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
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
