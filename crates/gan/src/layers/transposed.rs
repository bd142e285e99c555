//! DCGAN's generator layer: a transposed convolution, BatchNorm and ReLU.

use burn::{
    module::{Module, Param},
    nn::{
        BatchNorm, BatchNormConfig, Initializer,
        conv::{ConvTranspose2d, ConvTranspose2dConfig},
    },
    tensor::{Device, Tensor},
};

use super::strided_conv;
use crate::{architecture::Architecture, operators::Operators};

/// A transposed convolution that projects a latent or doubles a side, and what follows it.
#[derive(Module, Debug)]
pub(crate) struct TransposedLayer {
    pub(crate) conv: ConvTranspose2d,
    /// A bias for each output of the projection, where it is a linear layer: `[channels, start, start]`.
    pub(crate) position_bias: Option<Param<Tensor<3>>>,
    pub(crate) norm: Option<BatchNorm>,
}

impl TransposedLayer {
    /// The first layer, from `[_, latent size, 1, 1]` to the coarsest features: a linear map, written as a transposed
    /// convolution.
    pub(crate) fn projection(
        architecture: &Architecture,
        latent_size: usize,
        (channels, start): (usize, usize),
        device: &Device,
    ) -> Self {
        let conv = linear(latent_size, channels, start, device);
        let position_bias =
            architecture.has_biases().then(|| Initializer::Zeros.init([channels, start, start], device));
        let norm = architecture.is_normalized().then(|| BatchNormConfig::new(channels).init(device));
        Self { conv, position_bias, norm }
    }

    /// The first layer of a residual network: the linear map and its biases, which nothing follows.
    pub(crate) fn basis(latent_size: usize, (channels, start): (usize, usize), device: &Device) -> Self {
        let position_bias = Some(Initializer::Zeros.init([channels, start, start], device));
        Self { conv: linear(latent_size, channels, start, device), position_bias, norm: None }
    }

    /// A further layer, from `[_, channels[0], n, n]` to `[_, channels[1], 2n, 2n]`.
    pub(crate) fn upsample_conv(
        architecture: &Architecture,
        channels: [usize; 2],
        normalized: bool,
        device: &Device,
    ) -> Self {
        let kernel = architecture.kernel as usize;
        let conv = strided_conv::upsample_conv(channels, kernel, architecture.has_biases(), device);
        let norm = normalized.then(|| BatchNormConfig::new(channels[1]).init(device));
        Self { conv, position_bias: None, norm }
    }

    /// The layer's features after BatchNorm, where it has one, and ReLU.
    pub(crate) fn forward(&self, operators: Operators, features: Tensor<4>) -> Tensor<4> {
        operators.normalize_and_rectify(self.norm.as_ref(), self.convolve(operators, features), 0.0)
    }

    /// The transposed convolution and its biases alone.
    pub(crate) fn convolve(&self, operators: Operators, features: Tensor<4>) -> Tensor<4> {
        let features = match self.conv.stride {
            [1, 1] => strided_conv::project(operators, &self.conv, features),
            _ => strided_conv::upsample(operators, &self.conv, features),
        };
        match &self.position_bias {
            Some(bias) => features + bias.val().unsqueeze::<4>(),
            None => features,
        }
    }
}

/// A linear map from `[_, latent size, 1, 1]` to `[_, channels, start, start]`, its weights zero.
fn linear(latent_size: usize, channels: usize, start: usize, device: &Device) -> ConvTranspose2d {
    ConvTranspose2dConfig::new([latent_size, channels], [start, start])
        .with_bias(false)
        .with_initializer(Initializer::Zeros)
        .init(device)
}
