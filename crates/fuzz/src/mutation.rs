//! Inputs made of others: bits flipped, parts cut, doubled and exchanged, lengths and numbers set to what readers forget.

use std::ops::Range;

use crate::corpus::Corpus;

/// Numbers at which arithmetic goes wrong.
const NUMBERS: [u64; 18] = [
    0,
    1,
    2,
    7,
    127,
    128,
    255,
    256,
    32_767,
    65_535,
    65_536,
    (1 << 24) - 1,
    (1 << 31) - 1,
    1 << 31,
    (1 << 32) - 1,
    1 << 32,
    (1 << 63) - 1,
    u64::MAX,
];

/// Inputs are at most this many times as long as the longest seed, and this many bytes longer.
const MAX_GROWTH: usize = 4;
const MAX_MORE: usize = 4096;

/// Makes inputs; the same ones of the same seed and corpus.
pub(crate) struct Mutator {
    random: fastrand::Rng,
    words: Vec<Vec<u8>>,
}

impl Mutator {
    pub(crate) fn new(seed: u64, words: &[Vec<u8>]) -> Self {
        Self { random: fastrand::Rng::with_seed(seed), words: words.to_vec() }
    }

    pub(crate) fn flips_a_coin(&mut self) -> bool {
        self.random.bool()
    }

    /// A new input.
    pub(crate) fn mutate(&mut self, corpus: &Corpus) -> Vec<u8> {
        let mut input = corpus.draw(&mut self.random).to_vec();
        // Few changes as a rule: of many, the first is all that a reader sees.
        let changes = 1 << self.random.u32(0..=4);
        for _ in 0..self.random.usize(1..=changes) {
            self.change(&mut input, corpus);
        }
        input.truncate(corpus.longest() * MAX_GROWTH + MAX_MORE);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, corpus: &Corpus) {
        match self.random.u8(0..14) {
            0 | 1 => self.with_byte(input, |byte, random| *byte ^= 1 << random.u8(0..8)),
            2 => self.with_byte(input, |byte, random| *byte = random.u8(..)),
            3 => self.with_byte(input, |byte, random| *byte = [0, 1, 0x7f, 0x80, 0xff, b' ', b'"'][random.usize(0..7)]),
            4 | 5 => self.set_number(input),
            6 => self.add_to_number(input),
            7 => self.set_decimal(input),
            8 => drop(input.drain(self.range(input.len()))),
            9 => self.double(input),
            10 => self.put_word(input),
            11 => input.truncate(self.index(input.len())),
            12 => self.splice(input, corpus),
            _ => self.exchange(input),
        }
    }

    fn index(&mut self, length: usize) -> usize {
        self.random.usize(..=length)
    }

    /// A part, short as a rule.
    fn range(&mut self, length: usize) -> Range<usize> {
        let start = self.index(length);
        let longest = if self.random.u8(0..4) > 0 { 16 } else { length };
        start..(start + self.random.usize(..=longest)).min(length)
    }

    fn with_byte(&mut self, input: &mut [u8], change: impl FnOnce(&mut u8, &mut fastrand::Rng)) {
        if !input.is_empty() {
            let index = self.random.usize(..input.len());
            change(&mut input[index], &mut self.random);
        }
    }

    /// One, two, four or eight bytes in either order.
    fn set_number(&mut self, input: &mut [u8]) {
        let number = match self.random.u8(0..4) {
            0 => (input.len() as u64).wrapping_add(self.random.u64(0..5)).wrapping_sub(2),
            _ => NUMBERS[self.random.usize(..NUMBERS.len())],
        };
        self.with_field(input, |_| number);
    }

    fn add_to_number(&mut self, input: &mut [u8]) {
        let (step, adds) = (self.random.u64(1..17), self.random.bool());
        self.with_field(input, |number| if adds { number.wrapping_add(step) } else { number.wrapping_sub(step) });
    }

    fn with_field(&mut self, input: &mut [u8], change: impl FnOnce(u64) -> u64) {
        let (width, is_little) = (1 << self.random.u32(0..4), self.random.bool());
        if input.len() < width {
            return;
        }
        let start = self.random.usize(..=input.len() - width);
        let field = &mut input[start..start + width];
        let mut bytes = [0; 8];
        let mut read = |from: &[u8]| {
            bytes[..width].copy_from_slice(from);
            if !is_little {
                bytes[..width].reverse();
            }
            u64::from_le_bytes(bytes)
        };
        let mut changed = change(read(field)).to_le_bytes();
        if !is_little {
            changed[..width].reverse();
        }
        field.copy_from_slice(&changed[..width]);
    }

    /// A number in digits, such as those of JSON, XML and a tar's headers.
    fn set_decimal(&mut self, input: &mut Vec<u8>) {
        let start = self.index(input.len());
        let Some(first) = input[start..].iter().position(u8::is_ascii_digit).map(|offset| start + offset) else {
            return;
        };
        let length = input[first..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = NUMBERS[self.random.usize(..NUMBERS.len())];
        let text = match self.random.u8(0..6) {
            0 => format!("-{number}"),
            1 => format!("{number}.5"),
            2 => format!("{number}e{}", self.random.u16(0..400)),
            3 => format!("{number:o}"),
            _ => number.to_string(),
        };
        input.splice(first..first + length, text.into_bytes());
    }

    /// A part once more, or very often: lists without end, and brackets without number.
    fn double(&mut self, input: &mut Vec<u8>) {
        let range = self.range(input.len());
        let times = if self.random.u8(0..8) == 0 { self.random.usize(2..200) } else { 1 };
        let copies = input[range.clone()].repeat(times);
        let room = copies.len().min(1 << 16);
        input.splice(range.end..range.end, copies.into_iter().take(room));
    }

    fn put_word(&mut self, input: &mut Vec<u8>) {
        let word = match self.words.is_empty() {
            true => (0..self.random.usize(1..9)).map(|_| self.random.u8(..)).collect(),
            false => self.words[self.random.usize(..self.words.len())].clone(),
        };
        let start = self.index(input.len());
        let end = if self.random.bool() { start } else { (start + word.len()).min(input.len()) };
        input.splice(start..end, word);
    }

    /// A part of another input in place of a part of this one.
    fn splice(&mut self, input: &mut Vec<u8>, corpus: &Corpus) {
        let other = corpus.draw(&mut self.random);
        let from = self.range(other.len());
        let to = self.range(input.len());
        input.splice(to, other[from].iter().copied());
    }

    /// Two parts in each other's place.
    fn exchange(&mut self, input: &mut Vec<u8>) {
        let (one, other) = (self.range(input.len()), self.range(input.len()));
        let (first, second) = if one.start <= other.start { (one, other) } else { (other, one) };
        if first.end <= second.start {
            let parts = [&input[second.clone()], &input[first.end..second.start], &input[first.clone()]].concat();
            input.splice(first.start..second.end, parts);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_follow_from_the_seed_and_stay_short() {
        let corpus = Corpus::new(&[b"{\"id\":12,\"tags\":[]}".to_vec(), vec![0; 100]]);
        let made = |seed| {
            let mut mutator = Mutator::new(seed, &[b"null".to_vec()]);
            (0..2000).map(|_| mutator.mutate(&corpus)).collect::<Vec<_>>()
        };
        let inputs = made(1);
        assert_eq!(inputs, made(1));
        assert_ne!(inputs, made(2));
        assert!(inputs.iter().all(|input| input.len() <= 100 * MAX_GROWTH + MAX_MORE));
        let texts: Vec<_> = inputs.iter().map(|input| String::from_utf8_lossy(input)).collect();
        assert!(texts.iter().any(|text| text.contains("null")));
        assert!(texts.iter().any(|text| text.contains("18446744073709551615")));
        assert!(inputs.iter().any(Vec::is_empty) && inputs.iter().any(|input| input.len() > 500));
    }
}
