//! Counter-based random numbers: Philox4x32-10, so that no random state exists.

use std::f64::consts::TAU;

/// What random numbers are drawn for. Each use has its own numbers, whatever the others draw.
///
/// A stream's number is part of what a seed means: it never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum Stream {
    /// The generator's first weights.
    GeneratorWeights = 0,
    /// The discriminator's first weights.
    DiscriminatorWeights = 1,
    /// Latents of training steps.
    TrainingLatents = 2,
    /// Latents of the sample grid that is drawn again and again through training.
    GridLatents = 3,
    /// Latents of samples drawn from a finished generator.
    SampleLatents = 4,
    /// Latents of the samples that an evaluation measures.
    EvaluationLatents = 5,
    /// Random directions and choices of an evaluation's measures.
    EvaluationMeasures = 6,
    /// Augmentation of images.
    Augmentation = 7,
    /// Mixtures of real images and samples that a penalty is taken at.
    Mixture = 8,
    /// Latents of the samples that are measured again and again through training.
    MeasuredLatents = 9,
    /// Whatever an experiment of the laboratory draws.
    Laboratory = 10,
}

/// What a stream's number has in addition where classes are drawn: no stream's own number comes near it.
const CLASSES: u16 = 1 << 15;

/// A source of random numbers that is a pure function of (seed, stream, attempt, step, index).
///
/// Philox4x32-10 of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011), table 2.
/// The key is the seed; the counter is `[index / 4, stream + attempt · 2¹⁶, step, step >> 32]`, each of whose values
/// gives four 32-bit words. So two different steps, streams or attempts never share a word, and the numbers of a step
/// do not depend on how many are asked for: a longer fill begins with the shorter one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Philox {
    key: [u32; 2],
    stream: u16,
    attempt: u16,
}

impl Philox {
    /// The numbers of `stream` under `seed`.
    pub fn new(seed: u64, stream: Stream) -> Self {
        Self { key: [low(seed), high(seed)], stream: stream as u16, attempt: 0 }
    }

    /// The same stream as it is drawn in another attempt, after a rollback; attempt 0 is the first.
    pub fn with_attempt(self, attempt: u16) -> Self {
        Self { attempt, ..self }
    }

    /// The words of the classes that go with this stream's latents, which no other stream has.
    pub fn of_classes(self) -> Self {
        Self { stream: self.stream | CLASSES, ..self }
    }

    /// Fills `out` with random 32-bit words.
    pub fn u32s(&self, step: u64, out: &mut [u32]) {
        self.fill(step, out, |words| words);
    }

    /// Fills `out` with numbers uniform in [0, 1), multiples of 2⁻²⁴.
    pub fn fill_uniform(&self, step: u64, out: &mut [f32]) {
        self.fill(step, out, |words| words.map(|word| (word >> 8) as f32 * 2f32.powi(-24)));
    }

    /// Fills `out` with numbers from N(0, 1), by the Box-Muller transform.
    ///
    /// The transform runs in f64 and is rounded once, so that platforms whose `ln`, `sin` and `cos` differ in
    /// their last digit still give the same f32.
    pub fn fill_normal(&self, step: u64, out: &mut [f32]) {
        self.fill(step, out, |[a, b, c, d]| {
            let ([first, second], [third, fourth]) = (box_muller(a, b), box_muller(c, d));
            [first, second, third, fourth]
        });
    }

    fn fill<T: Copy>(&self, step: u64, out: &mut [T], convert: impl Fn([u32; 4]) -> [T; 4]) {
        let stream = u32::from(self.stream) | u32::from(self.attempt) << 16;
        for (index, chunk) in out.chunks_mut(4).enumerate() {
            let index = u32::try_from(index).expect("a step draws fewer than 2^34 numbers: no memory holds more");
            let block = philox4x32([index, stream, low(step), high(step)], self.key);
            chunk.copy_from_slice(&convert(block)[..chunk.len()]);
        }
    }
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
    const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
    const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
    for round in 0..10 {
        if round > 0 {
            key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
        }
        let first = u64::from(MULTIPLIERS[0]) * u64::from(counter[0]);
        let second = u64::from(MULTIPLIERS[1]) * u64::from(counter[2]);
        counter = [high(second) ^ counter[1] ^ key[0], low(second), high(first) ^ counter[3] ^ key[1], low(first)];
    }
    counter
}

fn low(value: u64) -> u32 {
    value as u32
}

fn high(value: u64) -> u32 {
    (value >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers that Random123, the authors' library, publishes for philox4x32-10.
    #[test]
    fn known_answers() {
        let pi = ([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0]);
        let table = [
            ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            ([u32::MAX; 4], [u32::MAX; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (pi.0, pi.1, [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]),
        ];
        for (counter, key, expected) in table {
            assert_eq!(philox4x32(counter, key), expected, "counter {counter:08x?}, key {key:08x?}");
        }
    }

    fn normals(philox: Philox, step: u64, count: usize) -> Vec<f32> {
        let mut out = vec![0.0; count];
        philox.fill_normal(step, &mut out);
        out
    }

    #[test]
    fn a_longer_fill_begins_with_the_shorter_one() {
        let philox = Philox::new(20170112, Stream::TrainingLatents);
        let long = normals(philox, 3, 103);
        for count in [0, 1, 2, 3, 4, 5, 102] {
            assert_eq!(normals(philox, 3, count), long[..count]);
        }
    }

    #[test]
    fn seeds_streams_attempts_and_steps_draw_apart() {
        let first = Philox::new(1, Stream::TrainingLatents);
        let others = [
            normals(first, 0, 8),
            normals(first, 1, 8),
            normals(first, 1 << 32, 8),
            normals(first.with_attempt(1), 0, 8),
            normals(Philox::new(1 << 32, Stream::TrainingLatents), 0, 8),
            normals(Philox::new(1, Stream::GridLatents), 0, 8),
        ];
        for (index, left) in others.iter().enumerate() {
            assert!(others[index + 1..].iter().all(|right| left != right), "draw {index} is drawn twice");
        }
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        let philox = Philox::new(7, Stream::GeneratorWeights);
        let moments = |values: &[f32]| {
            let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / values.len() as f64;
            let variance = values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / values.len() as f64;
            (mean, variance)
        };
        let (mean, variance) = moments(&normals(philox, 0, 100_000));
        assert!(mean.abs() < 0.01 && (variance - 1.0).abs() < 0.02, "normal: mean {mean}, variance {variance}");

        let mut uniform = vec![0.0; 100_000];
        philox.fill_uniform(0, &mut uniform);
        let (mean, variance) = moments(&uniform);
        assert!((mean - 0.5).abs() < 0.005 && (variance - 1.0 / 12.0).abs() < 0.002, "uniform: {mean}, {variance}");
        assert!(uniform.iter().all(|value| (0.0..1.0).contains(value)));
    }

    #[test]
    fn extreme_words_give_finite_normals() {
        for word in [0, 1, u32::MAX] {
            assert!(box_muller(word, word).iter().all(|value| value.is_finite() && value.abs() < 7.0));
        }
    }
}
