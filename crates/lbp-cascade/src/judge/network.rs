//! The network: three convolutions of 3 × 3, each halving the sides, and a weighted sum of what they give.

/// The side of the square that is looked at, in samples.
pub const SIDE: usize = 32;

/// What is left of a negative activation: leaky ReLU.
pub const SLOPE: f32 = 0.1;

/// One convolution: 3 × 3, stride 2, a border of zeros one wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Convolution {
    /// The side of what goes in; half of that comes out.
    pub side: usize,
    /// Channels in.
    pub channels: usize,
    /// Channels out.
    pub filters: usize,
    /// Where its weights start: \[row\]\[column\]\[channel\]\[filter\], then a bias a filter.
    pub start: usize,
}

/// The convolutions, in order.
pub const CONVOLUTIONS: [Convolution; 3] = [
    Convolution { side: SIDE, channels: 1, filters: 12, start: 0 },
    Convolution { side: SIDE / 2, channels: 12, filters: 24, start: 120 },
    Convolution { side: SIDE / 4, channels: 24, filters: 32, start: 2736 },
];

/// Where the weights of the sum start, one for each number of the last convolution; the bias is the last weight.
const SUM: usize = CONVOLUTIONS[2].end();

/// All weights together.
pub const WEIGHTS: usize = SUM + CONVOLUTIONS[2].outputs() + 1;

const _: () = assert!(CONVOLUTIONS[1].start == CONVOLUTIONS[0].end() && CONVOLUTIONS[2].start == CONVOLUTIONS[1].end());

impl Convolution {
    /// How many numbers come out: \[row\]\[column\]\[filter\].
    pub const fn outputs(&self) -> usize {
        self.side / 2 * (self.side / 2) * self.filters
    }

    const fn taps(&self) -> usize {
        9 * self.channels * self.filters
    }

    const fn end(&self) -> usize {
        self.start + self.taps() + self.filters
    }

    /// For every place of the output and every tap inside the input: output place, input place, tap.
    fn each_tap(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let half = self.side / 2;
        for place in 0..half * half {
            for tap in 0..9 {
                // One is taken away for the border; what wraps around lies outside on the other side.
                let (y, x) =
                    ((place / half * 2 + tap / 3).wrapping_sub(1), (place % half * 2 + tap % 3).wrapping_sub(1));
                if y < self.side && x < self.side {
                    visit(place, y * self.side + x, tap);
                }
            }
        }
    }

    fn forward(&self, weights: &[f32], input: &[f32], output: &mut Vec<f32>) {
        let (taps, biases) = weights[self.start..self.end()].split_at(self.taps());
        output.clear();
        (0..self.side / 2 * (self.side / 2)).for_each(|_| output.extend_from_slice(biases));
        self.each_tap(|place, from, tap| {
            let out = &mut output[place * self.filters..][..self.filters];
            for (channel, value) in input[from * self.channels..][..self.channels].iter().enumerate() {
                let row = &taps[(tap * self.channels + channel) * self.filters..][..self.filters];
                // A product, then a sum, never fused: every processor gives the same bits.
                out.iter_mut().zip(row).for_each(|(out, weight)| *out += value * weight);
            }
        });
        output.iter_mut().for_each(|value| *value = value.max(*value * SLOPE));
    }

    /// From the gradient of the output to those of the weights, added, and of the input.
    fn backward(&self, weights: &[f32], input: &[f32], output: &[f32], back: &mut [f32], sums: &mut [f32]) -> Vec<f32> {
        back.iter_mut().zip(output).filter(|(_, out)| **out < 0.0).for_each(|(back, _)| *back *= SLOPE);
        let taps = &weights[self.start..][..self.taps()];
        let (tap_sums, bias_sums) = sums[self.start..self.end()].split_at_mut(self.taps());
        for place in back.chunks_exact(self.filters) {
            bias_sums.iter_mut().zip(place).for_each(|(sum, back)| *sum += back);
        }
        let mut further = vec![0.0; input.len()];
        self.each_tap(|place, from, tap| {
            let back = &back[place * self.filters..][..self.filters];
            for channel in 0..self.channels {
                let at = (tap * self.channels + channel) * self.filters;
                let value = input[from * self.channels + channel];
                tap_sums[at..][..self.filters].iter_mut().zip(back).for_each(|(sum, back)| *sum += value * back);
                let row = &taps[at..][..self.filters];
                further[from * self.channels + channel] += row.iter().zip(back).map(|(w, back)| w * back).sum::<f32>();
            }
        });
        further
    }
}

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
    pub fn answer(&self, samples: &[f32], activations: &mut Activations) -> f32 {
        let [first, second, third] = &mut activations.0;
        CONVOLUTIONS[0].forward(&self.weights, samples, first);
        CONVOLUTIONS[1].forward(&self.weights, first, second);
        CONVOLUTIONS[2].forward(&self.weights, second, third);
        let (weights, bias) = self.weights[SUM..].split_at(third.len());
        weights.iter().zip(third).fold(bias[0], |sum, (weight, value)| sum + weight * *value)
    }

    /// Adds to `sums` the gradient of what [`Self::answer`] has just given, times `slope`.
    pub fn backward(&self, samples: &[f32], activations: &Activations, slope: f32, sums: &mut [f32]) {
        let [first, second, third] = &activations.0;
        let (weight_sums, bias_sum) = sums[SUM..].split_at_mut(third.len());
        weight_sums.iter_mut().zip(third).for_each(|(sum, value)| *sum += slope * value);
        bias_sum[0] += slope;
        let mut back: Vec<f32> = self.weights[SUM..][..third.len()].iter().map(|weight| slope * weight).collect();
        let mut back = CONVOLUTIONS[2].backward(&self.weights, second, third, &mut back, sums);
        let mut back = CONVOLUTIONS[1].backward(&self.weights, first, second, &mut back, sums);
        CONVOLUTIONS[0].backward(&self.weights, samples, first, &mut back, sums);
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
