//! Which jobs were submitted last, on disk beside what they make.

use std::fs;

use anyhow::{Context as _, ensure};
use contracts::{Layout, StageId, publish};
use serde::{Deserialize, Serialize};

/// The format's version. 1: the first.
const VERSION: u32 = 1;

/// The jobs of one submission, in the order in which they run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
            return Ok(Self { version: VERSION, jobs: Vec::new() });
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
