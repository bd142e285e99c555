//! What a stage says when it ends.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    hash::ContentHash,
    id::RunId,
    layout::Layout,
    publish::{self, FileError},
    stage::StageId,
};

/// What a stage did: shown as a table, kept as `data/reports/<stage>.json`, printed as one JSON line on stdout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Which stage.
    pub stage: StageId,
    /// Whether it came to its end.
    pub state: State,
    /// How many items it was given (posts, pictures, faces, images).
    pub taken: u64,
    /// How many it kept.
    pub kept: u64,
    /// How many it left out, by reason. Together with `kept` they add up to what was judged.
    pub dropped: BTreeMap<String, u64>,
    /// How many of those dropped were failures that trying again may mend: they make the exit code 3.
    pub failed: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Wall-clock seconds; filled in by the harness.
    pub seconds: f64,
    /// What somebody should read, a sentence each.
    pub warnings: Vec<String>,
    /// Other figures worth keeping, by name with the unit in it.
    pub figures: BTreeMap<String, f64>,
    /// Identifies what the stage's folder now holds: the records' hash of its manifest, or the hash of its result.
    pub output: Option<ContentHash>,
    /// The training run that it worked on, for the stages that work on one.
    pub run: Option<RunId>,
}

/// Whether a stage came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// All is done.
    Complete,
    /// It was asked to stop; the same command goes on.
    Interrupted,
    /// Its share of the work is done; the whole is not put together.
    Share,
}

impl Report {
    /// An empty report, complete unless something says otherwise.
    pub fn new(stage: StageId) -> Self {
        Self {
            stage,
            state: State::Complete,
            taken: 0,
            kept: 0,
            dropped: BTreeMap::new(),
            failed: 0,
            bytes: 0,
            seconds: 0.0,
            warnings: Vec::new(),
            figures: BTreeMap::new(),
            output: None,
            run: None,
        }
    }

    /// Counts one more item left out for `reason`.
    pub fn drop_one(&mut self, reason: &str) {
        *self.dropped.entry(reason.to_owned()).or_default() += 1;
    }

    /// What a stage reported when it last ended, if it ever did.
    ///
    /// # Errors
    /// When the file is there but cannot be read.
    pub fn read(layout: &Layout, stage: StageId) -> Result<Option<Self>, FileError> {
        let path = layout.report(stage);
        if !path.exists() {
            return Ok(None);
        }
        let bytes = publish::read_file(&path)?;
        serde_json::from_slice(&bytes).map(Some).map_err(|error| FileError::at("read", &path)(error.into()))
    }

    /// Keeps the report for the runner and for `report`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, layout: &Layout) -> Result<(), FileError> {
        let path = layout.report(self.stage);
        let json = serde_json::to_vec_pretty(self).map_err(|error| FileError::at("write", &path)(error.into()))?;
        publish::write_file(&path, &json)
    }
}
