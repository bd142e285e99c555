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
    /// Whether biases and activation are one pass. Not in networks with BatchNorm, which have such layers in
    /// DCGAN-tensorflow: their gradients are summed as ever, so that runs keep their bytes.
    #[module(skip)]
    in_one_pass: bool,
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
        Self { conv, position_bias, norm, in_one_pass: !architecture.is_normalized() }
    }

    /// The first layer of a residual network: the linear map and its biases, which nothing follows.
    pub(crate) fn basis(latent_size: usize, (channels, start): (usize, usize), device: &Device) -> Self {
        let position_bias = Some(Initializer::Zeros.init([channels, start, start], device));
        Self { conv: linear(latent_size, channels, start, device), position_bias, norm: None, in_one_pass: false }
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
        Self { conv, position_bias: None, norm, in_one_pass: !architecture.is_normalized() }
    }

    /// The layer's features after BatchNorm, where it has one, and ReLU.
    pub(crate) fn forward(&self, operators: Operators, features: Tensor<4>) -> Tensor<4> {
        if !self.in_one_pass {
            return operators.normalize_and_rectify(self.norm.as_ref(), self.convolve(operators, features), 0.0);
        }
        let conv = ConvTranspose2d { bias: None, ..self.conv.clone() };
        let features = transpose(&conv, operators, features);
        match &self.position_bias {
            Some(bias) => {
                // A bias for each position is one for each channel of a single pixel.
                let (shape, positions) = (features.dims(), bias.val().flatten::<1>(0, 2));
                let pixels = features.reshape([shape[0], positions.dims()[0], 1, 1]);
                operators.shift_and_rectify(Some(positions), pixels, 0.0).reshape(shape)
            }
            None => operators.shift_and_rectify(self.conv.bias.as_ref().map(Param::val), features, 0.0),
        }
    }

    /// The transposed convolution and its biases alone.
    pub(crate) fn convolve(&self, operators: Operators, features: Tensor<4>) -> Tensor<4> {
        let features = transpose(&self.conv, operators, features);
        match &self.position_bias {
            Some(bias) => features + bias.val().unsqueeze::<4>(),
            None => features,
        }
    }
}

fn transpose(conv: &ConvTranspose2d, operators: Operators, features: Tensor<4>) -> Tensor<4> {
    match conv.stride {
        [1, 1] => strided_conv::project(operators, conv, features),
        _ => strided_conv::upsample(operators, conv, features),
    }
}

/// A linear map from `[_, latent size, 1, 1]` to `[_, channels, start, start]`, its weights zero.
fn linear(latent_size: usize, channels: usize, start: usize, device: &Device) -> ConvTranspose2d {
    ConvTranspose2dConfig::new([latent_size, channels], [start, start])
        .with_bias(false)
        .with_initializer(Initializer::Zeros)
        .init(device)
}

#[cfg(test)]
mod tests {
    use burn::{
        module::{Module, ModuleMapper},
        tensor::Distribution,
    };

    use super::*;
    use crate::recipe::{Recipe, tests::tiny};

    struct Shaken;

    impl ModuleMapper for Shaken {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            param.map(|values| values.random_like(Distribution::Uniform(-1.0, 1.0)).require_grad())
        }
    }

    /// Both passes and the one agree to the bit forwards, and in the gradients but for the order of sums.
    #[test]
    fn biases_and_activation_are_one_pass() {
        let device = Device::flex().autodiff();
        let recipe: Recipe = tiny().with_overrides(&"generator.norm = \"none\"".parse().unwrap()).unwrap();
        let architecture = recipe.architecture(&recipe.generator, 16);
        let layers = [
            (TransposedLayer::projection(&architecture, 5, (6, 4), &device), [3, 5, 1, 1]),
            (TransposedLayer::upsample_conv(&architecture, [6, 4], false, &device), [3, 6, 4, 4]),
        ];
        for (layer, shape) in layers {
            let layer = layer.map(&mut Shaken);
            assert!(layer.in_one_pass);
            let features = Tensor::<4>::random(shape, Distribution::Uniform(-1.0, 1.0), &device);
            let passes = |layer: &TransposedLayer| {
                let output = layer.forward(Operators::default(), features.clone());
                let gradients = output.clone().square().sum().backward();
                let bias =
                    layer.position_bias.as_ref().map(|bias| bias.val().grad(&gradients).unwrap().flatten::<1>(0, 2));
                let bias = bias.unwrap_or_else(|| layer.conv.bias.as_ref().unwrap().val().grad(&gradients).unwrap());
                (output.inner().into_data(), bias)
            };
            let (found, expected) = (passes(&layer), passes(&TransposedLayer { in_one_pass: false, ..layer.clone() }));
            assert_eq!(found.0, expected.0);
            assert!((found.1 - expected.1).abs().max().into_scalar::<f32>() < 1e-3);
        }
    }
}
