//! NumPy's legacy random numbers, so that subsets are drawn as the customary implementations of metrics draw them.

/// Words of state, and the distance of the words that are mixed.
const WORDS: usize = 624;
const MIDDLE: usize = 397;

/// `numpy.random.RandomState`: the Mersenne Twister MT19937.
///
/// Matsumoto and Nishimura, "Mersenne Twister: a 623-dimensionally equidistributed uniform pseudo-random number
/// generator" (1998).
pub(crate) struct RandomState {
    words: [u32; WORDS],
    next: usize,
}

impl RandomState {
    /// `RandomState(seed)`.
    pub(crate) fn new(seed: u32) -> Self {
        let mut words = [seed; WORDS];
        for i in 1..WORDS {
            let before = words[i - 1];
            words[i] = 1_812_433_253_u32.wrapping_mul(before ^ before >> 30).wrapping_add(i as u32);
        }
        Self { words, next: WORDS }
    }

    /// `permutation(count)`: the numbers below `count` in a random order.
    pub(crate) fn permutation(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            order.swap(last, self.at_most(last));
        }
        order
    }

    /// `choice(count, size, replace=False)`: some of the numbers below `count`, each at most once.
    pub(crate) fn choice(&mut self, count: usize, size: usize) -> Vec<usize> {
        let mut order = self.permutation(count);
        order.truncate(size);
        order
    }

    /// A number from 0 to `last`: words under the smallest mask, until one is small enough.
    pub(crate) fn at_most(&mut self, last: usize) -> usize {
        let last = u32::try_from(last).expect("sets have fewer than 2^32 images: no memory holds more");
        let mask = u32::MAX.checked_shr(last.leading_zeros()).unwrap_or(0);
        loop {
            let value = self.word() & mask;
            if value <= last {
                return value as usize;
            }
        }
    }

    fn word(&mut self) -> u32 {
        if self.next == WORDS {
            self.twist();
        }
        let mut word = self.words[self.next];
        self.next += 1;
        word ^= word >> 11;
        word ^= word << 7 & 0x9d2c_5680;
        word ^= word << 15 & 0xefc6_0000;
        word ^ word >> 18
    }

    fn twist(&mut self) {
        for i in 0..WORDS {
            let joined = self.words[i] & 1 << 31 | self.words[(i + 1) % WORDS] & !(1 << 31);
            let odd = if joined & 1 == 1 { 0x9908_b0df } else { 0 };
            self.words[i] = self.words[(i + MIDDLE) % WORDS] ^ joined >> 1 ^ odd;
        }
        self.next = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The standard's known answer: the 10,000th word of the seed 5489.
    #[test]
    fn the_ten_thousandth_word() {
        let mut random = RandomState::new(5489);
        let last = (0..10_000).map(|_| random.word()).last();
        assert_eq!(last, Some(4_123_659_995));
    }
}
