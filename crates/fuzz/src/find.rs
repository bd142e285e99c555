//! An input that a reader did not stand.

use std::{env, fs};

use crate::execution::{Execution, Said, execute};

/// Attempts at making an input smaller.
const ATTEMPTS: usize = 2000;

/// What a reader did that it must not.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Failing {
    /// It panicked, at this place in these words.
    Panic(String),
    /// It held this many bytes.
    Memory(usize),
    /// It took this many milliseconds.
    Time(u128),
}

/// An input that a reader did not stand, as small as it could be made.
#[derive(Clone, Debug)]
pub(crate) struct Find {
    failing: Failing,
    input: Vec<u8>,
}

impl Find {
    /// What is to be found in an execution.
    pub(crate) fn of(execution: &Execution, max_memory: usize, is_slow: bool) -> Option<Self> {
        let failing = match &execution.said {
            Said::Panicked(words) => Failing::Panic(words.clone()),
            _ if execution.memory > max_memory => Failing::Memory(execution.memory),
            _ if is_slow => Failing::Time(execution.duration.as_millis()),
            _ => return None,
        };
        Some(Self { failing, input: Vec::new() })
    }

    /// Whether both are of one kind: a panic at the same place, too much memory, too much time.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        match (&self.failing, &other.failing) {
            (Failing::Panic(one), Failing::Panic(other)) => one.lines().next() == other.lines().next(),
            (Failing::Memory(_), Failing::Memory(_)) | (Failing::Time(_), Failing::Time(_)) => true,
            _ => false,
        }
    }

    /// The same with the input that does it, with as many parts taken away as can be.
    pub(crate) fn smallest(
        mut self,
        input: &[u8],
        read: &dyn Fn(&[u8]) -> Result<(), String>,
        max_memory: usize,
        memory_per_byte: usize,
    ) -> Self {
        self.input = input.to_vec();
        let (mut part, mut attempts) = (input.len() / 2, 0);
        // Each attempt at what takes seconds takes seconds.
        while part > 0 && attempts < ATTEMPTS && !matches!(self.failing, Failing::Time(_)) {
            let mut start = 0;
            while start < self.input.len() && attempts < ATTEMPTS {
                attempts += 1;
                let mut smaller = self.input.clone();
                smaller.drain(start..(start + part).min(smaller.len()));
                let found = Self::of(&execute(read, &smaller), max_memory + memory_per_byte * smaller.len(), false);
                if found.is_some_and(|found| found.is_like(&self)) {
                    self.input = smaller;
                } else {
                    start += part;
                }
            }
            part /= 2;
        }
        self
    }

    /// Writes the input to a file; says what it does, and where it lies.
    pub(crate) fn keep(&self, target: &str) -> String {
        let folder = env::temp_dir().join("nijigen-fuzz");
        // By content: the same find of two runs is one file.
        let mark = self
            .input
            .iter()
            .fold(0xcbf2_9ce4_8422_2325_u64, |mark, byte| (mark ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
        let path = folder.join(format!("{target}-{mark:016x}"));
        let kept = fs::create_dir_all(&folder).and_then(|()| fs::write(&path, &self.input));
        let place = kept.map_or_else(|error| format!("nowhere ({error})"), |()| path.display().to_string());
        let what = match &self.failing {
            Failing::Panic(words) => words.clone(),
            Failing::Memory(bytes) => format!("held {} KiB", bytes >> 10),
            Failing::Time(milliseconds) => format!("took {milliseconds} ms"),
        };
        let input = self.input.escape_ascii().to_string();
        format!("{what}\n  by {} bytes at {place}: {:.400}", self.input.len(), input)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(input: &[u8], read: &dyn Fn(&[u8]) -> Result<(), String>) -> Option<Find> {
        let find = Find::of(&execute(read, input), 1000, false)?;
        Some(find.smallest(input, read, 1000, 0))
    }

    #[test]
    fn what_does_not_matter_is_taken_away() {
        let read = |bytes: &[u8]| {
            assert!(!bytes.windows(2).any(|pair| pair == b"!!"), "there it is");
            Err("nothing".to_owned())
        };
        assert!(found(b"quiet", &read).is_none());
        let find = found(b"a long text, and then!! more of it", &read).unwrap();
        assert_eq!(find.input, b"!!");
        assert!(matches!(&find.failing, Failing::Panic(words) if words.contains("there it is")));
    }

    #[test]
    fn memory_is_counted() {
        let read = |bytes: &[u8]| {
            let length = bytes.iter().filter(|byte| **byte == b'x').count();
            drop(std::hint::black_box(vec![0_u8; length * 600]));
            Ok(())
        };
        assert!(found(b"-x-", &read).is_none());
        assert_eq!(found(b"--x--x--", &read).unwrap().input, b"xx");
    }
}

#[cfg(test)]
#[global_allocator]
static ALLOCATOR: crate::CountingAllocator = crate::CountingAllocator;
