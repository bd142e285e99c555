//! The generator: latents in, pictures out.

use burn::module::{Module, Param};
use burn::nn::conv::{ConvTranspose2d, ConvTranspose2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Initializer};
use burn::tensor::{Device, Tensor, activation};

use crate::architecture::{Architecture, ArchitectureError};
use crate::initialization::Initialization;
use crate::latent::LatentConfig;
use crate::philox::Stream;
use crate::strided;

/// The DCGAN generator (Radford et al., 2015, figure 1).
///
/// The latent is projected to the coarsest features; each further layer doubles the side. BatchNorm and ReLU follow
/// every layer but the last, which ends in tanh.
///
/// Whether BatchNorm uses the batch's own statistics is decided by the device: it does on an autodiff device (and then
/// updates its running ones), and does not in [`Module::valid`]'s copy.
#[derive(Module, Debug)]
pub struct Generator {
    layers: Vec<GeneratorLayer>,
    #[module(skip)]
    pub(crate) architecture: Architecture,
    #[module(skip)]
    pub(crate) latent: LatentConfig,
}

#[derive(Module, Debug)]
struct GeneratorLayer {
    conv: ConvTranspose2d,
    /// A bias for each output of the projection, where it is a linear layer: `[channels, start, start]`.
    position_bias: Option<Param<Tensor<3>>>,
    norm: Option<BatchNorm>,
}

impl Generator {
    /// Builds a generator whose first weights are a function of `seed` alone.
    ///
    /// # Errors
    ///
    /// Fails where the architecture's parts do not fit together.
    pub fn new(
        architecture: Architecture,
        latent: LatentConfig,
        initialization: &Initialization,
        seed: u64,
        device: &Device,
    ) -> Result<Self, ArchitectureError> {
        let blank = Self::blank(architecture, latent, device)?;
        Ok(initialization.apply(blank, seed, Stream::GeneratorWeights))
    }

    /// Builds a generator whose weights are still to be filled in.
    pub(crate) fn blank(
        architecture: Architecture,
        latent: LatentConfig,
        device: &Device,
    ) -> Result<Self, ArchitectureError> {
        let features = architecture.features()?;
        let mut layers = vec![GeneratorLayer::projection(&architecture, latent.size as usize, features[0], device)];
        for pair in features.windows(2) {
            layers.push(GeneratorLayer::doubling(&architecture, [pair[0].0, pair[1].0], true, device));
        }
        let finest = architecture.base_channels as usize;
        layers.push(GeneratorLayer::doubling(&architecture, [finest, 3], false, device));
        Ok(Self { layers, architecture, latent })
    }

    /// Makes pictures of latents.
    ///
    /// # Shapes
    ///
    /// - `latents`: `[batch, latent size]`
    /// - output: `[batch, 3, side, side]` in (-1, 1)
    pub fn forward(&self, latents: Tensor<2>) -> Tensor<4> {
        let [batch, size] = latents.dims();
        let (last, hidden) = self.layers.split_last().expect("a generator has at least two layers");
        let features =
            hidden.iter().fold(latents.reshape([batch, size, 1, 1]), |features, layer| layer.hidden(features));
        activation::tanh(last.upsample(features))
    }

    /// The latents that this generator takes.
    pub fn latent(&self) -> LatentConfig {
        self.latent
    }

    /// The shape of this generator.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// The same generator off the tape: pictures made by it carry no gradient back to its weights.
    ///
    /// For the discriminator's step, which spends no time and memory on the generator's gradients then. BatchNorm
    /// still trains: it uses the batch's statistics and updates the running ones that both share.
    pub fn without_weight_gradients(&self) -> Self {
        self.clone().no_grad()
    }
}

impl GeneratorLayer {
    /// From `[_, latent size, 1, 1]` to the coarsest features: a linear map, written as a transposed convolution.
    fn projection(
        architecture: &Architecture,
        latent_size: usize,
        (channels, start): (usize, usize),
        device: &Device,
    ) -> Self {
        let conv = ConvTranspose2dConfig::new([latent_size, channels], [start, start])
            .with_bias(false)
            .with_initializer(Initializer::Zeros)
            .init(device);
        let position_bias =
            architecture.family.has_biases().then(|| Initializer::Zeros.init([channels, start, start], device));
        Self { conv, position_bias, norm: Some(BatchNormConfig::new(channels).init(device)) }
    }

    fn doubling(architecture: &Architecture, channels: [usize; 2], normalised: bool, device: &Device) -> Self {
        let kernel = architecture.kernel as usize;
        let conv = strided::doubling(channels, kernel, architecture.family.has_biases(), device);
        let norm = normalised.then(|| BatchNormConfig::new(channels[1]).init(device));
        Self { conv, position_bias: None, norm }
    }

    fn hidden(&self, features: Tensor<4>) -> Tensor<4> {
        let features = self.upsample(features);
        let features = match &self.norm {
            Some(norm) => norm.forward(features),
            None => features,
        };
        activation::relu(features)
    }

    fn upsample(&self, features: Tensor<4>) -> Tensor<4> {
        let features = match self.conv.stride {
            [1, 1] => self.conv.forward(features),
            _ => strided::double(&self.conv, features),
        };
        match &self.position_bias {
            Some(bias) => features + bias.val().unsqueeze::<4>(),
            None => features,
        }
    }
}
