//! The weak classifier that an OpenCV cascade can hold: one feature, a subset of its codes, two answers.

use serde::{Deserialize, Serialize};

/// Answers by whether a feature's code is in a subset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stump {
    /// The index of the feature among all of a window.
    pub feature: usize,
    /// The subset, a bit a code: code c is bit c mod 32 of word c div 32.
    pub subset: [u32; 8],
    /// The answer for a code in the subset, and for any other.
    pub leaves: [f32; 2],
}

impl Stump {
    /// The answer for a code.
    pub fn answer(&self, code: u8) -> f32 {
        let inside = self.subset[usize::from(code >> 5)] >> (code & 31) & 1 == 1;
        self.leaves[usize::from(!inside)]
    }
}

/// The weights of the positive and the negative windows with each code.
pub struct Histogram {
    /// The weight of the positive windows with each code.
    pub positive: [f64; 256],
    /// The weight of the negative windows with each code.
    pub negative: [f64; 256],
}

impl Histogram {
    /// Adds up the weights by code. The first `positives` windows are the positive ones.
    pub fn of(codes: &[u8], weights: &[f64], positives: usize) -> Self {
        let sum = |codes: &[u8], weights: &[f64]| {
            let mut sums = [0.0; 256];
            codes.iter().zip(weights).for_each(|(code, weight)| sums[usize::from(*code)] += weight);
            sums
        };
        let (codes_of_positives, codes_of_negatives) = codes.split_at(positives);
        let (weights_of_positives, weights_of_negatives) = weights.split_at(positives);
        Self {
            positive: sum(codes_of_positives, weights_of_positives),
            negative: sum(codes_of_negatives, weights_of_negatives),
        }
    }

    /// The best stump of these codes: the codes ordered by their weighted mean response m = (p − n) / (p + n), the cut
    /// with the least weighted squared error Σ w (y − f)², which is the most S²/W summed over both sides (Friedman,
    /// Hastie, Tibshirani: Additive Logistic Regression, 2000, gentle AdaBoost).
    ///
    /// Returns the gain too, which tells stumps of different features apart.
    pub fn best_stump(&self, feature: usize) -> (f64, Stump) {
        let weight = |code: u8| self.positive[usize::from(code)] + self.negative[usize::from(code)];
        let lean = |code: u8| self.positive[usize::from(code)] - self.negative[usize::from(code)];
        // For two classes the best of the 2²⁵⁶ subsets is a cut through this order (Breiman and others, 1984).
        let mut order: Vec<u8> = (0..=255).filter(|code| weight(*code) > 0.0).collect();
        order.sort_by(|a, b| (lean(*a) / weight(*a)).total_cmp(&(lean(*b) / weight(*b))).then(a.cmp(b)));
        let (all_weight, all_lean) = order.iter().fold((0.0, 0.0), |(w, s), code| (w + weight(*code), s + lean(*code)));
        let (mut left_weight, mut left_lean) = (0.0, 0.0);
        let mut best = (square_over(all_lean, all_weight), 0, mean(all_lean, all_weight), 0.0);
        for (index, code) in order.iter().enumerate() {
            left_weight += weight(*code);
            left_lean += lean(*code);
            let (right_weight, right_lean) = (all_weight - left_weight, all_lean - left_lean);
            let gain = square_over(left_lean, left_weight) + square_over(right_lean, right_weight);
            if gain > best.0 {
                best = (gain, index + 1, mean(left_lean, left_weight), mean(right_lean, right_weight));
            }
        }
        let (gain, cut, left, right) = best;
        let mut subset = [0; 8];
        order[..cut].iter().for_each(|code| subset[usize::from(code >> 5)] |= 1 << (code & 31));
        (gain, Stump { feature, subset, leaves: [left as f32, right as f32] })
    }
}

fn square_over(sum: f64, weight: f64) -> f64 {
    if weight > 0.0 { sum * sum / weight } else { 0.0 }
}

fn mean(sum: f64, weight: f64) -> f64 {
    if weight > 0.0 { sum / weight } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_code_that_tells_all_makes_the_stump() {
        let codes = [7, 7, 200, 200, 200, 31];
        let histogram = Histogram::of(&codes, &[1.0; 6], 2);
        let (gain, stump) = histogram.best_stump(3);
        assert!((gain - 6.0).abs() < 1e-12, "a perfect stump explains all the weight: {gain}");
        assert_eq!(stump.feature, 3);
        assert_eq!((stump.answer(7), stump.answer(200), stump.answer(31)), (1.0, -1.0, -1.0));
    }

    proptest! {
        /// The cut is the best of all subsets of the codes, not only of those in order.
        #[test]
        fn no_subset_does_better(weights in prop::collection::vec((0.01f64..1.0, 0.01f64..1.0), 2..8)) {
            let mut histogram = Histogram { positive: [0.0; 256], negative: [0.0; 256] };
            for (code, (positive, negative)) in weights.iter().enumerate() {
                histogram.positive[code * 37] = *positive;
                histogram.negative[code * 37] = *negative;
            }
            let (gain, _) = histogram.best_stump(0);
            for subset in 0u32..1 << weights.len() {
                let side = |inside: bool| {
                    let chosen = weights.iter().enumerate().filter(|(code, _)| (subset >> code & 1 == 1) == inside);
                    chosen.fold((0.0, 0.0), |(w, s), (_, (p, n))| (w + p + n, s + p - n))
                };
                let ((left, left_lean), (right, right_lean)) = (side(true), side(false));
                prop_assert!(square_over(left_lean, left) + square_over(right_lean, right) <= gain + 1e-9);
            }
        }
    }
}
