//! What is not in the dataset, by name: a line a file.

use std::io::Write as _;

use contracts::{
    Layout, StageId,
    publish::{self, FileError},
    report::Reason as _,
};
use serde::Serialize;

use crate::reason::DropReason;

/// Something that a source holds and the dataset does not.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LeftOut {
    /// Its name within its source, as the dataset would have it.
    pub(crate) name: String,
    /// Why it is not there.
    pub(crate) reason: DropReason,
    /// The name of what stays in its place, where that is the reason.
    pub(crate) instead: Option<String>,
}

impl LeftOut {
    /// Something that is left out, with nothing in its place.
    pub(crate) fn new(name: impl Into<String>, reason: DropReason) -> Self {
        Self { name: name.into(), reason, instead: None }
    }
}

/// A line of the file.
#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    tag: &'a str,
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    instead: Option<&'a str>,
}

/// Writes `pack-left-out.jsonl` beside the stage's report.
pub(crate) fn write(layout: &Layout, left_out: &[LeftOut]) -> Result<(), FileError> {
    publish::write_with(&layout.left_out(StageId::Pack), |file| {
        left_out.iter().try_for_each(|LeftOut { name, reason, instead }| {
            let line = Line { name, tag: reason.tag(), reason: reason.to_string(), instead: instead.as_deref() };
            serde_json::to_writer(&mut *file, &line)?;
            file.write_all(b"\n")
        })
    })
}
