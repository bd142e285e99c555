//! The 1 × 1 convolutions between colours and features.

use burn::{
    module::Module,
    nn::{
        Initializer,
        conv::{Conv2d, Conv2dConfig},
    },
    tensor::{Device, Tensor},
};

use crate::operators::Operators;

/// A linear map of each pixel's channels, with a bias: an end of a residual network.
#[derive(Module, Debug)]
pub(crate) struct ColorLayer {
    color: Conv2d,
}

impl ColorLayer {
    /// Features to colours, or colours to features.
    pub(crate) fn new(channels: [usize; 2], device: &Device) -> Self {
        Self { color: Conv2dConfig::new(channels, [1, 1]).with_initializer(Initializer::Zeros).init(device) }
    }

    /// Applies the map and its bias.
    pub(crate) fn forward(&self, operators: Operators, features: Tensor<4>) -> Tensor<4> {
        // Slope 1 is no activation: the pass that adds biases sums their gradients as well.
        operators.convolve_and_rectify(&self.color, features, 1.0)
    }

    /// Applies the map alone.
    pub(crate) fn tangent(&self, operators: Operators, change: Tensor<4>) -> Tensor<4> {
        operators.convolve_linearly(&self.color, change)
    }
}
