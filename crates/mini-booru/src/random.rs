//! A small seeded generator, so that everything invented here is the same on every machine and thread.

/// SplitMix64: one 64-bit state, equidistributed, and stable for ever because it is written out here.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// The stream of `key`: streams of different keys have nothing to do with one another.
    pub(crate) fn keyed(seed: u64, key: &[u64]) -> Self {
        let mut random = Self(seed);
        for part in key {
            let mixed = random.next();
            random.0 = mixed ^ part.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
        random.next();
        random
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// Uniform in [0, 1).
    pub(crate) fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u32 << 24) as f32
    }

    /// Uniform in [low, high).
    pub(crate) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// Uniform in [low, high], whole numbers.
    pub(crate) fn whole(&mut self, low: u32, high: u32) -> u32 {
        low + (self.next() % u64::from(high - low + 1)) as u32
    }

    pub(crate) fn chance(&mut self, probability: f32) -> bool {
        self.unit() < probability
    }

    /// One of `choices`, which must not be empty.
    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[(self.next() % choices.len() as u64) as usize]
    }

    /// Either −1 or 1.
    pub(crate) fn sign(&mut self) -> f32 {
        if self.chance(0.5) { -1.0 } else { 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_gives_the_same_stream_and_its_neighbour_another() {
        let stream = |key: u64| {
            let mut random = Random::keyed(7, &[key, 3]);
            [random.next(), random.next(), random.next()]
        };
        assert_eq!(stream(1), stream(1));
        assert_ne!(stream(1), stream(2));
    }

    #[test]
    fn draws_stay_in_their_ranges() {
        let mut random = Random::keyed(1, &[]);
        for _ in 0..1000 {
            assert!((-2.0..3.0).contains(&random.between(-2.0, 3.0)));
            assert!((4..=6).contains(&random.whole(4, 6)));
            assert!([1, 5, 9].contains(&random.pick(&[1, 5, 9])));
        }
    }
}
