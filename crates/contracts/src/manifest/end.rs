//! A manifest's last line.

use serde::{Deserialize, Serialize};

use crate::hash::ContentHash;

/// How the last line begins, and no record does: a record's first field is its own.
const START: &str = r#"{"end":"#;

/// The last line: what the lines before it are, so that a manifest that was cut off between two lines is not taken for a whole one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EndLine {
    pub(super) end: End,
}

/// What the header and the records are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    /// How many there are.
    pub(super) records: u64,
    /// The hash of their lines.
    pub(super) sha256: ContentHash,
    /// The hash of the header's line; none before version 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) header: Option<ContentHash>,
}

impl EndLine {
    /// Reads a line; `None` where it is one of a record.
    pub(super) fn parse(line: &str) -> Option<serde_json::Result<Self>> {
        line.starts_with(START).then(|| serde_json::from_str(line))
    }
}
