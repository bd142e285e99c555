//! Counter-based random numbers: every draw is a function of the seed, a stream and a step.

use std::f64::consts::TAU;

/// What random numbers are drawn for. A stream's number is part of what a seed means: it never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Stream {
    /// Directions, patches, pairs and resamples; 6 is the number that the networks' crate keeps free for them.
    Metrics = 6,
    /// The weights of the random network.
    Weights = 0x100,
    /// The pictures that scale the random network.
    Leaves = 0x101,
    /// Material of tests.
    #[cfg(test)]
    Tests = 0x1ff,
}

/// Philox4x32-10 of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011), table 2.
///
/// The key is the seed; the counter is `[index / 4, stream, step, step >> 32]`, each of whose values gives four words. The
/// networks' crate has the same generator: it is written twice so that metrics need no networks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Philox {
    key: [u32; 2],
    stream: u32,
}

impl Philox {
    pub(crate) fn new(seed: u64, stream: Stream) -> Self {
        Self { key: [seed as u32, (seed >> 32) as u32], stream: stream as u32 }
    }

    /// Fills `out` with random words.
    pub(crate) fn u32s(&self, step: u64, out: &mut [u32]) {
        self.fill(step, out, |words| words);
    }

    /// Fills `out` with numbers uniform in [0, 1).
    pub(crate) fn fill_uniform(&self, step: u64, out: &mut [f32]) {
        self.fill(step, out, |words| words.map(|word| (word >> 8) as f32 * 2f32.powi(-24)));
    }

    /// Fills `out` with numbers from N(0, 1), computed in f64 and rounded once.
    pub(crate) fn fill_normal(&self, step: u64, out: &mut [f32]) {
        self.fill(step, out, |[a, b, c, d]| {
            let ([first, second], [third, fourth]) = (box_muller(a, b), box_muller(c, d));
            [first, second, third, fourth]
        });
    }

    fn fill<T: Copy>(&self, step: u64, out: &mut [T], convert: impl Fn([u32; 4]) -> [T; 4]) {
        for (index, chunk) in out.chunks_mut(4).enumerate() {
            let block = philox4x32([index as u32, self.stream, step as u32, (step >> 32) as u32], self.key);
            chunk.copy_from_slice(&convert(block)[..chunk.len()]);
        }
    }
}

/// A number below `count` from a word, the same for every word within 2⁻³².
pub(crate) fn below(word: u32, count: usize) -> usize {
    ((u64::from(word) * count as u64) >> 32) as usize
}

/// Two independent normal numbers from two words: √(−2 ln u) · (cos 2πv, sin 2πv), u in (0, 1].
fn box_muller(radius: u32, angle: u32) -> [f32; 2] {
    let unit = 2f64.powi(-32);
    let radius = (-2.0 * ((f64::from(radius) + 1.0) * unit).ln()).sqrt();
    let (sin, cos) = (TAU * f64::from(angle) * unit).sin_cos();
    [(radius * cos) as f32, (radius * sin) as f32]
}

/// Ten rounds of Philox over one counter.
fn philox4x32(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for round in 0..10 {
        if round > 0 {
            key = [key[0].wrapping_add(0x9E37_79B9), key[1].wrapping_add(0xBB67_AE85)];
        }
        let first = 0xD251_1F53 * u64::from(counter[0]);
        let second = 0xCD9E_8D57 * u64::from(counter[2]);
        let (first_high, second_high) = ((first >> 32) as u32, (second >> 32) as u32);
        counter = [second_high ^ counter[1] ^ key[0], second as u32, first_high ^ counter[3] ^ key[1], first as u32];
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Known answers that Random123, the authors' library, publishes for philox4x32-10.
    #[test]
    fn known_answers() {
        assert_eq!(philox4x32([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        let (counter, key) = ([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0]);
        assert_eq!(philox4x32(counter, key), [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]);
    }

    #[test]
    fn indices_reach_both_ends() {
        assert_eq!((below(0, 7), below(u32::MAX, 7)), (0, 6));
    }
}
