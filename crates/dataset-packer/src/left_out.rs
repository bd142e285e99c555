//! What is not in the dataset, by name: a line a file.

use std::io::{self, Write as _};

use contracts::{
    Layout, StageId,
    publish::{self, FileError},
    report::Reason as _,
    sorter::{Entry, Sorter},
};
use serde::{Deserialize, Serialize};

use crate::reason::DropReason;

/// Something that a source holds and the dataset does not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LeftOut {
    /// Its name within its source, as the dataset would have it.
    pub(crate) name: String,
    /// Why it is not there.
    pub(crate) reason: DropReason,
}

impl LeftOut {
    /// Something that is left out.
    pub(crate) fn new(name: impl Into<String>, reason: DropReason) -> Self {
        Self { name: name.into(), reason }
    }
}

/// Who left something out: the file lists it in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LeftOutBy {
    /// A source that lists it.
    Source,
    /// A person who had its post forgotten.
    Forgetting,
    /// Its own file, which makes no image.
    Preparing,
    /// The selection.
    Selecting,
}

/// All that is left out, on its way into its order; it need not fit into memory.
pub(crate) struct LeftOutList {
    lines: Sorter,
    len: u64,
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

/// How long a line's key is; one byte more has the name of what stays in its place.
const KEY: usize = 9;

impl LeftOutList {
    /// Nothing yet.
    pub(crate) fn new(layout: &Layout) -> Self {
        Self { lines: Sorter::beside(&layout.packing("left-out")), len: 0 }
    }

    /// How many things were left out so far.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Adds something behind what the same left out before.
    ///
    /// # Errors
    /// When the disk is full.
    pub(crate) fn push(&mut self, by: LeftOutBy, left_out: &LeftOut) -> Result<(), FileError> {
        self.insert(by, self.len, left_out)
    }

    /// Adds something, among what the same left out at the place of its index.
    ///
    /// # Errors
    /// When the disk is full.
    pub(crate) fn insert(&mut self, by: LeftOutBy, index: u64, left_out: &LeftOut) -> Result<(), FileError> {
        let json = serde_json::to_vec(left_out).unwrap_or_else(|error| unreachable!("plain JSON: {error}"));
        self.len += 1;
        self.lines.push(&key(by, index), &json)
    }

    /// Says by name what stays in the place of something that is left out.
    ///
    /// # Errors
    /// When the disk is full.
    pub(crate) fn insert_instead(&mut self, by: LeftOutBy, index: u64, stays: &str) -> Result<(), FileError> {
        self.lines.push(&[&key(by, index)[..], &[0]].concat(), stays.as_bytes())
    }

    /// Writes `pack-left-out.jsonl` beside the stage's report; tells the reason of each line.
    ///
    /// # Errors
    /// When the disk is full.
    pub(crate) fn publish(self, layout: &Layout, mut tell: impl FnMut(DropReason)) -> Result<(), FileError> {
        let mut lines = self.lines.sorted()?;
        publish::write_with(&layout.left_out(StageId::Pack), |file| {
            let mut entries = lines.entries().peekable();
            while let Some(entry) = entries.next() {
                let entry = entry.map_err(io::Error::other)?;
                let is_of_it =
                    |next: &Result<Entry, _>| next.as_ref().is_ok_and(|next| next.key().starts_with(entry.key()));
                let instead = entries.next_if(is_of_it).transpose().map_err(io::Error::other)?;
                let instead = instead.as_ref().map(|stays| String::from_utf8_lossy(stays.value()));
                let LeftOut { name, reason } = serde_json::from_slice(entry.value())?;
                tell(reason);
                let (tag, reason) = (reason.tag(), reason.to_string());
                serde_json::to_writer(&mut *file, &Line { name: &name, tag, reason, instead: instead.as_deref() })?;
                file.write_all(b"\n")?;
            }
            Ok(())
        })
    }
}

fn key(by: LeftOutBy, index: u64) -> [u8; KEY] {
    let mut key = [by as u8; KEY];
    key[1..].copy_from_slice(&index.to_be_bytes());
    key
}

#[cfg(test)]
mod tests {
    use contracts::config::PathsConfig;

    use super::*;

    #[test]
    fn lines_come_in_the_order_of_the_work() {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::new(root.path(), &PathsConfig::default());
        let mut list = LeftOutList::new(&layout);
        let near = |name: &str| LeftOut::new(name, DropReason::NearDuplicate);
        list.insert_instead(LeftOutBy::Selecting, 300, "g").unwrap();
        list.insert(LeftOutBy::Selecting, 300, &near("f")).unwrap();
        list.insert(LeftOutBy::Selecting, 2, &LeftOut::new("e", DropReason::TooSmall)).unwrap();
        list.push(LeftOutBy::Preparing, &LeftOut::new("d", DropReason::Unreadable)).unwrap();
        list.push(LeftOutBy::Source, &LeftOut::new("b", DropReason::Hidden)).unwrap();
        list.push(LeftOutBy::Forgetting, &LeftOut::new("c", DropReason::Forgotten)).unwrap();
        list.push(LeftOutBy::Source, &LeftOut::new("a", DropReason::Hidden)).unwrap();
        assert_eq!(list.len(), 6);
        let mut reasons = Vec::new();
        list.publish(&layout, |reason| reasons.push(reason)).unwrap();
        let text = std::fs::read_to_string(layout.left_out(StageId::Pack)).unwrap();
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let names: Vec<_> = lines.iter().map(|line| line["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["b", "a", "c", "d", "e", "f"]);
        assert_eq!((&lines[5]["instead"], &lines[4]["instead"]), (&"g".into(), &serde_json::Value::Null));
        assert_eq!((reasons.len(), reasons[0]), (6, DropReason::Hidden));
    }
}
