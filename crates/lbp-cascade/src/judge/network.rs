//! The network: three convolutions of 3 × 3, each halving the sides, and a weighted sum of what they give.

use super::convolution::Convolution;

/// The side of the square that is looked at, in samples.
pub const SIDE: usize = 32;

/// The filters of the convolutions: multiples of what registers hold.
const FILTERS: [usize; 3] = [16, 32, 48];

/// The convolutions, in order.
pub const CONVOLUTIONS: [Convolution; 3] = {
    let first = Convolution { side: SIDE, channels: 1, filters: FILTERS[0], start: 0 };
    let second = Convolution { side: SIDE / 2, channels: FILTERS[0], filters: FILTERS[1], start: first.end() };
    let third = Convolution { side: SIDE / 4, channels: FILTERS[1], filters: FILTERS[2], start: second.end() };
    [first, second, third]
};

/// Where the weights of the sum start, one for each number of the last convolution; the bias is the last weight.
const SUM: usize = CONVOLUTIONS[2].end();

/// All weights together.
pub const WEIGHTS: usize = SUM + CONVOLUTIONS[2].outputs() + 1;

/// What the convolutions gave, kept for the way back.
#[derive(Clone, Debug, Default)]
pub struct Activations([Vec<f32>; 3]);

/// The weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    weights: Vec<f32>,
}

impl Network {
    /// A network of exactly [`WEIGHTS`] finite weights; otherwise `None`.
    pub fn new(weights: Vec<f32>) -> Option<Self> {
        (weights.len() == WEIGHTS && weights.iter().all(|weight| weight.is_finite())).then_some(Self { weights })
    }

    /// The weights, to be changed in training.
    pub fn weights_mut(&mut self) -> &mut [f32] {
        &mut self.weights
    }

    /// The weights: those of each convolution, those of the sum, its bias.
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// The log-odds, before calibration, that [`standardised`] samples show the subject.
    #[allow(unsafe_code, reason = "several times as fast")]
    pub fn answer(&self, samples: &[f32], activations: &mut Activations) -> f32 {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2.
            return unsafe { self.forward_avx2(samples, activations) };
        }
        self.forward(samples, activations)
    }

    /// In registers of 256 bits. The order of operations, and so every bit, is the same.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn forward_avx2(&self, samples: &[f32], activations: &mut Activations) -> f32 {
        self.forward(samples, activations)
    }

    #[inline(always)]
    fn forward(&self, samples: &[f32], activations: &mut Activations) -> f32 {
        let [first, second, third] = &mut activations.0;
        CONVOLUTIONS[0].forward::<{ FILTERS[0] }>(&self.weights, samples, first);
        CONVOLUTIONS[1].forward::<{ FILTERS[1] }>(&self.weights, first, second);
        CONVOLUTIONS[2].forward::<{ FILTERS[2] }>(&self.weights, second, third);
        let (weights, bias) = self.weights[SUM..].split_at(third.len());
        weights.iter().zip(third).fold(bias[0], |sum, (weight, value)| sum + weight * *value)
    }

    /// Adds to `sums` the gradient of what [`Self::answer`] has just given, times `slope`.
    #[allow(unsafe_code, reason = "several times as fast")]
    pub fn backward(&self, samples: &[f32], activations: &Activations, slope: f32, sums: &mut [f32]) {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2.
            return unsafe { self.back_avx2(samples, activations, slope, sums) };
        }
        self.back(samples, activations, slope, sums);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn back_avx2(&self, samples: &[f32], activations: &Activations, slope: f32, sums: &mut [f32]) {
        self.back(samples, activations, slope, sums);
    }

    #[inline(always)]
    fn back(&self, samples: &[f32], activations: &Activations, slope: f32, sums: &mut [f32]) {
        let [first, second, third] = &activations.0;
        let (weight_sums, bias_sum) = sums[SUM..].split_at_mut(third.len());
        weight_sums.iter_mut().zip(third).for_each(|(sum, value)| *sum += slope * value);
        bias_sum[0] += slope;
        let mut back: Vec<f32> = self.weights[SUM..][..third.len()].iter().map(|weight| slope * weight).collect();
        let mut back = CONVOLUTIONS[2].backward::<{ FILTERS[2] }>(&self.weights, second, third, &mut back, sums);
        let mut back = CONVOLUTIONS[1].backward::<{ FILTERS[1] }>(&self.weights, first, second, &mut back, sums);
        CONVOLUTIONS[0].backward::<{ FILTERS[0] }>(&self.weights, samples, first, &mut back, sums);
    }
}

/// Samples less their mean, over their deviation: light and contrast no longer matter.
pub fn standardised(pixels: &[u8; SIDE * SIDE]) -> [f32; SIDE * SIDE] {
    // Whole-number sums, so that no order of summing shows.
    let count = (SIDE * SIDE) as u64;
    let sum: u64 = pixels.iter().map(|pixel| u64::from(*pixel)).sum();
    let squares: u64 = pixels.iter().map(|pixel| u64::from(*pixel).pow(2)).sum();
    let mean = sum as f32 / count as f32;
    // One level more, or a plain wall would become all noise.
    let deviation = ((count * squares - sum * sum) as f32).sqrt() / count as f32 + 1.0;
    pixels.map(|pixel| (f32::from(pixel) - mean) / deviation)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network() -> Network {
        let weight = |i: usize| ((i * 7919 % 1009) as f32 / 1009.0 - 0.5) * 0.4;
        Network::new((0..WEIGHTS).map(weight).collect()).unwrap()
    }

    fn samples() -> [f32; SIDE * SIDE] {
        standardised(&std::array::from_fn(|i| (i * i / 3 % 251) as u8))
    }

    #[test]
    fn the_way_back_agrees_with_finite_differences() {
        let (mut network, samples, mut activations) = (network(), samples(), Activations::default());
        network.answer(&samples, &mut activations);
        let mut sums = vec![0.0; WEIGHTS];
        network.backward(&samples, &activations, 1.0, &mut sums);
        for index in (0..WEIGHTS).step_by(97).chain([WEIGHTS - 1]) {
            let step = 2e-4;
            let mut at = |change: f32| {
                network.weights[index] += change;
                network.answer(&samples, &mut activations)
            };
            let above = at(step);
            let below = at(-2.0 * step);
            at(step);
            let expected = (above - below) / (2.0 * step);
            let tolerance = 0.05 * expected.abs().max(0.5);
            assert!((sums[index] - expected).abs() < tolerance, "{index}: {} and {expected}", sums[index]);
        }
    }

    #[test]
    fn light_and_contrast_do_not_matter_and_a_wall_is_nothing() {
        let dim: [u8; SIDE * SIDE] = std::array::from_fn(|i| (i % 100) as u8);
        let (a, b) = (standardised(&dim), standardised(&dim.map(|pixel| 2 * pixel + 40)));
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 0.1));
        assert!(standardised(&[90; SIDE * SIDE]).iter().all(|sample| *sample == 0.0));
    }

    #[test]
    fn only_whole_and_finite_networks_are_made() {
        assert_eq!(Network::new(vec![0.0; WEIGHTS - 1]), None);
        assert_eq!(Network::new(vec![f32::NAN; WEIGHTS]), None);
    }
}
