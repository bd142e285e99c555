//! Which jobs were submitted last, on disk beside what they make.

use std::fs;

use anyhow::{Context as _, ensure};
use contracts::{Layout, StageId, publish};
use serde::{Deserialize, Serialize};

/// The format's version. 1: the first.
const VERSION: u32 = 1;

/// The jobs of one submission, in the order in which they run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    version: u32,
    pub(super) jobs: Vec<Submitted>,
}

/// A job that Slurm has taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Submitted {
    /// Slurm's number for it.
    pub(super) id: String,
    /// What it is called.
    pub(super) name: String,
    /// The stage that it is of.
    pub(super) stage: StageId,
    /// Of an array: the number of its tasks.
    pub(super) tasks: Option<u32>,
}

impl Record {
    /// That of a pipeline; without one there are no jobs.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn read(layout: &Layout) -> anyhow::Result<Self> {
        let path = layout.cluster_jobs();
        if !path.exists() {
            return Ok(Self::empty());
        }
        let remedy = || format!("cannot read {}; remove it once `squeue` shows none of its jobs", path.display());
        let text = fs::read_to_string(&path).with_context(remedy)?;
        let record: Self = serde_json::from_str(&text).with_context(remedy)?;
        ensure!(record.version == VERSION, "{}: it is of version {}, not {VERSION}", remedy(), record.version);
        Ok(record)
    }

    /// One without jobs.
    pub(super) fn empty() -> Self {
        Self { version: VERSION, jobs: Vec::new() }
    }

    /// Puts it in the place of the one before.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub(super) fn write(&self, layout: &Layout) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self).context("cannot write the jobs as JSON")?;
        Ok(publish::write_file(&layout.cluster_jobs(), format!("{text}\n").as_bytes())?)
    }
}

#[cfg(test)]
mod tests {
    use contracts::config::PathsConfig;

    use super::*;

    #[test]
    fn jobs_are_read_back_and_a_broken_record_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path(), &PathsConfig::default());
        assert_eq!(Record::read(&layout).unwrap(), Record::empty());
        let job = |name: &str, tasks| Submitted { id: "7".into(), name: name.into(), stage: StageId::Crop, tasks };
        let record = Record { version: VERSION, jobs: vec![job("crop", Some(4)), job("crop-merge", None)] };
        record.write(&layout).unwrap();
        assert_eq!(Record::read(&layout).unwrap(), record);
        for text in ["{\"version\": 9, \"jobs\": []}", "nonsense"] {
            fs::write(layout.cluster_jobs(), text).unwrap();
            let error = format!("{:#}", Record::read(&layout).unwrap_err());
            assert!(error.contains("remove it once `squeue` shows none"), "{error}");
        }
    }
}
