//! What lies in the user's folder: pictures with their metadata, one by one and in tars, in the order of their names.

use std::{
    collections::{BTreeMap, HashSet},
    ffi::OsStr,
    fs::{self, File},
    io::{self, BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use contracts::publish::FileError;
use pictures::{Format, Medium};

use super::{
    sidecar::Sidecar,
    tar::{self, Member},
};

/// The longest metadata of one picture that is read.
pub(super) const MAX_SIDECAR_BYTES: u64 = 1 << 20;
/// How deep folders may lie in one another.
const MAX_DEPTH: usize = 32;

/// A picture of the user's.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// Its path within the folder, with forward slashes; in a tar, behind the tar's and an exclamation mark.
    pub(super) name: String,
    pub(super) place: Place,
    /// When its file was last changed, in nanoseconds since 1970.
    pub(super) changed: u64,
    /// Its own metadata, where it has some.
    pub(super) sidecar: Option<Sidecar>,
}

/// Where the bytes of a picture are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: PathBuf,
    pub(super) start: u64,
    pub(super) length: u64,
}

/// All that a folder holds.
#[derive(Debug, Default)]
pub(super) struct Source {
    pub(super) pictures: Vec<Found>,
    /// Files with metadata of many posts, a line each.
    pub(super) lists: Vec<PathBuf>,
    /// How many files are neither pictures nor metadata.
    pub(super) passed_over: u64,
}

impl Source {
    /// Lists a folder, or a single tar.
    ///
    /// # Errors
    /// When something in it cannot be read.
    pub(super) fn list(root: &Path) -> Result<Self, FileError> {
        let mut source = Self::default();
        if fs::metadata(root).map_err(FileError::at("read", root))?.is_dir() {
            source.folder(root, "", &mut HashSet::new(), 0)?;
        } else {
            source.tar(root, root.file_name().unwrap_or_default())?;
        }
        Ok(source)
    }

    /// Lists a folder that lies at `prefix` in the whole. Links are followed, each folder once.
    fn folder(
        &mut self,
        path: &Path,
        prefix: &str,
        seen: &mut HashSet<PathBuf>,
        depth: usize,
    ) -> Result<(), FileError> {
        let unreadable = |error| FileError::at("read", path)(error);
        if depth > MAX_DEPTH || !seen.insert(path.canonicalize().map_err(unreadable)?) {
            return Ok(());
        }
        // By name, as read_dir has no order; names that are no Unicode have an order too.
        let mut entries = BTreeMap::new();
        for entry in fs::read_dir(path).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            entries.insert(entry.file_name(), entry.path());
        }
        for (name, path) in &entries {
            let shown = name.to_string_lossy();
            let Ok(metadata) = fs::metadata(path) else { continue };
            if shown.starts_with('.') {
                continue;
            }
            if metadata.is_dir() {
                self.folder(path, &format!("{prefix}{shown}/"), seen, depth + 1)?;
            } else if metadata.is_file() {
                self.file(path, &format!("{prefix}{shown}"), &metadata, &entries)?;
            }
            // Pipes, sockets and devices are not opened: some never end, others never begin.
        }
        Ok(())
    }

    fn file(
        &mut self,
        path: &Path,
        name: &str,
        metadata: &fs::Metadata,
        beside: &BTreeMap<std::ffi::OsString, PathBuf>,
    ) -> Result<(), FileError> {
        let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default().to_ascii_lowercase();
        match extension.as_str() {
            "tar" => return self.tar(path, OsStr::new(name)),
            "json" | "jsonl" | "ndjson" => {
                if !is_sidecar(path, beside) {
                    self.lists.push(path.to_owned());
                }
                return Ok(());
            }
            _ => {}
        }
        if !is_picture(path, &extension).map_err(FileError::at("read", path))? {
            self.passed_over += 1;
            return Ok(());
        }
        let place = Place { file: path.to_owned(), start: 0, length: metadata.len() };
        let sidecar =
            sidecars(path).into_iter().find(|path| path.file_name().is_some_and(|name| beside.contains_key(name)));
        let sidecar = sidecar.map(|path| read_sidecar(&path)).transpose()?;
        self.pictures.push(Found { name: name.to_owned(), place, changed: changed(metadata), sidecar });
        Ok(())
    }

    /// Lists a tar: pictures, with the metadata of the same name before the ending.
    fn tar(&mut self, path: &Path, name: &OsStr) -> Result<(), FileError> {
        let unreadable = |error| FileError::at("read", path)(error);
        let changed = changed(&fs::metadata(path).map_err(unreadable)?);
        let (mut pictures, mut sidecars) = (Vec::new(), BTreeMap::new());
        tar::members(path, |Member { path: member, place, head, json }| {
            let (stem, extension) = member.rsplit_once('.').unwrap_or((&member, ""));
            match json {
                Some(json) => drop(sidecars.insert(stem.to_owned(), Sidecar::parse(&json))),
                None if is_medium(extension, &head) => {
                    let name = format!("{}!{member}", name.to_string_lossy());
                    pictures.push((stem.to_owned(), Found { name, place, changed, sidecar: None }));
                }
                None => self.passed_over += 1,
            }
        })
        .map_err(unreadable)?;
        for (stem, found) in pictures {
            // "a.json" or "a.jpg.json".
            let whole = found.name.rsplit_once('!').map_or("", |(_, member)| member);
            let sidecar = sidecars.get(&stem).or_else(|| sidecars.get(whole)).cloned();
            self.pictures.push(Found { sidecar, ..found });
        }
        Ok(())
    }
}

/// Looks at each line of a file with the metadata of many posts.
///
/// # Errors
/// When it cannot be read.
pub(super) fn for_each_line(path: &Path, mut look: impl FnMut(&[u8])) -> Result<(), FileError> {
    let mut lines = || -> io::Result<()> {
        let (mut reader, mut line) = (BufReader::new(File::open(path)?), Vec::new());
        loop {
            line.clear();
            let length = reader.by_ref().take(MAX_SIDECAR_BYTES).read_until(b'\n', &mut line)?;
            match length as u64 {
                0 => return Ok(()),
                // What is longer is no line about a post; its parts are none either.
                MAX_SIDECAR_BYTES => {}
                _ => look(&line),
            }
        }
    };
    lines().map_err(FileError::at("read", path))
}

/// Where a picture's own metadata may lie, the more exact name first.
fn sidecars(picture: &Path) -> [PathBuf; 2] {
    let mut whole = picture.as_os_str().to_owned();
    whole.push(".json");
    [whole.into(), picture.with_extension("json")]
}

/// Whether a file is the metadata of one picture, which lies beside it.
fn is_sidecar(json: &Path, beside: &BTreeMap<std::ffi::OsString, PathBuf>) -> bool {
    let Some(stem) = json.file_stem() else { return false };
    let is_picture = |name: &OsStr| {
        let extension = Path::new(name).extension().and_then(OsStr::to_str).unwrap_or_default();
        Medium::of_extension(extension).is_some()
    };
    (is_picture(stem) && beside.contains_key(stem))
        || beside.keys().any(|name| Path::new(name).file_stem() == Some(stem) && is_picture(name))
}

fn read_sidecar(path: &Path) -> Result<Sidecar, FileError> {
    let mut json = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_SIDECAR_BYTES).read_to_end(&mut json));
    read.map_err(FileError::at("read", path))?;
    Ok(Sidecar::parse(&json))
}

/// Whether a file is a picture, or something else that is counted with them: by its ending, or by its first bytes.
fn is_picture(path: &Path, extension: &str) -> io::Result<bool> {
    if is_medium(extension, &[]) {
        return Ok(true);
    }
    let mut head = Vec::new();
    File::open(path)?.take(Format::HEAD_BYTES as u64).read_to_end(&mut head)?;
    Ok(is_medium("", &head))
}

fn is_medium(extension: &str, head: &[u8]) -> bool {
    let counts = |medium: Medium| !matches!(medium, Medium::Unread(pictures::Unread::WebPage | pictures::Unread::Zip));
    Medium::of_extension(extension).is_some_and(counts) || matches!(Medium::of(head), Some(Medium::Picture(_)))
}

fn changed(metadata: &fs::Metadata) -> u64 {
    let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.and_then(|since| u64::try_from(since.as_nanos()).ok()).unwrap_or_default()
}
