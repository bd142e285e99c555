//! pipeline.lock: what each stage's outputs were made from.

use std::{collections::BTreeMap, fs, io, path::Path};

use anyhow::Context as _;
use contracts::{ContentHash, StageId, publish};
use serde::{Deserialize, Serialize};

/// The format's version. 1: the first.
const VERSION: u32 = 1;

/// The whole lock: for each data folder, for each stage that came to its end, how.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Lock {
    version: u32,
    #[serde(default)]
    folder: BTreeMap<String, BTreeMap<StageId, Entry>>,
}

/// How a stage's outputs were made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Identifies what it made.
    pub(crate) output: ContentHash,
    /// How many of its failures may go when it is tried again.
    pub(crate) failed: u64,
    /// What it was made from.
    #[serde(rename = "made_from")]
    pub(crate) fingerprint: Fingerprint,
}

/// Everything that a stage's outputs depend on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fingerprint {
    /// Files and manifests, by name.
    pub(crate) inputs: BTreeMap<String, String>,
    /// Configuration keys with their values as TOML.
    pub(crate) config: BTreeMap<String, String>,
    /// Crates of this workspace, the dependencies, the build's features: each with a hash.
    pub(crate) code: BTreeMap<String, String>,
}

impl Lock {
    /// Reads the lock; one that is not there is empty.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::new()),
            other => other.with_context(|| format!("cannot read {}", path.display()))?,
        };
        let remedy = || format!("cannot read {}; remove it, and every stage is looked at anew", path.display());
        let lock: Self = toml::from_str(&text).with_context(remedy)?;
        anyhow::ensure!(lock.version == VERSION, "{}: it is of version {}, not {VERSION}", remedy(), lock.version);
        Ok(lock)
    }

    fn new() -> Self {
        Self { version: VERSION, folder: BTreeMap::new() }
    }

    /// What is known of a stage.
    pub(crate) fn entry(&self, folder: &str, stage: StageId) -> Option<&Entry> {
        self.folder.get(folder)?.get(&stage)
    }

    /// Remembers a stage, or forgets it, on disk too.
    pub(crate) fn put(
        &mut self,
        path: &Path,
        folder: &str,
        stage: StageId,
        entry: Option<Entry>,
    ) -> anyhow::Result<()> {
        let stages = self.folder.entry(folder.to_owned()).or_default();
        match entry {
            Some(entry) => stages.insert(stage, entry),
            None => stages.remove(&stage),
        };
        let text = toml::to_string(self).context("cannot write the lock")?;
        let head = "# Written by `cargo xtask`: what each stage's outputs were made from. Not for editing.\n";
        Ok(publish::write_file(path, format!("{head}{text}").as_bytes())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_survive_the_disk_and_can_be_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipeline.lock");
        let mut lock = Lock::read(&path).unwrap();
        let fingerprint =
            Fingerprint { config: [("crop.size".to_owned(), "96".to_owned())].into(), ..Fingerprint::default() };
        let entry = Entry { output: ContentHash::of(b"faces"), failed: 0, fingerprint };
        lock.put(&path, "data/smoke", StageId::Crop, Some(entry.clone())).unwrap();
        let read = Lock::read(&path).unwrap();
        assert_eq!(read.entry("data/smoke", StageId::Crop), Some(&entry));
        assert_eq!(read.entry("data", StageId::Crop), None);
        lock.put(&path, "data/smoke", StageId::Crop, None).unwrap();
        assert_eq!(Lock::read(&path).unwrap().entry("data/smoke", StageId::Crop), None);
    }

    #[test]
    fn a_broken_lock_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipeline.lock");
        for text in ["version = 9\n", "nonsense"] {
            fs::write(&path, text).unwrap();
            let error = format!("{:#}", Lock::read(&path).unwrap_err());
            assert!(error.contains("remove it"), "{error}");
        }
    }
}
