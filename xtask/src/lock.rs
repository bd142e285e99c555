//! pipeline.lock: what each stage's outputs were made from.

use std::{collections::BTreeMap, fs, io, path::Path};

use anyhow::Context as _;
use contracts::{ContentHash, Layout, StageId, lock, publish};
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
}

/// Remembers a stage of a data folder, or forgets it, in the pipeline.lock of a folder. It is read anew and written while no
/// other process does so: what others have remembered meanwhile stays.
pub(crate) fn remember(root: &Path, folder: &str, stage: StageId, entry: Option<Entry>) -> anyhow::Result<()> {
    let _held = lock::wait_for(&Layout::pipeline_lock_guard(root))?;
    let path = Layout::pipeline_lock(root);
    let mut lock = Lock::read(&path)?;
    let stages = lock.folder.entry(folder.to_owned()).or_default();
    match entry {
        Some(entry) => stages.insert(stage, entry),
        None => stages.remove(&stage),
    };
    let text = toml::to_string(&lock).context("cannot write the lock")?;
    let head = "# Written by `cargo xtask`: what each stage's outputs were made from. Not for editing.\n";
    Ok(publish::write_file(&path, format!("{head}{text}").as_bytes())?)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn entry(output: &str) -> Entry {
        let fingerprint =
            Fingerprint { config: [("crop.size".to_owned(), "96".to_owned())].into(), ..Fingerprint::default() };
        Entry { output: ContentHash::of(output.as_bytes()), failed: 0, fingerprint }
    }

    #[test]
    fn entries_survive_the_disk_and_can_be_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let (root, entry) = (folder.path(), entry("faces"));
        let read = || Lock::read(&Layout::pipeline_lock(root)).unwrap();
        remember(root, "data/smoke", StageId::Crop, Some(entry.clone())).unwrap();
        assert_eq!(read().entry("data/smoke", StageId::Crop), Some(&entry));
        assert_eq!(read().entry("data", StageId::Crop), None);
        remember(root, "data/smoke", StageId::Crop, None).unwrap();
        assert_eq!(read().entry("data/smoke", StageId::Crop), None);
    }

    #[test]
    fn writers_at_the_same_time_all_keep_their_entries() {
        let folder = tempfile::tempdir().unwrap();
        let folders: Vec<String> = (0..8).map(|number| format!("data/{number}")).collect();
        thread::scope(|scope| {
            for name in &folders {
                scope.spawn(|| {
                    for stage in StageId::ALL {
                        remember(folder.path(), name, stage, Some(entry(name))).unwrap();
                    }
                });
            }
        });
        let lock = Lock::read(&Layout::pipeline_lock(folder.path())).unwrap();
        for name in &folders {
            assert!(StageId::ALL.iter().all(|stage| lock.entry(name, *stage) == Some(&entry(name))), "{name}");
        }
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
