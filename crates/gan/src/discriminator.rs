//! The discriminator: pictures in, logits out.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Initializer};
use burn::tensor::{Device, Tensor, activation};

use crate::architecture::{Architecture, ArchitectureError};
use crate::initialization::Initialization;
use crate::philox::Stream;
use crate::strided;

/// The slope of LeakyReLU below zero, in every layer of every family.
const NEGATIVE_SLOPE: f64 = 0.2;

/// The DCGAN discriminator (Radford et al., 2015, section 3): the generator mirrored.
///
/// Each layer halves the side and ends in LeakyReLU 0.2; BatchNorm stands between, but in the first layer. A last
/// convolution over the whole of the coarsest features gives the logit.
///
/// BatchNorm trains on an autodiff device and rests in [`Module::valid`]'s copy.
#[derive(Module, Debug)]
pub struct Discriminator {
    layers: Vec<DiscriminatorLayer>,
    head: Conv2d,
    #[module(skip)]
    pub(crate) architecture: Architecture,
}

#[derive(Module, Debug)]
struct DiscriminatorLayer {
    conv: Conv2d,
    norm: Option<BatchNorm>,
}

impl Discriminator {
    /// Builds a discriminator whose first weights are a function of `seed` alone.
    ///
    /// # Errors
    ///
    /// Fails where the architecture's parts do not fit together.
    pub fn new(
        architecture: Architecture,
        initialization: &Initialization,
        seed: u64,
        device: &Device,
    ) -> Result<Self, ArchitectureError> {
        let blank = Self::blank(architecture, device)?;
        Ok(initialization.apply(blank, seed, Stream::DiscriminatorWeights))
    }

    /// Builds a discriminator whose weights are still to be filled in.
    pub(crate) fn blank(architecture: Architecture, device: &Device) -> Result<Self, ArchitectureError> {
        let features = architecture.features()?;
        let first = DiscriminatorLayer::new(&architecture, [3, architecture.base_channels as usize], false, device);
        let coarser = features.windows(2).rev();
        let further = coarser.map(|pair| DiscriminatorLayer::new(&architecture, [pair[1].0, pair[0].0], true, device));
        let layers = std::iter::once(first).chain(further).collect();
        let head = head(&architecture, features[0], device);
        Ok(Self { layers, head, architecture })
    }

    /// Judges pictures: the higher the logit, the more real they look; D(x) of the papers is its sigmoid.
    ///
    /// # Shapes
    ///
    /// - `pictures`: `[batch, 3, side, side]` in [-1, 1]
    /// - output: `[batch]`
    pub fn forward(&self, pictures: Tensor<4>) -> Tensor<1> {
        let features = self.layers.iter().fold(pictures, |features, layer| layer.forward(features));
        self.head.forward(features).flatten(0, 3)
    }

    /// The shape of this discriminator.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// The same discriminator with its weights off the tape; gradients still flow through it to the pictures.
    ///
    /// For the generator's step, which spends no time on the discriminator's gradients then. BatchNorm still trains,
    /// as it must: it uses the batch's statistics and updates the running ones that both share.
    /// ([`Module::freeze`] would switch it to the running ones and give the generator other gradients.)
    pub fn without_weight_gradients(&self) -> Self {
        self.clone().no_grad()
    }
}

/// The logit's layer: `[_, channels, start, start]` to `[_, 1, 1, 1]`.
fn head(architecture: &Architecture, (channels, start): (usize, usize), device: &Device) -> Conv2d {
    Conv2dConfig::new([channels, 1], [start, start])
        .with_bias(architecture.family.has_biases())
        .with_initializer(Initializer::Zeros)
        .init(device)
}

impl DiscriminatorLayer {
    fn new(architecture: &Architecture, channels: [usize; 2], normalised: bool, device: &Device) -> Self {
        let kernel = architecture.kernel as usize;
        let conv = strided::halving(channels, kernel, architecture.family.has_biases(), device);
        let norm = normalised.then(|| BatchNormConfig::new(channels[1]).init(device));
        Self { conv, norm }
    }

    fn forward(&self, features: Tensor<4>) -> Tensor<4> {
        let features = self.conv.forward(features);
        let features = match &self.norm {
            Some(norm) => norm.forward(features),
            None => features,
        };
        activation::leaky_relu(features, NEGATIVE_SLOPE)
    }
}
