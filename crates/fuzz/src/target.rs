//! Something that reads foreign bytes, and what it is given.

use std::{
    env,
    time::{Duration, Instant},
};

use crate::{
    allocator,
    corpus::Corpus,
    execution::{Said, execute},
    find::Find,
    mutation::Mutator,
};

/// The environment variable that says for how many seconds each target runs; unset, it makes a fixed number of inputs.
pub const SECONDS: &str = "NIJIGEN_FUZZ_SECONDS";

/// The environment variable with the number that inputs are drawn by, to make those of an earlier run again.
pub const SEED: &str = "NIJIGEN_FUZZ_SEED";

/// Inputs that are made in a test: about a second of the slower readers.
const EXECUTIONS: u64 = 3000;

/// The bytes that a reader may hold: twice what bounded buffers take, and some room for what an input is made into.
const MAX_MEMORY: usize = 32 << 20;

/// What may be held for each byte of an input. A JSON value of two bytes takes 72 in a tree, and a map of them twice that.
const MEMORY_PER_BYTE: usize = 256;

/// An execution beyond this is a find of its own in a long run. Tests never time anything.
const MAX_DURATION: Duration = Duration::from_secs(10);

/// Reads an input, or refuses it in words that tell why.
type Read = Box<dyn Fn(&[u8]) -> Result<(), String>>;

/// Changes an input so that its checksums hold again.
type Repair = Box<dyn Fn(&mut Vec<u8>)>;

/// Something that reads foreign bytes.
pub struct Target {
    name: &'static str,
    seeds: Vec<Vec<u8>>,
    read: Read,
    words: Vec<Vec<u8>>,
    repair: Option<Repair>,
    max_memory: usize,
    executions: u64,
}

/// What came of a run.
struct Outcome {
    executions: u64,
    kept: usize,
    most_memory: usize,
    slowest: Duration,
    finds: Vec<Find>,
}

impl Target {
    /// A target that starts from `seeds`, inputs that it understands. `read` refuses an input in words that tell why.
    pub fn new<S: AsRef<[u8]>>(
        name: &'static str,
        seeds: &[S],
        read: impl Fn(&[u8]) -> Result<(), String> + 'static,
    ) -> Self {
        Self {
            name,
            seeds: seeds.iter().map(|seed| seed.as_ref().to_vec()).collect(),
            read: Box::new(read),
            words: Vec::new(),
            repair: None,
            max_memory: MAX_MEMORY,
            executions: EXECUTIONS,
        }
    }

    /// Words of the format, which are put in here and there.
    #[must_use]
    pub fn words<W: AsRef<[u8]>>(mut self, words: &[W]) -> Self {
        self.words.extend(words.iter().map(|word| word.as_ref().to_vec()));
        self
    }

    /// What makes checksums hold again, so that damage reaches what lies behind them: done to every other input.
    #[must_use]
    pub fn repair(mut self, repair: impl Fn(&mut Vec<u8>) + 'static) -> Self {
        self.repair = Some(Box::new(repair));
        self
    }

    /// How many bytes it may hold, beside [some](MEMORY_PER_BYTE) for each byte of the input.
    #[must_use]
    pub fn max_memory(mut self, bytes: usize) -> Self {
        self.max_memory = bytes;
        self
    }

    /// How many inputs a test makes of it.
    #[must_use]
    pub fn executions(mut self, count: u64) -> Self {
        self.executions = count;
        self
    }

    /// Runs it.
    ///
    /// # Panics
    /// When an input was found that makes it panic, hold too much or take too long, a seed is refused, or this program does not
    /// have the [allocator that counts](crate::CountingAllocator).
    pub fn run(self) {
        assert!(allocator::is_counting(), "{}: this program's allocator counts nothing", self.name);
        for (index, seed) in self.seeds.iter().enumerate() {
            let said = execute(&*self.read, seed).said;
            assert_eq!(said, Said::Accepted, "{}: seed {index} is no input that it understands", self.name);
        }
        let number = |variable: &str| env::var(variable).ok()?.parse::<u64>().ok();
        let seconds = number(SECONDS);
        let seed = number(SEED).unwrap_or_else(|| if seconds.is_some() { fastrand::u64(..) } else { 1 });
        let outcome = self.explore(seed, seconds.map(Duration::from_secs));
        if seconds.is_some() {
            // The one line of a long run, which the runner hands on.
            let Outcome { executions, kept, most_memory, slowest, finds } = &outcome;
            let (memory, slowest, finds) = (most_memory >> 10, slowest.as_millis(), finds.len());
            let line = format!(
                "{:24} {executions:>10} executions, {kept:>4} kept, {memory:>7} KiB and {slowest} ms at most, {finds} finds, seed {seed}\n",
                self.name
            );
            let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
        }
        let finds: Vec<String> = outcome.finds.iter().map(|find| find.keep(self.name)).collect();
        assert!(finds.is_empty(), "{}: {} finds (seed {seed}):\n{}", self.name, finds.len(), finds.join("\n"));
    }

    fn explore(&self, seed: u64, time: Option<Duration>) -> Outcome {
        let mut mutator = Mutator::new(seed, &self.words);
        let mut corpus = Corpus::new(&self.seeds);
        let mut outcome =
            Outcome { executions: 0, kept: 0, most_memory: 0, slowest: Duration::ZERO, finds: Vec::new() };
        let started = Instant::now();
        while time.map_or(outcome.executions < self.executions, |time| started.elapsed() < time) {
            let mut input = mutator.mutate(&corpus);
            if let Some(repair) = self.repair.as_ref().filter(|_| mutator.flips_a_coin()) {
                repair(&mut input);
            }
            let execution = execute(&*self.read, &input);
            outcome.executions += 1;
            outcome.most_memory = outcome.most_memory.max(execution.memory);
            outcome.slowest = outcome.slowest.max(execution.duration);
            let is_slow = time.is_some() && execution.duration > MAX_DURATION;
            if let Some(find) = Find::of(&execution, self.max_memory + MEMORY_PER_BYTE * input.len(), is_slow) {
                if !outcome.finds.iter().any(|known| known.is_like(&find)) {
                    outcome.finds.push(find.smallest(&input, &*self.read, self.max_memory, MEMORY_PER_BYTE));
                }
            } else {
                corpus.consider(&input, &execution.said);
            }
        }
        outcome.kept = corpus.kept();
        outcome
    }
}
