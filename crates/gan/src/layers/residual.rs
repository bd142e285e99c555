//! A residual block without normalization, and the resampling beside it: Huang et al., "The GAN is dead; long live the
//! GAN! A modern baseline GAN" (2024), section 3.

use burn::{
    module::Module,
    nn::{
        Initializer, PaddingConfig2d,
        conv::{Conv2d, Conv2dConfig},
    },
    tensor::{Device, Tensor},
};

use crate::{architecture::Architecture, operators::Operators};

/// The slope of LeakyReLU below zero, in both networks.
const NEGATIVE_SLOPE: f64 = 0.2;

/// What a layer does to the side of its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resample {
    /// Doubles it, then computes the block.
    Up,
    /// Computes the block, then halves it.
    Down,
    /// Leaves it.
    None,
}

/// `y = x + expand(σ(spatial(σ(reduce(x)))))`: a 3 × 3 convolution between two of 1 × 1, at half of the channels, which
/// costs a fifth of two whole 3 × 3 ones, and less in groups. σ is leaky ReLU.
///
/// Before the block where the layer doubles the side, and after it where it halves one, a 1 × 1 convolution changes the
/// number of channels, at the smaller of the two sides.
#[derive(Module, Debug)]
pub(crate) struct ResidualLayer {
    reduce: Conv2d,
    spatial: Conv2d,
    /// Begins at zero, so that the block begins as nothing: there is no norm to hold its scale.
    expand: Conv2d,
    /// Where the numbers of channels differ.
    project: Option<Conv2d>,
    #[module(skip)]
    resample: Resample,
}

impl ResidualLayer {
    /// A layer from `channels[0]` to `channels[1]`; the block has the finer side's channels.
    pub(crate) fn new(architecture: &Architecture, channels: [usize; 2], resample: Resample, device: &Device) -> Self {
        let [from, to] = channels;
        let width = if resample == Resample::Down { from } else { to };
        let hidden = Architecture::hidden_channels(width);
        let spatial = config([hidden, hidden], 3, true).with_groups(architecture.groups as usize);
        Self {
            reduce: config([width, hidden], 1, true).init(device),
            spatial: spatial.init(device),
            expand: config([hidden, width], 1, false).init(device),
            project: (from != to).then(|| config(channels, 1, false).init(device)),
            resample,
        }
    }

    /// Features to the next stage's.
    pub(crate) fn forward(&self, operators: Operators, features: Tensor<4>) -> Tensor<4> {
        match self.resample {
            Resample::Up => self.block(operators, operators.upsample(self.projected(operators, features))),
            Resample::Down => self.projected(operators, operators.downsample(self.block(operators, features))),
            Resample::None => self.block(operators, self.projected(operators, features)),
        }
    }

    fn projected(&self, operators: Operators, features: Tensor<4>) -> Tensor<4> {
        match &self.project {
            Some(project) => operators.convolve(project, features),
            None => features,
        }
    }

    fn block(&self, operators: Operators, features: Tensor<4>) -> Tensor<4> {
        let hidden = operators.convolve_and_rectify(&self.reduce, features.clone(), NEGATIVE_SLOPE);
        let hidden = operators.convolve_and_rectify(&self.spatial, hidden, NEGATIVE_SLOPE);
        features + operators.convolve(&self.expand, hidden)
    }

    /// The layer's output, by the weights of `frozen`, and what this layer's weights make of a small change of its input.
    ///
    /// For halving layers, which discriminators have.
    pub(crate) fn tangent(
        &self,
        frozen: &Self,
        operators: Operators,
        features: Tensor<4>,
        change: Tensor<4>,
    ) -> (Tensor<4>, Tensor<4>) {
        let hidden = operators.convolve_and_rectify(&frozen.reduce, features.clone(), NEGATIVE_SLOPE);
        let moved = operators.convolve_linearly(&self.reduce, change.clone());
        let moved = moved.mul(Operators::slopes(&hidden, NEGATIVE_SLOPE));
        let hidden = operators.convolve_and_rectify(&frozen.spatial, hidden, NEGATIVE_SLOPE);
        let moved = operators.convolve_linearly(&self.spatial, moved);
        let moved = moved.mul(Operators::slopes(&hidden, NEGATIVE_SLOPE));
        let features = features + operators.convolve(&frozen.expand, hidden);
        let change = change + operators.convolve_linearly(&self.expand, moved);
        match self.resample {
            Resample::Down => (
                frozen.projected(operators, operators.downsample(features)),
                self.projected(operators, operators.downsample(change)),
            ),
            Resample::Up | Resample::None => (features, change),
        }
    }
}

/// A convolution that keeps the side, its weights zero.
fn config(channels: [usize; 2], kernel: usize, bias: bool) -> Conv2dConfig {
    let padding = kernel / 2;
    Conv2dConfig::new(channels, [kernel, kernel])
        .with_padding(PaddingConfig2d::Explicit(padding, padding, padding, padding))
        .with_bias(bias)
        .with_initializer(Initializer::Zeros)
}
