//! A convolution network with random weights: features without a download.
//!
//! Random filters answer to contrast, edges and their arrangement at each scale, which suffices to put sets of images in
//! order (`tests/ranking.rs` holds it to that). Its distances mean nothing beside those of another network.

use rayon::prelude::*;

use crate::{
    MetricError,
    convolution::Convolution,
    dead_leaves,
    features::Features,
    images::Images,
    kernel::Kernel,
    network::Tensor,
    random::{Philox, Stream},
    resize,
};

/// The network's version: another means other features, and figures that cannot be compared. History: 1, the first.
pub const RANDOM_NETWORK_VERSION: u32 = 1;

/// What every image is resized to.
const SIDE: usize = 64;

/// The channels of each layer; the first keeps the side, each other halves it.
const CHANNELS: [usize; 5] = [16, 32, 64, 96, 96];

/// Added to a channel's mean before its logarithm is taken: a twentieth of what it deviates by, so that silence is finite.
const FLOOR: f32 = 0.05;

/// Pictures on which the network is scaled: enough for variances to be right within some percent.
const SCALING_PICTURES: usize = 64;

/// The network: convolutions of 3 × 3 with ReLU, whose channels' means over the image, layer by layer, are the features.
///
/// They are taken as logarithms: blur and noise multiply what filters answer, and a little noise shows in smooth images
/// only where small answers count as much as large ones.
#[derive(Clone, Debug)]
pub struct RandomNetwork {
    layers: Vec<Convolution>,
    /// Each feature's mean and deviation over the pictures of scaling.
    moments: Vec<(f64, f64)>,
}

impl RandomNetwork {
    /// The network of [`RANDOM_NETWORK_VERSION`].
    pub fn new() -> Self {
        Self::with_seed(u64::from(RANDOM_NETWORK_VERSION))
    }

    /// A network with other weights, for tests of how little depends on them.
    pub fn with_seed(seed: u64) -> Self {
        let mut activations: Vec<Tensor> =
            (0..SCALING_PICTURES).into_par_iter().map(|index| input(dead_leaves::picture(SIDE, index))).collect();
        let mut pooled = vec![Vec::new(); SCALING_PICTURES];
        let mut layers = Vec::new();
        for (index, outputs) in CHANNELS.into_iter().enumerate() {
            let mut layer = random_layer(index, activations[0].channels, outputs, seed);
            let answers: Vec<_> = activations.par_iter().map(|tensor| layer.forward(tensor)).collect();
            standardize(&mut layer, &answers);
            activations = activations.par_iter().map(|tensor| rectify(layer.forward(tensor))).collect();
            pooled.iter_mut().zip(&activations).for_each(|(pooled, tensor)| pooled.extend(log_means(tensor)));
            layers.push(layer);
        }
        Self { layers, moments: feature_moments(&pooled) }
    }

    /// Numbers that an image becomes.
    pub fn dimensions(&self) -> usize {
        self.moments.len()
    }

    /// The features of images of any one side.
    ///
    /// # Errors
    /// Never for images: their features are finite.
    pub fn features(&self, images: &Images) -> Result<Features, MetricError> {
        let rows: Vec<_> = images.par_iter().map(|pixels| self.forward(pixels, images.side())).collect();
        Ok(Features::new(self.dimensions(), rows.concat())?.with_kernel(Kernel::Gaussian))
    }

    fn forward(&self, pixels: &[u8], side: usize) -> Vec<f32> {
        let mut tensor = input(resize::triangle(&Tensor::of_pixels(pixels, side), SIDE));
        let mut features = Vec::with_capacity(self.dimensions());
        for layer in &self.layers {
            tensor = rectify(layer.forward(&tensor));
            features.extend(log_means(&tensor));
        }
        // Of mean 0 and deviation 1 where pictures are discs: a kernel distance depends on where zero is and on the scale.
        for (feature, (mean, deviation)) in features.iter_mut().zip(&self.moments) {
            *feature = ((f64::from(*feature) - mean) / deviation) as f32;
        }
        features
    }
}

impl Default for RandomNetwork {
    fn default() -> Self {
        Self::new()
    }
}

/// Grey levels as −1 to 1.
fn input(pixels: Tensor) -> Tensor {
    pixels.map(|value| value / 127.5 - 1.0)
}

/// The logarithm of each channel's mean.
fn log_means(tensor: &Tensor) -> impl Iterator<Item = f32> {
    tensor.channel_means().into_iter().map(|mean| (mean + FLOOR).ln())
}

fn rectify(tensor: Tensor) -> Tensor {
    tensor.map(|value| value.max(0.0))
}

/// Normal weights; every second filter sums to zero over each input, so that it sees edges and no brightness.
fn random_layer(index: usize, inputs: usize, outputs: usize, seed: u64) -> Convolution {
    let mut weights = vec![0.0; outputs * inputs * 9];
    Philox::new(seed, Stream::Weights).fill_normal(index as u64, &mut weights);
    for filter in weights.chunks_exact_mut(inputs * 9).step_by(2) {
        for window in filter.chunks_exact_mut(9) {
            let mean = window.iter().sum::<f32>() / 9.0;
            window.iter_mut().for_each(|weight| *weight -= mean);
        }
    }
    Convolution {
        inputs,
        outputs,
        kernel: [3, 3],
        padding: [1, 1],
        stride: if index == 0 { 1 } else { 2 },
        is_depthwise: false,
        weights,
        bias: vec![0.0; outputs],
    }
}

/// Gives each channel mean 0 and deviation 1 over what it answered.
fn standardize(layer: &mut Convolution, answers: &[Tensor]) {
    let weights_of_each = layer.inputs * 9;
    for channel in 0..layer.outputs {
        let values = || answers.iter().flat_map(move |answer| answer.planes().nth(channel).unwrap_or(&[])).copied();
        let (mean, deviation) = moments(values());
        let weights = &mut layer.weights[channel * weights_of_each..][..weights_of_each];
        weights.iter_mut().for_each(|weight| *weight = (f64::from(*weight) / deviation) as f32);
        layer.bias[channel] = (-mean / deviation) as f32;
    }
}

fn feature_moments(rows: &[Vec<f32>]) -> Vec<(f64, f64)> {
    (0..rows[0].len()).map(|feature| moments(rows.iter().map(|row| row[feature]))).collect()
}

/// Mean and deviation; the latter is 1 for values that are all alike, which cannot be scaled.
fn moments(values: impl Iterator<Item = f32> + Clone) -> (f64, f64) {
    let values = values.map(f64::from);
    let count = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / count;
    let deviation = (values.map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt();
    (mean, if deviation > 1e-6 { deviation } else { 1.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripes(side: usize) -> Images {
        Images::new(side, (0..2 * side * side * 3).map(|i| (i * 7 % 256) as u8).collect()).unwrap()
    }

    #[test]
    fn images_of_any_side_have_features() {
        let network = RandomNetwork::new();
        for side in [32, 64, 96] {
            let features = network.features(&stripes(side)).unwrap();
            assert_eq!((features.len(), features.dimensions()), (2, 304));
        }
    }

    /// What version 1 means: other numbers here need another version.
    #[test]
    fn version_1_stays_what_it_is() {
        let features = RandomNetwork::new().features(&stripes(64)).unwrap();
        let found = [0, 15, 16, 47, 48, 303].map(|index| features.row(0)[index]);
        let expected = [4.3559566, 0.07451363, 7.153719, 1.4361072, 4.949568, 2.3402104];
        let error = found.iter().zip(expected).map(|(a, b): (&f32, f32)| (a - b).abs()).fold(0.0, f32::max);
        assert!(error < 1e-3, "{found:?}");
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| RandomNetwork::new().features(&stripes(64)).unwrap())
        };
        assert_eq!(with(1), with(3));
    }
}
