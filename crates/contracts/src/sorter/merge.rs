//! Reading sorted runs as one.

use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    ops::Range,
};

use super::{Entry, HEAD, Sorted, lengths};
use crate::publish::FileError;

/// How much of a run is read at once: runs lie apart from each other, and a disk that seeks wants more than a page.
const BLOCK: usize = 32 << 10;

/// Entries in the order of their keys. After an error the rest means nothing.
pub struct Merge<'a> {
    sorted: &'a mut Sorted,
    runs: Vec<RunReader>,
    /// How many entries of the run in memory were read; it is the last run.
    read: usize,
    heads: Option<BinaryHeap<Reverse<Head>>>,
}

/// The next entry of a run.
struct Head {
    entry: Entry,
    run: usize,
}

impl Ord for Head {
    fn cmp(&self, other: &Self) -> Ordering {
        // Earlier runs have what was added earlier.
        self.entry.key().cmp(other.entry.key()).then(self.run.cmp(&other.run))
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Head {}

impl<'a> Merge<'a> {
    pub(super) fn of(sorted: &'a mut Sorted) -> Self {
        let runs =
            sorted.spill.as_ref().map_or(&[][..], |spill| &spill.runs).iter().cloned().map(RunReader::of).collect();
        Self { sorted, runs, read: 0, heads: None }
    }

    fn next_entry(&mut self) -> Result<Option<Entry>, FileError> {
        let mut heads = match self.heads.take() {
            Some(heads) => heads,
            None => self.first_heads()?,
        };
        let Some(Reverse(Head { entry, run })) = heads.pop() else { return Ok(None) };
        heads.extend(self.head(run)?);
        self.heads = Some(heads);
        Ok(Some(entry))
    }

    fn first_heads(&mut self) -> Result<BinaryHeap<Reverse<Head>>, FileError> {
        (0..=self.runs.len()).filter_map(|run| self.head(run).transpose()).collect()
    }

    /// The next entry of a run.
    fn head(&mut self, run: usize) -> Result<Option<Reverse<Head>>, FileError> {
        let entry = match (self.runs.get_mut(run), &self.sorted.spill) {
            (Some(reader), Some(spill)) => reader.next(&spill.file).map_err(FileError::at("read", &spill.path))?,
            _ => self.next_in_memory(),
        };
        Ok(entry.map(|entry| Reverse(Head { entry, run })))
    }

    fn next_in_memory(&mut self) -> Option<Entry> {
        let framed = self.sorted.run.framed(*self.sorted.run.starts.get(self.read)?);
        self.read += 1;
        Some(Entry { bytes: framed[HEAD..].to_vec(), key: lengths(framed)[0] })
    }
}

impl Iterator for Merge<'_> {
    type Item = Result<Entry, FileError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_entry().transpose()
    }
}

/// A run in a file, read a block at a time.
struct RunReader {
    /// What of it was not read yet.
    rest: Range<u64>,
    block: Vec<u8>,
    /// Where in the block the next entry begins.
    at: usize,
}

impl RunReader {
    fn of(rest: Range<u64>) -> Self {
        Self { rest, block: Vec::new(), at: 0 }
    }

    fn next(&mut self, file: &File) -> io::Result<Option<Entry>> {
        if self.at == self.block.len() && self.rest.is_empty() {
            return Ok(None);
        }
        self.demand(HEAD, file)?;
        let [key, value] = lengths(&self.block[self.at..]);
        self.demand(HEAD + key + value, file)?;
        let bytes = self.block[self.at + HEAD..][..key + value].to_vec();
        self.at += HEAD + bytes.len();
        Ok(Some(Entry { bytes, key }))
    }

    /// Reads on until the block has so many bytes from the next entry on.
    fn demand(&mut self, bytes: usize, mut file: &File) -> io::Result<()> {
        let there = self.block.len() - self.at;
        if there >= bytes {
            return Ok(());
        }
        self.block.drain(..self.at);
        self.at = 0;
        let wanted = (bytes - there).max(BLOCK) as u64;
        let wanted = wanted.min(self.rest.end - self.rest.start);
        // The runs share one position in the file.
        file.seek(SeekFrom::Start(self.rest.start))?;
        file.take(wanted).read_to_end(&mut self.block)?;
        self.rest.start += wanted;
        if self.block.len() < bytes { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }
}
