//! The network: five convolutions of 3 × 3, and weighted sums of what they give.

#[cfg(target_arch = "x86_64")]
use super::vector::{Avx2, Avx512};
use super::{
    convolution::{Convolution, VALUES},
    vector::{Portable, Vector},
};

/// The side of the square that is looked at, in samples.
pub const SIDE: usize = 32;

/// Red, green and blue.
pub const CHANNELS: usize = 3;

/// What the network says of a square: see [`Look`].
pub const OUTPUTS: usize = 5;

/// Filters and stride of the convolutions. Filters are 16, or a multiple of 32: what registers hold.
const LAYERS: [(usize, usize); 5] = [(16, 2), (32, 2), (32, 1), (64, 2), (64, 1)];

/// The convolutions, in order.
pub const CONVOLUTIONS: [Convolution; LAYERS.len()] = {
    let mut layers = [Convolution { side: SIDE, channels: CHANNELS, filters: 0, stride: 1, start: 0 }; LAYERS.len()];
    let mut index = 0;
    while index < LAYERS.len() {
        if index > 0 {
            let before = layers[index - 1];
            layers[index].side = before.output_side();
            layers[index].channels = before.filters;
            layers[index].start = before.end();
        }
        (layers[index].filters, layers[index].stride) = LAYERS[index];
        index += 1;
    }
    layers
};

const LAST: Convolution = CONVOLUTIONS[LAYERS.len() - 1];

/// How many numbers the sums weigh: what the last convolution gives, without its border.
pub const FEATURES: usize = LAST.output_side() * LAST.output_side() * LAST.filters;

/// Where the weights of the sums start, \[output\]\[row\]\[column\]\[filter\]; then come their biases.
pub const SUMS: usize = LAST.end();

/// All weights together.
pub const WEIGHTS: usize = SUMS + OUTPUTS * (FEATURES + 1);

/// How many products are summed side by side.
const LANES: usize = 16;

/// What the network takes: [`standardised`] samples, \[row\]\[column\]\[channel\].
pub type Samples = [f32; SIDE * SIDE * CHANNELS];

/// What the network says of a square that it looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Look {
    /// The log-odds, before calibration, that it frames the subject.
    pub answer: f32,
    /// How far to the right of the square's middle the subject's is, as a share of the square's side, along its upper edge.
    pub right: f32,
    /// How far below.
    pub down: f32,
    /// The logarithm of the subject's side over the square's.
    pub size: f32,
    /// How far the subject is turned from the square, clockwise, in radians.
    pub turn: f32,
}

impl From<[f32; OUTPUTS]> for Look {
    fn from([answer, right, down, size, turn]: [f32; OUTPUTS]) -> Self {
        Self { answer, right, down, size, turn }
    }
}

/// What goes in and what the convolutions give, with the borders: memory that is used again and again, and the way back needs it.
#[derive(Clone, Debug)]
pub struct Activations {
    planes: Vec<Vec<f32>>,
    /// Factors of the features: what dropout leaves.
    kept: Vec<f32>,
}

impl Default for Activations {
    fn default() -> Self {
        let outputs = CONVOLUTIONS.iter().map(Convolution::output_length);
        let planes = std::iter::once((SIDE + 2) * (SIDE + 2) * CHANNELS).chain(outputs);
        Self { planes: planes.map(|length| vec![0.0; length]).collect(), kept: vec![1.0; FEATURES] }
    }
}

impl Activations {
    /// Multiplies the features by factors from now on, as dropout does.
    pub fn keep(&mut self, factor: impl FnMut() -> f32) {
        self.kept.fill_with(factor);
    }

    fn enter(&mut self, samples: &Samples) {
        let rows = self.planes[0].chunks_exact_mut((SIDE + 2) * CHANNELS).skip(1);
        for (row, samples) in rows.zip(samples.chunks_exact(SIDE * CHANNELS)) {
            row[CHANNELS..][..SIDE * CHANNELS].copy_from_slice(samples);
        }
    }

    /// The features by rows: where each starts in the last plane.
    fn feature_rows() -> impl Iterator<Item = std::ops::Range<usize>> {
        let (side, filters) = (LAST.output_side(), LAST.filters);
        (1..=side).map(move |y| (y * (side + 2) + 1) * filters).map(move |start| start..start + side * filters)
    }
}

/// The weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    weights: Vec<f32>,
}

/// The convolutions' weights in the order that the way back reads them in.
pub struct Transposed(Vec<Vec<f32>>);

impl Network {
    /// A network of exactly [`WEIGHTS`] finite weights; otherwise `None`.
    pub fn new(weights: Vec<f32>) -> Option<Self> {
        (weights.len() == WEIGHTS && weights.iter().all(|weight| weight.is_finite())).then_some(Self { weights })
    }

    /// The weights, to be changed in training.
    pub fn weights_mut(&mut self) -> &mut [f32] {
        &mut self.weights
    }

    /// The weights: those of each convolution, those of the sums, their biases.
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// The weights for [`Self::backward`].
    pub fn transposed(&self) -> Transposed {
        Transposed(CONVOLUTIONS.iter().map(|layer| layer.transposed(&self.weights)).collect())
    }

    /// What the network says of [`standardised`] samples.
    #[allow(unsafe_code, reason = "several times as fast")]
    pub fn look(&self, samples: &Samples, activations: &mut Activations) -> Look {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                // SAFETY: the processor has AVX-512 F.
                return unsafe { self.forward_avx512(samples, activations) };
            }
            if is_x86_feature_detected!("avx2") {
                // SAFETY: the processor has AVX2.
                return unsafe { self.forward_avx2(samples, activations) };
            }
        }
        self.forward::<Portable>(samples, activations)
    }

    /// In registers of 512 bits. The order of operations, and so every bit, is the same.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f")]
    fn forward_avx512(&self, samples: &Samples, activations: &mut Activations) -> Look {
        self.forward::<Avx512>(samples, activations)
    }

    /// In registers of 256 bits.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn forward_avx2(&self, samples: &Samples, activations: &mut Activations) -> Look {
        self.forward::<Avx2>(samples, activations)
    }

    #[inline(always)]
    fn forward<V: Vector>(&self, samples: &Samples, activations: &mut Activations) -> Look {
        activations.enter(samples);
        for (index, layer) in CONVOLUTIONS.iter().enumerate() {
            let (before, after) = activations.planes.split_at_mut(index + 1);
            if layer.filters < 2 * V::LANES {
                layer.forward::<V, 1>(&self.weights, &before[index], &mut after[0]);
            } else {
                layer.forward::<V, 2>(&self.weights, &before[index], &mut after[0]);
            }
        }
        let features = &activations.planes[CONVOLUTIONS.len()];
        let (weights, biases) = self.weights[SUMS..].split_at(OUTPUTS * FEATURES);
        let mut outputs = [0.0; OUTPUTS];
        for ((output, weights), bias) in outputs.iter_mut().zip(weights.chunks_exact(FEATURES)).zip(biases) {
            let mut sums = [0.0; LANES];
            let rows = weights.chunks_exact(FEATURES / LAST.output_side());
            let kept = activations.kept.chunks_exact(FEATURES / LAST.output_side());
            for ((row, weights), kept) in Activations::feature_rows().zip(rows).zip(kept) {
                let (features, weights) = (features[row].as_chunks::<LANES>().0, weights.as_chunks::<LANES>().0);
                for ((features, weights), kept) in features.iter().zip(weights).zip(kept.as_chunks::<LANES>().0) {
                    (0..LANES).for_each(|lane| sums[lane] += features[lane] * kept[lane] * weights[lane]);
                }
            }
            *output = bias + sums.iter().sum::<f32>();
        }
        outputs.into()
    }

    /// Adds to `sums` the gradient of what [`Self::look`] has just given, each output's times its slope.
    #[allow(unsafe_code, reason = "several times as fast")]
    pub fn backward(
        &self,
        transposed: &Transposed,
        activations: &Activations,
        slopes: [f32; OUTPUTS],
        sums: &mut [f32],
    ) {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                // SAFETY: the processor has AVX-512 F.
                return unsafe { self.back_avx512(transposed, activations, slopes, sums) };
            }
            if is_x86_feature_detected!("avx2") {
                // SAFETY: the processor has AVX2.
                return unsafe { self.back_avx2(transposed, activations, slopes, sums) };
            }
        }
        self.back::<Portable>(transposed, activations, slopes, sums);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f")]
    fn back_avx512(
        &self,
        transposed: &Transposed,
        activations: &Activations,
        slopes: [f32; OUTPUTS],
        sums: &mut [f32],
    ) {
        self.back::<Avx512>(transposed, activations, slopes, sums);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn back_avx2(&self, transposed: &Transposed, activations: &Activations, slopes: [f32; OUTPUTS], sums: &mut [f32]) {
        self.back::<Avx2>(transposed, activations, slopes, sums);
    }

    #[inline(always)]
    fn back<V: Vector>(
        &self,
        transposed: &Transposed,
        activations: &Activations,
        slopes: [f32; OUTPUTS],
        sums: &mut [f32],
    ) {
        let features = &activations.planes[CONVOLUTIONS.len()];
        let mut back = vec![0.0; features.len()];
        let row_length = FEATURES / LAST.output_side();
        for (output, slope) in slopes.into_iter().enumerate().filter(|(_, slope)| *slope != 0.0) {
            for (y, row) in Activations::feature_rows().enumerate() {
                let (at, kept) = (SUMS + output * FEATURES + y * row_length, &activations.kept[y * row_length..]);
                let weights = &self.weights[at..][..row_length];
                let sums = &mut sums[at..][..row_length];
                let (features, back) = (&features[row.clone()], &mut back[row]);
                for index in 0..row_length {
                    let slope = slope * kept[index];
                    sums[index] += slope * features[index];
                    back[index] += slope * weights[index];
                }
            }
            sums[SUMS + OUTPUTS * FEATURES + output] += slope;
        }
        for (index, layer) in CONVOLUTIONS.iter().enumerate().rev() {
            let (input, output) = (&activations.planes[index], &activations.planes[index + 1]);
            Convolution::through_relu(output, &mut back);
            if layer.filters < 2 * V::LANES {
                layer.weight_gradients::<V, 1>(input, &back, sums);
            } else {
                layer.weight_gradients::<V, 2>(input, &back, sums);
            }
            if index > 0 {
                let mut further = vec![0.0; input.len()];
                if V::LANES == VALUES / 3 {
                    layer.input_gradients::<V, 3>(&transposed.0[index], &back, &mut further);
                } else {
                    layer.input_gradients::<V, 6>(&transposed.0[index], &back, &mut further);
                }
                back = further;
            }
        }
    }
}

/// Samples less their mean, over their deviation, of all channels together: light and contrast no longer matter.
pub fn standardised(pixels: &[[u8; CHANNELS]; SIDE * SIDE]) -> Samples {
    // Whole-number sums, so that no order of summing shows.
    let pixels = pixels.as_flattened();
    let count = pixels.len() as u64;
    let sum: u64 = pixels.iter().map(|pixel| u64::from(*pixel)).sum();
    let squares: u64 = pixels.iter().map(|pixel| u64::from(*pixel).pow(2)).sum();
    let mean = sum as f32 / count as f32;
    // One level more, or a plain wall would become all noise.
    let deviation = ((count * squares - sum * sum) as f32).sqrt() / count as f32 + 1.0;
    std::array::from_fn(|index| (f32::from(pixels[index]) - mean) / deviation)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network() -> Network {
        let weight = |i: usize| ((i * 7919 % 1009) as f32 / 1009.0 - 0.5) * 0.2;
        Network::new((0..WEIGHTS).map(weight).collect()).unwrap()
    }

    fn samples() -> Samples {
        standardised(&std::array::from_fn(|i| [0, 1, 2].map(|channel| ((i * i / 3 + 57 * channel) % 251) as u8)))
    }

    #[test]
    fn the_way_back_agrees_with_finite_differences() {
        let (mut network, samples, mut activations) = (network(), samples(), Activations::default());
        let mut index = 0;
        activations.keep(|| {
            index += 1;
            if index % 5 == 0 { 0.0 } else { 1.25 }
        });
        network.look(&samples, &mut activations);
        let slopes = [1.0, -0.5, 0.25, 0.0, 2.0];
        let mut sums = vec![0.0; WEIGHTS];
        network.backward(&network.transposed(), &activations, slopes, &mut sums);
        for index in (0..WEIGHTS).step_by(197).chain([WEIGHTS - 1]) {
            let step = 1e-3;
            let mut at = |change: f32| {
                network.weights[index] += change;
                let look = network.look(&samples, &mut activations);
                look.answer - 0.5 * look.right + 0.25 * look.down + 2.0 * look.turn
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
    fn looks_are_pytorch_s() {
        // By tests/oracles/judge.py.
        let expected = [-0.0645, 2.7481, -0.62033, -2.43713, 1.16415];
        let look = network().look(&samples(), &mut Activations::default());
        for (found, expected) in [look.answer, look.right, look.down, look.size, look.turn].iter().zip(expected) {
            assert!((found - expected).abs() < 1e-4, "{look:?}");
        }
    }

    #[test]
    fn registers_of_every_width_give_the_same_bits() {
        let (network, samples) = (network(), samples());
        let expected = network.forward::<Portable>(&samples, &mut Activations::default());
        assert_eq!(network.look(&samples, &mut Activations::default()), expected);
        let gradient = |back: &dyn Fn(&Activations, &mut [f32])| {
            let (mut activations, mut sums) = (Activations::default(), vec![0.0; WEIGHTS]);
            network.look(&samples, &mut activations);
            back(&activations, &mut sums);
            sums
        };
        let transposed = network.transposed();
        let widest = gradient(&|activations, sums| network.backward(&transposed, activations, [1.0; OUTPUTS], sums));
        assert!(
            widest
                == gradient(&|activations, sums| network.back::<Portable>(
                    &transposed,
                    activations,
                    [1.0; OUTPUTS],
                    sums
                ))
        );
    }

    #[test]
    fn light_and_contrast_do_not_matter_and_a_wall_is_nothing() {
        let dim: [[u8; CHANNELS]; SIDE * SIDE] = std::array::from_fn(|i| [i % 100, i % 50, 7].map(|v| v as u8));
        let (a, b) = (standardised(&dim), standardised(&dim.map(|pixel| pixel.map(|v| 2 * v + 40))));
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 0.1));
        assert!(standardised(&[[90; CHANNELS]; SIDE * SIDE]).iter().all(|sample| *sample == 0.0));
    }

    #[test]
    fn only_whole_and_finite_networks_are_made() {
        assert_eq!(Network::new(vec![0.0; WEIGHTS - 1]), None);
        assert_eq!(Network::new(vec![f32::NAN; WEIGHTS]), None);
    }
}
