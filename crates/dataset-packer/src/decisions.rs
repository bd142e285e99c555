//! What became of all candidates, sorted for those who ask: rows by shard, what is left out by name, duplicates by what stays.

use std::{iter::Peekable, path::PathBuf};

use contracts::{
    Layout,
    hash::ContentHash,
    publish::FileError,
    sorter::{Entry, Merge, Sorted, Sorter},
};
use dataset::SplitName;

use crate::{
    candidate::{Candidate, PreparedPlace},
    duplicates::Clusters,
    error::unreadable,
    left_out::{LeftOut, LeftOutBy, LeftOutList},
    reason::DropReason,
    select::Decision,
};

/// Decisions as they are made.
pub(crate) struct Decisions {
    /// Rows by the place of their pixels.
    rows: Sorter,
    /// By ordinal a candidate's name, then those that it stays for, then why it is left out itself.
    names: Sorter,
    path: PathBuf,
    counts: RowCounts,
}

/// How many rows there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RowCounts {
    pub(crate) train: u64,
    pub(crate) holdout: u64,
    /// Those of both that had to be made larger.
    pub(crate) upscaled: u64,
}

/// What stands behind a candidate's ordinal in the keys of `names`, in this order.
const NAME: u8 = 0;
const STAYS_FOR: u8 = 1;
const LEFT_OUT: u8 = 2;

impl Decisions {
    /// No decisions yet.
    pub(crate) fn new(layout: &Layout) -> Self {
        let [rows, path] = ["rows", "names"].map(|what| layout.packing(what));
        let (rows, names) = (Sorter::beside(&rows), Sorter::beside(&path));
        Self { rows, names, path, counts: RowCounts::default() }
    }

    /// Takes in what a candidate is called, and where it is.
    ///
    /// # Errors
    /// When the disk is full.
    pub(crate) fn name(&mut self, ordinal: u64, place: PreparedPlace, name: &str) -> Result<(), FileError> {
        self.names.push(&key(ordinal, NAME, 0), &[&place.bytes()[..], name.as_bytes()].concat())
    }

    /// Takes in that a candidate is left out, with nothing in its place.
    ///
    /// # Errors
    /// When the disk is full.
    pub(crate) fn leave_out(&mut self, ordinal: u64, reason: DropReason) -> Result<(), FileError> {
        self.names.push(&key(ordinal, LEFT_OUT, 0), &json(reason))
    }

    /// Takes in what becomes of a candidate.
    ///
    /// # Errors
    /// When the disk is full.
    pub(crate) fn take(&mut self, candidate: &Candidate, decision: Decision) -> Result<(), FileError> {
        let Candidate { ordinal, place, content, upscaled, .. } = candidate;
        let split = match decision {
            Ok(split) => split,
            Err((reason, stays)) => {
                if let Some(stays) = stays {
                    let value = [&place.bytes()[..], &json(reason)].concat();
                    self.names.push(&key(stays, STAYS_FOR, *ordinal), &value)?;
                }
                return self.leave_out(*ordinal, reason);
            }
        };
        let (count, split) = match split {
            SplitName::Train => (&mut self.counts.train, 0),
            SplitName::Holdout => (&mut self.counts.holdout, 1),
        };
        *count += 1;
        self.counts.upscaled += u64::from(*upscaled);
        self.rows.push(&place.bytes(), &[&[split][..], content.bytes()].concat())
    }

    /// All are made: those that are left out are named in the list, and those that look alike join their clusters.
    ///
    /// # Errors
    /// When the disk is full.
    pub(crate) fn finish(self, left_out: &mut LeftOutList, clusters: &mut Clusters) -> Result<Rows, FileError> {
        let Self { rows, names, path, counts } = self;
        let unreadable = || unreadable(&path);
        let (mut name, mut place) = (String::new(), PreparedPlace { shard: 0, index: 0 });
        for entry in names.sorted()?.entries() {
            let entry = entry?;
            let (ordinal, kind, other) = parts(entry.key()).ok_or_else(unreadable)?;
            match kind {
                NAME => {
                    let (bytes, text) = entry.value().split_first_chunk().ok_or_else(unreadable)?;
                    place = PreparedPlace::from_bytes(*bytes);
                    name = String::from_utf8_lossy(text).into_owned();
                }
                STAYS_FOR => {
                    let (gone, reason) = entry.value().split_first_chunk().ok_or_else(unreadable)?;
                    let reason = serde_json::from_slice(reason).map_err(|_| unreadable())?;
                    left_out.insert_instead(LeftOutBy::Selecting, other, &name)?;
                    clusters.add(place, PreparedPlace::from_bytes(*gone), reason);
                }
                _ => {
                    let reason = serde_json::from_slice(entry.value()).map_err(|_| unreadable())?;
                    left_out.insert(LeftOutBy::Selecting, ordinal, &LeftOut::new(&*name, reason))?;
                }
            }
        }
        Ok(Rows { counts, sorted: rows.sorted()? })
    }
}

fn key(ordinal: u64, kind: u8, other: u64) -> [u8; 17] {
    let mut key = [kind; 17];
    key[..8].copy_from_slice(&ordinal.to_be_bytes());
    key[9..].copy_from_slice(&other.to_be_bytes());
    key
}

fn parts(key: &[u8]) -> Option<(u64, u8, u64)> {
    let (ordinal, rest) = key.split_first_chunk()?;
    let (kind, other) = rest.split_first()?;
    Some((u64::from_be_bytes(*ordinal), *kind, u64::from_be_bytes(*other.first_chunk()?)))
}

fn json(reason: DropReason) -> Vec<u8> {
    serde_json::to_vec(&reason).unwrap_or_else(|error| unreachable!("plain JSON: {error}"))
}

/// The candidates that become rows.
pub(crate) struct Rows {
    /// How many there are.
    pub(crate) counts: RowCounts,
    sorted: Sorted,
}

/// A row: the index of its image in its shard, its split, and the hash of its pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PlacedRow {
    pub(crate) index: usize,
    pub(crate) split: SplitName,
    pub(crate) content: ContentHash,
}

impl Rows {
    /// Goes through the rows, a shard at a time.
    pub(crate) fn open(&mut self) -> RowReader<'_> {
        RowReader { entries: self.sorted.entries().peekable() }
    }
}

/// The rows of one shard after the other.
pub(crate) struct RowReader<'a> {
    entries: Peekable<Merge<'a>>,
}

impl RowReader<'_> {
    /// The rows of a shard, in their order. Shards are asked for in their order, all of them.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(crate) fn of_shard(&mut self, shard: usize) -> Result<Vec<PlacedRow>, FileError> {
        let mut rows = Vec::new();
        let is_of_it = |next: &Result<Entry, _>| next.as_ref().map_or(true, |next| place(next).shard as usize == shard);
        while let Some(entry) = self.entries.next_if(is_of_it) {
            let entry = entry?;
            let (split, content) = entry.value().split_at(1);
            let split = if *split == [0] { SplitName::Train } else { SplitName::Holdout };
            let content = ContentHash::from_bytes(*content.first_chunk().unwrap_or(&[0; 32]));
            rows.push(PlacedRow { index: place(&entry).index as usize, split, content });
        }
        Ok(rows)
    }
}

fn place(entry: &Entry) -> PreparedPlace {
    PreparedPlace::from_bytes(*entry.key().first_chunk().unwrap_or(&[0; 8]))
}
