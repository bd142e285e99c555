//! DCGAN's discriminator layer: a strided convolution, BatchNorm and leaky ReLU.

use burn::{
    module::Module,
    nn::{BatchNorm, BatchNormConfig, conv::Conv2d},
    tensor::{Device, Tensor},
};

use super::strided_conv;
use crate::{architecture::Architecture, operators::Operators};

/// The slope of LeakyReLU below zero, in every layer of every family.
const NEGATIVE_SLOPE: f64 = 0.2;

/// A convolution that halves a side, and what follows it.
#[derive(Module, Debug)]
pub(crate) struct StridedLayer {
    pub(crate) conv: Conv2d,
    pub(crate) norm: Option<BatchNorm>,
    /// Whether bias and activation are one pass. Not in networks with BatchNorm, whose first layer has a bias in
    /// DCGAN-tensorflow: its gradient is summed as ever there, so that runs keep their bytes.
    #[module(skip)]
    in_one_pass: bool,
}

impl StridedLayer {
    /// From `[_, channels[0], 2n, 2n]` to `[_, channels[1], n, n]`.
    pub(crate) fn new(architecture: &Architecture, channels: [usize; 2], normalized: bool, device: &Device) -> Self {
        let kernel = architecture.kernel as usize;
        let conv = strided_conv::downsample_conv(channels, kernel, architecture.has_biases(), device);
        let norm = normalized.then(|| BatchNormConfig::new(channels[1]).init(device));
        Self { conv, norm, in_one_pass: !architecture.is_normalized() }
    }

    /// The layer's features after BatchNorm, where it has one, and leaky ReLU; of so many batches of one size behind each other, each
    /// with statistics of its own.
    pub(crate) fn forward(&self, operators: Operators, features: Tensor<4>, batches: usize) -> Tensor<4> {
        if self.in_one_pass {
            return operators.convolve_and_rectify(&self.conv, features, NEGATIVE_SLOPE);
        }
        let features = operators.convolve(&self.conv, features);
        operators.normalize_batches_and_rectify(self.norm.as_ref(), features, batches, NEGATIVE_SLOPE)
    }

    /// The layer's output, by the weights of `frozen`, and what this layer's weights make of a small change of its input.
    ///
    /// # Panics
    /// When the layer has BatchNorm.
    pub(crate) fn tangent(
        &self,
        frozen: &Self,
        operators: Operators,
        features: Tensor<4>,
        change: Tensor<4>,
    ) -> (Tensor<4>, Tensor<4>) {
        assert!(self.norm.is_none(), "BatchNorm is not linear between activations");
        let features = frozen.forward(operators, features, 1);
        let slopes = Operators::slopes(&features, NEGATIVE_SLOPE);
        (features, operators.convolve_linearly(&self.conv, change).mul(slopes))
    }
}
