//! A manifest's first line.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::VERSION;
use crate::{hash::ContentHash, record::Record};

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
    /// The pipeline's seed, from which everything random of the records follows.
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
        Self { format: R::FORMAT.into(), version: VERSION, stage_version: stage_version.into(), input, config, seed }
    }
}
