//! Sorting what need not fit into memory: runs that were sorted in memory lie in a file, and are merged as they are read.

mod merge;

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    ops::Range,
    path::{Path, PathBuf},
};

pub use merge::Merge;

use crate::{
    id::{FaceId, PostId},
    layout,
    publish::{self, FileError},
};

/// How much is sorted at once: enough that ten gigabytes make a thousand runs at most, and so little that several sorters fit beside
/// each other.
const MEMORY: usize = 16 << 20;

/// What bytes can be sorted by in its place.
pub trait SortKey: Ord {
    /// Bytes that compare as the values do.
    fn sort_bytes(&self) -> Vec<u8>;
}

impl SortKey for PostId {
    fn sort_bytes(&self) -> Vec<u8> {
        // No site's name has a zero, so that one which begins another comes before it.
        [self.site.as_str().as_bytes(), &[0], &self.number.to_be_bytes()].concat()
    }
}

impl SortKey for FaceId {
    fn sort_bytes(&self) -> Vec<u8> {
        [&self.picture.bytes()[..], &self.index.to_be_bytes()].concat()
    }
}

/// A value and what it is sorted by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    bytes: Vec<u8>,
    key: usize,
}

impl Entry {
    /// What it is sorted by.
    pub fn key(&self) -> &[u8] {
        &self.bytes[..self.key]
    }

    /// The value.
    pub fn value(&self) -> &[u8] {
        &self.bytes[self.key..]
    }
}

/// Entries on their way into the order of their keys' bytes, of equal ones the earlier first; memory holds a run of them.
pub struct Sorter {
    /// What the file is named after that takes what does not fit into memory; it is gone with the last of it.
    beside: PathBuf,
    memory: usize,
    run: Run,
    spill: Option<Spill>,
}

/// Entries in memory: of each the lengths of key and value, and both.
#[derive(Default)]
struct Run {
    bytes: Vec<u8>,
    starts: Vec<u32>,
}

/// A file of runs.
struct Spill {
    path: PathBuf,
    file: File,
    runs: Vec<Range<u64>>,
}

/// The bytes before an entry: the lengths of its key and its value.
const HEAD: usize = 8;

fn lengths(head: &[u8]) -> [usize; 2] {
    [0, 4].map(|at| head[at..].first_chunk().map_or(0, |length| u32::from_le_bytes(*length)) as usize)
}

impl Sorter {
    /// Nothing yet. What does not fit into memory goes to a hidden file beside `path`, in a folder that is made when it is needed.
    pub fn beside(path: &Path) -> Self {
        Self::with_memory(path, MEMORY)
    }

    pub(crate) fn with_memory(path: &Path, memory: usize) -> Self {
        Self { beside: path.into(), memory, run: Run::default(), spill: None }
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn push(&mut self, key: &[u8], value: &[u8]) -> Result<(), FileError> {
        if !self.run.starts.is_empty() && self.run.memory() + HEAD + key.len() + value.len() > self.memory {
            self.spill()?;
        }
        self.run.push(key, value);
        Ok(())
    }

    /// All entries, ready to be read. Where a part of them is in a file, all are, so that what waits to be read takes no memory.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn sorted(mut self) -> Result<Sorted, FileError> {
        if self.spill.is_some() {
            self.spill()?;
            self.run = Run::default();
        }
        self.run.sort();
        Ok(Sorted { run: self.run, spill: self.spill })
    }

    fn spill(&mut self) -> Result<(), FileError> {
        self.run.sort();
        let spill = match self.spill.take() {
            Some(spill) => spill,
            None => Spill::create(&self.beside)?,
        };
        self.spill.insert(spill).write(&self.run)?;
        self.run.bytes.clear();
        self.run.starts.clear();
        Ok(())
    }
}

impl Run {
    fn push(&mut self, key: &[u8], value: &[u8]) {
        self.starts.push(self.bytes.len() as u32);
        for length in [key.len(), value.len()] {
            self.bytes.extend((length as u32).to_le_bytes());
        }
        self.bytes.extend(key);
        self.bytes.extend(value);
    }

    fn memory(&self) -> usize {
        self.bytes.len() + self.starts.len() * size_of::<u32>()
    }

    fn sort(&mut self) {
        let key = |start: u32| {
            let entry = &self.bytes[start as usize..];
            &entry[HEAD..HEAD + lengths(entry)[0]]
        };
        // Equal keys keep their order: earlier entries begin earlier.
        self.starts.sort_unstable_by(|a, b| key(*a).cmp(key(*b)).then(a.cmp(b)));
    }

    /// An entry with its lengths before it.
    fn framed(&self, start: u32) -> &[u8] {
        let entry = &self.bytes[start as usize..];
        &entry[..HEAD + lengths(entry).iter().sum::<usize>()]
    }
}

impl Spill {
    fn create(beside: &Path) -> Result<Self, FileError> {
        let path = layout::partial(beside);
        publish::create_folder(publish::parent(&path))?;
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&path);
        Ok(Self { file: file.map_err(FileError::at("write", &path))?, path, runs: Vec::new() })
    }

    fn write(&mut self, run: &Run) -> Result<(), FileError> {
        let written = || -> io::Result<()> {
            let mut file = BufWriter::with_capacity(1 << 16, &self.file);
            run.starts.iter().try_for_each(|start| file.write_all(run.framed(*start)))?;
            file.flush()
        };
        written().map_err(FileError::at("write", &self.path))?;
        let start = self.runs.last().map_or(0, |run| run.end);
        self.runs.push(start..start + run.bytes.len() as u64);
        Ok(())
    }
}

impl Drop for Spill {
    fn drop(&mut self) {
        // One that stays behind harms nobody.
        let _ = fs::remove_file(&self.path);
    }
}

/// Entries in order, as often as they are asked for.
pub struct Sorted {
    run: Run,
    spill: Option<Spill>,
}

impl Sorted {
    /// Goes through all entries, ascending.
    pub fn entries(&mut self) -> Merge<'_> {
        Merge::of(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(entries: &[(Vec<u8>, Vec<u8>)], memory: usize) {
        let folder = tempfile::tempdir().unwrap();
        let mut sorter = Sorter::with_memory(&folder.path().join("sub").join("list"), memory);
        entries.iter().for_each(|(key, value)| sorter.push(key, value).unwrap());
        let mut sorted = sorter.sorted().unwrap();
        let mut expected = entries.to_vec();
        expected.sort_by(|(a, _), (b, _)| a.cmp(b));
        for _ in 0..2 {
            let found = sorted.entries().map(|entry| entry.map(|entry| (entry.key().to_vec(), entry.value().to_vec())));
            assert_eq!(found.collect::<Result<Vec<_>, _>>().unwrap(), expected);
        }
        drop(sorted);
        let left = fs::read_dir(folder.path().join("sub")).map_or(0, Iterator::count);
        assert_eq!(left, 0, "what did not fit is gone");
    }

    #[test]
    fn what_fits_makes_no_file_and_what_does_not_is_merged() {
        let entries: Vec<_> =
            (0..2000_u32).map(|n| ((n * 7 % 100).to_le_bytes().to_vec(), vec![0; n as usize])).collect();
        check(&entries, usize::MAX);
        check(&entries, 20_000);
        check(&entries[..0], 100);
    }

    #[test]
    fn keys_compare_as_their_bytes() {
        let check = |values: &[&str]| {
            let posts: Vec<PostId> = values.iter().map(|text| text.parse().unwrap()).collect();
            assert!(posts.is_sorted() && posts.is_sorted_by_key(SortKey::sort_bytes), "{values:?}");
        };
        check(&["a:2", "a:10", "a-b:1", "a0:1", "ab:0", "b:300"]);
    }

    proptest! {
        #[test]
        fn any_entries_come_sorted(
            entries in prop::collection::vec(
                (prop::collection::vec(any::<u8>(), 0..3), prop::collection::vec(any::<u8>(), 0..40)), 0..60),
            memory in 1_usize..600,
        ) {
            check(&entries, memory);
        }

        #[test]
        fn faces_compare_as_their_bytes(a: [u8; 2], b: [u8; 2], indices: [u32; 2]) {
            let [a, b] = [(a, indices[0]), (b, indices[1])].map(|(picture, index)| {
                FaceId { picture: crate::ContentHash::of(&picture), index }
            });
            prop_assert_eq!(a.cmp(&b), a.sort_bytes().cmp(&b.sort_bytes()));
        }
    }
}
