//! A generator layer that repeats pixels and convolves: no kernel meets some pixels more often than others.

use burn::{
    module::Module,
    nn::{
        BatchNorm, BatchNormConfig, Initializer, PaddingConfig2d,
        conv::{Conv2d, Conv2dConfig},
    },
    tensor::{Device, Tensor},
};

use crate::{architecture::Architecture, operators::Operators};

/// Whether a layer enlarges what it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Enlarge {
    /// Each pixel is repeated 2 × 2 before the convolution.
    Twice,
    /// The side stays.
    Not,
}

/// A convolution of stride 1, BatchNorm and ReLU, after nearest-neighbour upsampling where it enlarges.
#[derive(Module, Debug)]
pub(crate) struct UpsampledLayer {
    pub(crate) conv: Conv2d,
    pub(crate) norm: Option<BatchNorm>,
    #[module(skip)]
    enlarge: Enlarge,
}

impl UpsampledLayer {
    /// A hidden layer, from `[_, channels[0], n, n]` to `[_, channels[1], 2n, 2n]`.
    pub(crate) fn hidden(architecture: &Architecture, channels: [usize; 2], device: &Device) -> Self {
        let conv = same_conv(architecture, channels, architecture.has_biases(), device);
        let norm = architecture.is_normalized().then(|| BatchNormConfig::new(channels[1]).init(device));
        Self { conv, norm, enlarge: Enlarge::Twice }
    }

    /// The last layer, from `[_, channels, side, side]` to colours. It has a bias, which nothing takes away again:
    /// samples' mean colour is not grey.
    pub(crate) fn to_rgb(architecture: &Architecture, channels: usize, device: &Device) -> Self {
        Self { conv: same_conv(architecture, [channels, 3], true, device), norm: None, enlarge: Enlarge::Not }
    }

    /// The layer's features after BatchNorm, where it has one, and ReLU.
    pub(crate) fn forward(&self, operators: Operators, features: Tensor<4>) -> Tensor<4> {
        match (&self.norm, self.enlarge) {
            (None, Enlarge::Twice) => operators.convolve_upsampled_and_rectify(&self.conv, features, 0.0),
            (norm, _) => operators.normalize_and_rectify(norm.as_ref(), self.convolve(operators, features), 0.0),
        }
    }

    /// The convolution alone, of the enlarged input where it enlarges.
    pub(crate) fn convolve(&self, operators: Operators, features: Tensor<4>) -> Tensor<4> {
        match self.enlarge {
            Enlarge::Twice => operators.convolve_upsampled(&self.conv, features),
            Enlarge::Not => operators.convolve(&self.conv, features),
        }
    }
}

/// A convolution that keeps the side, its weights zero.
fn same_conv(architecture: &Architecture, channels: [usize; 2], bias: bool, device: &Device) -> Conv2d {
    let kernel = architecture.kernel as usize;
    let padding = kernel / 2;
    Conv2dConfig::new(channels, [kernel, kernel])
        .with_padding(PaddingConfig2d::Explicit(padding, padding, padding, padding))
        .with_bias(bias)
        .with_initializer(Initializer::Zeros)
        .init(device)
}
