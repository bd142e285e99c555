//! The order in which training sees the rows: shuffled anew each epoch, known at any position without a table.

/// The order of a whole training run: position 0 is the first image shown, and every `len` positions are an epoch.
///
/// The row at a position depends on (seed, len, position) alone, so any number of readers may work ahead and a
/// resumed run shows what the stopped one would have shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochOrder {
    seed: u64,
    len: usize,
}

impl EpochOrder {
    /// The order over `len` rows.
    pub fn new(seed: u64, len: usize) -> Self {
        Self { seed, len }
    }

    /// The row shown at a position counted from the start of training.
    ///
    /// # Panics
    /// When there are no rows.
    pub fn row(&self, position: u64) -> usize {
        assert!(self.len > 0, "an empty split has no order");
        let len = self.len as u64;
        Permutation::new(self.seed, position / len, self.len).at((position % len) as usize)
    }
}

/// A permutation of `0..len` chosen by (seed, epoch), computed point by point.
///
/// A Feistel network permutes the smallest power of four that holds `len`; a value outside the range is sent through
/// again until it falls inside (cycle walking), which keeps the map one to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permutation {
    len: u64,
    half_bits: u32,
    keys: [u64; ROUNDS],
}

/// Four rounds make a permutation look random to a statistician; more cost next to nothing and help tiny ranges.
const ROUNDS: usize = 8;

impl Permutation {
    /// The order of one epoch over `len` rows.
    pub fn new(seed: u64, epoch: u64, len: usize) -> Self {
        let len = len as u64;
        let bits = u64::BITS - len.saturating_sub(1).leading_zeros();
        let key = mix(mix(seed) ^ epoch.wrapping_mul(GOLDEN));
        let keys = std::array::from_fn(|round| mix(key.wrapping_add((round as u64 + 1).wrapping_mul(GOLDEN))));
        Self { len, half_bits: bits.div_ceil(2).max(1), keys }
    }

    /// What this order has at `index`: a number below `len`, another for each index.
    ///
    /// # Panics
    /// When `index` is not below `len`.
    pub fn at(&self, index: usize) -> usize {
        assert!((index as u64) < self.len, "index {index} of a permutation of {}", self.len);
        let mut value = self.feistel(index as u64);
        while value >= self.len {
            value = self.feistel(value);
        }
        value as usize
    }

    fn feistel(&self, value: u64) -> u64 {
        let mask = (1 << self.half_bits) - 1;
        let (mut left, mut right) = (value >> self.half_bits, value & mask);
        for key in self.keys {
            (left, right) = (right, left ^ (mix(right ^ key) & mask));
        }
        left << self.half_bits | right
    }
}

/// 2^64 divided by the golden ratio: the increment of SplitMix64.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The output function of SplitMix64 (Steele, Lea and Flood, 2014): every bit of the input reaches every bit.
pub(crate) fn mix(mut value: u64) -> u64 {
    value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(seed: u64, epoch: u64, len: usize) -> Vec<usize> {
        let permutation = Permutation::new(seed, epoch, len);
        (0..len).map(|i| permutation.at(i)).collect()
    }

    fn is_permutation(mut values: Vec<usize>) -> bool {
        values.sort_unstable();
        values.iter().enumerate().all(|(i, value)| i == *value)
    }

    #[test]
    fn every_row_once_at_sizes_around_the_powers_of_two() {
        for len in (1..70).chain([127, 128, 129, 255, 256, 257, 1000, 4095, 4096, 4097, 20_000, 65_537]) {
            assert!(is_permutation(all(1, 2, len)), "{len}");
        }
    }

    #[test]
    fn the_order_is_fixed_for_ever() {
        // A change here would change every training run.
        assert_eq!(all(20_170_112, 0, 10), EXPECTED_FIRST_EPOCH);
    }

    const EXPECTED_FIRST_EPOCH: [usize; 10] = [1, 0, 9, 5, 6, 8, 4, 7, 3, 2];

    #[test]
    fn epochs_and_seeds_differ() {
        let first = all(1, 0, 1000);
        let kept = |other: Vec<usize>| first.iter().zip(other).filter(|(a, b)| **a == *b).count();
        assert!(kept(all(1, 1, 1000)) < 10);
        assert!(kept(all(2, 0, 1000)) < 10);
        assert!(kept((0..1000).collect()) < 10);
    }

    #[test]
    fn each_row_is_as_likely_everywhere() {
        // 4,000 orders of 10 rows: each row lands at each position 400 times, give or take 5 standard deviations of 19.
        let mut counts = [[0_i32; 10]; 10];
        for seed in 0..4000 {
            for (position, row) in all(seed, seed % 7, 10).into_iter().enumerate() {
                counts[position][row] += 1;
            }
        }
        assert!(counts.iter().flatten().all(|count| (count - 400).abs() < 95), "{counts:?}");
    }

    #[test]
    fn a_run_passes_through_its_epochs() {
        let order = EpochOrder::new(5, 7);
        let shown: Vec<usize> = (0..14).map(|position| order.row(position)).collect();
        assert_eq!(shown[..7], all(5, 0, 7));
        assert_eq!(shown[7..], all(5, 1, 7));
    }

    proptest! {
        #[test]
        fn every_row_once(seed: u64, epoch: u64, len in 1_usize..3000) {
            prop_assert!(is_permutation(all(seed, epoch, len)));
        }

        #[test]
        fn huge_ranges_stay_inside(seed: u64, len in 1_usize..usize::MAX, index: usize) {
            prop_assert!(Permutation::new(seed, 0, len).at(index % len) < len);
        }
    }
}
