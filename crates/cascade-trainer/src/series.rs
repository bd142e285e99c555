//! Random numbers that follow from a seed and a position, so that nothing depends on which thread draws them.

use fastrand::Rng;

/// The random numbers that belong to the `index`-th thing of a series.
pub(crate) fn random(seed: u64, index: u64) -> Rng {
    // Neighbouring seeds start alike: the multiplication by 2⁶⁴ over the golden ratio takes neighbours far from each other.
    Rng::with_seed(seed ^ (index + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}
