//! The inputs that others are made of.

use std::collections::HashSet;

use crate::execution::Said;

/// Inputs that are kept beside the seeds: the oldest give way.
const MAX_KEPT: usize = 512;

/// Seeds, and inputs that made a reader say something new.
pub(crate) struct Corpus {
    seeds: Vec<Vec<u8>>,
    kept: Vec<Vec<u8>>,
    oldest: usize,
    heard: HashSet<String>,
}

impl Corpus {
    pub(crate) fn new(seeds: &[Vec<u8>]) -> Self {
        Self { seeds: seeds.to_vec(), kept: Vec::new(), oldest: 0, heard: HashSet::new() }
    }

    /// Any of them; a seed as often as not, so that no input strays for good.
    pub(crate) fn draw(&self, random: &mut fastrand::Rng) -> &[u8] {
        let from = if self.kept.is_empty() || random.bool() { &self.seeds } else { &self.kept };
        from.get(random.usize(..from.len().max(1))).map_or(&[], Vec::as_slice)
    }

    /// The longest of the seeds.
    pub(crate) fn longest(&self) -> usize {
        self.seeds.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// Keeps an input of which something new is said. Numbers are not new, and neither are quoted parts of the input.
    pub(crate) fn consider(&mut self, input: &[u8], said: &Said) {
        let Said::Refused(words) = said else { return };
        let words: String = words.chars().filter(|letter| letter.is_ascii_alphabetic()).take(60).collect();
        if self.heard.len() < 1 << 16 && self.heard.insert(words) {
            match self.kept.get_mut(self.oldest) {
                Some(oldest) if self.heard.len() > MAX_KEPT => {
                    *oldest = input.to_vec();
                    self.oldest = (self.oldest + 1) % MAX_KEPT;
                }
                _ => self.kept.push(input.to_vec()),
            }
        }
    }

    pub(crate) fn kept(&self) -> usize {
        self.kept.len()
    }
}
