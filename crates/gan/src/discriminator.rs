//! The discriminator: images in, logits out.

use burn::{
    module::Module,
    nn::{
        Initializer,
        conv::{Conv2d, Conv2dConfig},
    },
    tensor::{Device, Tensor},
};

use crate::{
    architecture::{Architecture, ArchitectureError, Family, Norm},
    conditioning::ClassProjection,
    initialization::Initialization,
    layers::{ColorLayer, Resample, ResidualLayer, StridedLayer, layer_kinds},
    minibatch::{MinibatchKernels, append_deviation},
    operators::Operators,
    philox::Stream,
    semi_supervised::realness,
    spectral_norm,
};

/// Images, and their classes' rows where the discriminator is told them.
#[derive(Clone, Debug)]
pub struct ImageBatch {
    /// `[batch, 3, side, side]` in [-1, 1].
    pub images: Tensor<4>,
    /// `[batch, classes + 1]`; a conditional discriminator that is told nothing leaves the classes out of its logit.
    pub classes: Option<Tensor<2>>,
}

impl From<Tensor<4>> for ImageBatch {
    fn from(images: Tensor<4>) -> Self {
        Self { images, classes: None }
    }
}

impl ImageBatch {
    /// Other images of the same classes.
    pub fn with_images(&self, images: Tensor<4>) -> Self {
        Self { images, classes: self.classes.clone() }
    }

    /// Both behind each other.
    fn followed_by(self, other: Self) -> Self {
        let classes = self.classes.zip(other.classes).map(|(first, second)| Tensor::cat(vec![first, second], 0));
        Self { images: Tensor::cat(vec![self.images, other.images], 0), classes }
    }
}

/// The DCGAN discriminator (Radford et al., 2015, section 3): the generator mirrored.
///
/// Each layer halves the side and ends in LeakyReLU 0.2; BatchNorm, where the architecture has it, stands between, but
/// in the first layer. A last convolution over the whole of the coarsest features gives the logit.
///
/// BatchNorm trains on an autodiff device and rests in [`Module::valid`]'s copy.
#[derive(Module, Debug)]
pub struct Discriminator {
    layers: Vec<DiscriminatorLayer>,
    head: Conv2d,
    minibatch: Option<MinibatchKernels>,
    projection: Option<ClassProjection>,
    #[module(skip)]
    pub(crate) architecture: Architecture,
    #[module(skip)]
    operators: Operators,
}

/// One of a handful: a box for each would save nothing.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant)]
enum DiscriminatorLayer {
    Strided(StridedLayer),
    Color(ColorLayer),
    Residual(ResidualLayer),
}

layer_kinds!(DiscriminatorLayer: Strided, Color, Residual);

impl Discriminator {
    /// Builds a discriminator whose first weights are a function of `seed` alone.
    ///
    /// # Errors
    /// When the architecture's parts do not fit together.
    pub fn new(
        architecture: Architecture,
        initialization: &Initialization,
        seed: u64,
        device: &Device,
    ) -> Result<Self, ArchitectureError> {
        let blank = Self::blank(architecture, device)?;
        let blocks = blank.architecture.residual_blocks();
        Ok(spectral_norm::settle(initialization.apply(blank, blocks, seed, Stream::DiscriminatorWeights)))
    }

    /// Builds a discriminator whose weights are still to be filled in.
    pub(crate) fn blank(architecture: Architecture, device: &Device) -> Result<Self, ArchitectureError> {
        let is_spectral = architecture.norm == Norm::Spectral;
        let layers = match architecture.family {
            Family::Resnet if is_spectral => return Err(ArchitectureError::SpectralBlocks),
            Family::Dcgan | Family::TensorflowDcgan => strided_layers(&architecture, device)?,
            Family::Resnet => residual_layers(&architecture, device)?,
            Family::Upsample => return Err(ArchitectureError::GeneratorsOnly(architecture.family)),
        };
        let features = architecture.features()?;
        let head = head(&architecture, features[0], device);
        let minibatch = match architecture.minibatch_kernels {
            0 => None,
            kernels => Some(MinibatchKernels::new(features[0].0, kernels as usize, device)),
        };
        let projection = architecture
            .is_conditional()
            .then(|| ClassProjection::new(architecture.classes.len(), features[0].0, device));
        let blank = Self { layers, head, minibatch, projection, architecture, operators: Operators::default() };
        Ok(if is_spectral { spectral_norm::attach(blank) } else { blank })
    }

    /// Judges images: the higher the logit, the more real they look; D(x) of the papers is its sigmoid.
    ///
    /// # Shapes
    /// - `images`: `[batch, 3, side, side]` in [-1, 1], or an [`ImageBatch`] of them
    /// - output: `[batch]`
    pub fn forward(&self, images: impl Into<ImageBatch>) -> Tensor<1> {
        self.logits(self.outputs(images.into(), 1))
    }

    /// What a classifier says of each class: l of p(y | x, x is real) = softmax(l).
    ///
    /// # Shapes
    /// - `images`: `[batch, 3, side, side]` in [-1, 1]
    /// - output: `[batch, classes]`
    ///
    /// # Panics
    /// When the discriminator is no classifier: [`crate::ClassUse::SemiSupervised`].
    pub fn class_logits(&self, images: Tensor<4>) -> Tensor<2> {
        assert!(self.architecture.is_classifier(), "this discriminator tells no classes apart");
        self.outputs(images.into(), 1)
    }

    /// [`Discriminator::class_logits`] of two batches, as [`Discriminator::forward_both`] takes them.
    ///
    /// # Panics
    /// As there.
    pub fn class_logits_of_both(&self, first: Tensor<4>, second: Tensor<4>) -> (Tensor<2>, Tensor<2>) {
        assert!(self.architecture.is_classifier(), "this discriminator tells no classes apart");
        self.outputs_of_both(first.into(), second.into())
    }

    /// The logit of being real: the only output there is, or what a classifier's come to.
    fn logits(&self, outputs: Tensor<2>) -> Tensor<1> {
        let [batch, _] = outputs.dims();
        if self.architecture.is_classifier() { realness(outputs) } else { outputs.reshape([batch]) }
    }

    /// `[batch, 1]`, or `[batch, classes]` of a classifier; of so many batches of one size behind each other, each with BatchNorm's
    /// statistics of its own.
    fn outputs(&self, ImageBatch { images, classes }: ImageBatch, batches: usize) -> Tensor<2> {
        let [batch, ..] = images.dims();
        let features =
            self.layers.iter().fold(images, |features, layer| layer.forward(self.operators, features, batches));
        let projected = self.projection.as_ref().zip(classes);
        let projected = projected.map(|(projection, classes)| projection.project(features.clone(), classes));
        let features = match self.architecture.minibatch_group {
            0 => features,
            group => append_deviation(features, group as usize),
        };
        let features = match &self.minibatch {
            Some(kernels) => kernels.append_nearness(features),
            None => features,
        };
        let outputs = self.operators.convolve(&self.head, features);
        let [_, count, ..] = outputs.dims();
        let outputs = outputs.reshape([batch, count]);
        match projected {
            Some(projected) => outputs + projected.reshape([batch, 1]),
            None => outputs,
        }
    }

    fn outputs_of_both(&self, first: ImageBatch, second: ImageBatch) -> (Tensor<2>, Tensor<2>) {
        let ([ahead, ..], [behind, ..]) = (first.images.dims(), second.images.dims());
        let is_normalized = self.architecture.is_normalized();
        let are_told_apart = ahead == behind && self.operators.take_batches_at_once(&first.images.device());
        if self.architecture.compares_images() || is_normalized && !are_told_apart {
            return (self.outputs(first, 1), self.outputs(second, 1));
        }
        let outputs = self.outputs(first.followed_by(second), if is_normalized { 2 } else { 1 });
        (outputs.clone().narrow(0, 0, ahead), outputs.narrow(0, ahead, behind))
    }

    /// [`Discriminator::forward`] of two batches, which may be of different sizes: at once where images do not see each other, so
    /// that each layer's weights are prepared once for both, and on a GPU also where they see each other by BatchNorm alone and the
    /// sizes are the same: that keeps each batch's statistics apart, and has the running ones follow the first and then the second.
    ///
    /// # Shapes
    /// - `first`, `second`: `[batch, 3, side, side]` in [-1, 1], both with their classes or none
    /// - outputs: `[batch]`
    pub fn forward_both(&self, first: impl Into<ImageBatch>, second: impl Into<ImageBatch>) -> (Tensor<1>, Tensor<1>) {
        let (first, second) = self.outputs_of_both(first.into(), second.into());
        (self.logits(first), self.logits(second))
    }

    /// How the logits change along a direction: the network without its biases applied to `direction`, with the slopes
    /// that leaky ReLU has at the images. For a discriminator without BatchNorm, which is linear between its activations.
    ///
    /// Differentiated for the weights, as far as those act on the direction: what the activations' slopes depend on has
    /// no gradient, for they are constant almost everywhere.
    ///
    /// # Shapes
    /// - `images`, `direction`: `[batch, 3, side, side]`
    /// - output: `[batch]`
    pub(crate) fn directional_derivative(&self, images: impl Into<ImageBatch>, direction: Tensor<4>) -> Tensor<1> {
        let ImageBatch { images, classes } = images.into();
        let frozen = self.without_weight_gradients();
        let layers = self.layers.iter().zip(&frozen.layers);
        let (_, tangent) = layers.fold((images, direction), |(features, tangent), (layer, frozen)| {
            layer.tangent(frozen, self.operators, features, tangent)
        });
        let projected = self.projection.as_ref().zip(classes);
        let projected = projected.map(|(projection, classes)| projection.project(tangent.clone(), classes));
        let change = self.operators.convolve_linearly(&self.head, tangent).flatten(0, 3);
        match projected {
            Some(projected) => change + projected,
            None => change,
        }
    }

    /// The same weights with singular vectors nearer to them, where the norm is spectral: what a training step begins
    /// with. Every forward pass until the next call is of the same function of the weights.
    pub fn with_power_iteration(self) -> Self {
        match self.architecture.norm {
            Norm::Spectral => spectral_norm::iterate(self),
            Norm::Batch | Norm::None => self,
        }
    }

    /// The same weights, computing with these operators from now on.
    pub fn with_operators(self, operators: Operators) -> Self {
        Self { operators, ..self }
    }

    /// The family, side and widths that it was built with.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// The same discriminator with the weights of its first `count` layers off the tape, so that an update leaves them as they
    /// are. Its head always learns.
    pub fn with_frozen_layers(&self, count: u32) -> Self {
        let mut network = self.clone();
        let layers = network.layers.into_iter().enumerate();
        network.layers =
            layers.map(|(index, layer)| if index < count as usize { layer.no_grad() } else { layer }).collect();
        network
    }

    /// The same discriminator with its weights off the tape; gradients still flow through it to the images.
    ///
    /// For the generator's step, which spends no time on the discriminator's gradients then. BatchNorm still trains,
    /// as it must: it uses the batch's statistics and updates the running ones that both share.
    /// ([`Module::freeze`] would switch it to the running ones and give the generator other gradients.)
    pub fn without_weight_gradients(&self) -> Self {
        self.clone().no_grad()
    }
}

/// As many layers as there are stages.
fn strided_layers(architecture: &Architecture, device: &Device) -> Result<Vec<DiscriminatorLayer>, ArchitectureError> {
    let features = architecture.features()?;
    let layer = |channels, normalized| StridedLayer::new(architecture, channels, normalized, device);
    // What the first layer sees is an image, whose contrast and colours BatchNorm would take away.
    let first = layer([3, features[features.len() - 1].0], false);
    let coarser = features.windows(2).rev();
    let further = coarser.map(|pair| layer([pair[1].0, pair[0].0], architecture.is_normalized()));
    Ok(std::iter::once(first).chain(further).map(DiscriminatorLayer::Strided).collect())
}

/// Colours to the whole side's features, a halving block to each stage, and one more at the coarsest side.
fn residual_layers(architecture: &Architecture, device: &Device) -> Result<Vec<DiscriminatorLayer>, ArchitectureError> {
    let features = architecture.features()?;
    let (coarsest, finest) = (features[0].0, features[features.len() - 1].0);
    let block =
        |channels, resample| DiscriminatorLayer::Residual(ResidualLayer::new(architecture, channels, resample, device));
    let halving = features.windows(2).rev().map(|pair| block([pair[1].0, pair[0].0], Resample::Down));
    let first = DiscriminatorLayer::Color(ColorLayer::new([3, finest], device));
    Ok(std::iter::once(first).chain(halving).chain([block([coarsest; 2], Resample::None)]).collect())
}

impl DiscriminatorLayer {
    /// Features to the next stage's, of so many batches behind each other: those with BatchNorm tell them apart.
    fn forward(&self, operators: Operators, features: Tensor<4>, batches: usize) -> Tensor<4> {
        match self {
            Self::Strided(layer) => layer.forward(operators, features, batches),
            Self::Color(layer) => layer.forward(operators, features),
            Self::Residual(layer) => layer.forward(operators, features),
        }
    }

    /// The layer's output, by the weights of `frozen`, and what this layer's weights make of a small change of its input.
    fn tangent(
        &self,
        frozen: &Self,
        operators: Operators,
        features: Tensor<4>,
        change: Tensor<4>,
    ) -> (Tensor<4>, Tensor<4>) {
        match (self, frozen) {
            (Self::Strided(layer), Self::Strided(frozen)) => layer.tangent(frozen, operators, features, change),
            (Self::Residual(layer), Self::Residual(frozen)) => layer.tangent(frozen, operators, features, change),
            (Self::Color(layer), Self::Color(frozen)) => {
                (frozen.forward(operators, features), layer.tangent(operators, change))
            }
            _ => unreachable!("a frozen copy has the same layers"),
        }
    }
}

/// The logit's layer: `[_, channels, start, start]` to `[_, 1, 1, 1]`, or a logit for each class.
fn head(architecture: &Architecture, (channels, start): (usize, usize), device: &Device) -> Conv2d {
    // One more channel where the deviation of a group is appended, and one for each kernel.
    let channels = channels + usize::from(architecture.minibatch_group > 0) + architecture.minibatch_kernels as usize;
    let outputs = if architecture.is_classifier() { architecture.classes.len() } else { 1 };
    Conv2dConfig::new([channels, outputs], [start, start])
        .with_bias(architecture.has_biases())
        .with_initializer(Initializer::Zeros)
        .init(device)
}

#[cfg(test)]
mod tests {
    use burn::{optim::GradientsParams, tensor::Distribution};

    use super::*;
    use crate::{
        generator::Generator,
        parameters::shapes,
        philox::Philox,
        recipe::{Recipe, tests::tiny},
    };

    fn strided(layer: &DiscriminatorLayer) -> &StridedLayer {
        match layer {
            DiscriminatorLayer::Strided(layer) => layer,
            _ => panic!("not a layer of DCGAN"),
        }
    }

    impl Discriminator {
        pub(crate) fn first_weight(&self) -> Tensor<4> {
            strided(&self.layers[0]).conv.weight.val()
        }

        pub(crate) fn head_weight(&self) -> Tensor<4> {
            self.head.weight.val()
        }
    }

    #[test]
    fn layers_have_their_shapes_in_every_recipe_at_every_side() {
        let small = "discriminator.base_channels = 2".parse().unwrap();
        for name in Recipe::names() {
            let recipe = Recipe::named(name).unwrap().with_overrides(&small).unwrap();
            for side in [16, 32, 48, 64, 96, 128] {
                let discriminator = recipe.discriminator(side, 1, &Device::flex()).unwrap();
                let images = Tensor::ones([2, 3, side as usize, side as usize], &Device::flex());
                let expected: Vec<_> = discriminator.architecture.features().unwrap().into_iter().rev().collect();
                assert_eq!(discriminator.layers.len(), expected.len());
                let mut features = images.clone();
                for (layer, (channels, side)) in discriminator.layers.iter().zip(expected) {
                    features = layer.forward(Operators::default(), features, 1);
                    assert_eq!(features.dims(), [2, channels, side, side], "{name}");
                }
                assert!(strided(&discriminator.layers[0]).norm.is_none(), "{name} normalizes what it is shown");
                assert_eq!(discriminator.forward(images).dims(), [2]);
            }
        }
    }

    /// Twice the batch is summed in another order, and by no other formula.
    #[test]
    fn two_batches_at_once_are_judged_as_each_alone() {
        let device = Device::flex().autodiff();
        for norm in ["batch", "none", "spectral"] {
            let norm = format!("discriminator.norm = \"{norm}\"").parse().unwrap();
            let discriminator = tiny().with_overrides(&norm).unwrap().discriminator(16, 1, &device).unwrap();
            let images = |batch| Tensor::<4>::random([batch, 3, 16, 16], Distribution::Uniform(-1.0, 1.0), &device);
            let (first, second) = (images(3), images(2));
            let (ahead, behind) = discriminator.forward_both(first.clone(), second.clone());
            for (found, alone) in [(ahead, first), (behind, second)] {
                let (found, expected) = (found.inner(), discriminator.forward(alone).inner());
                assert!((found - expected).abs().max().into_scalar::<f32>() < 1e-5);
            }
        }
    }

    #[test]
    fn full_width_weights_have_the_shapes_of_the_papers() {
        let check = |name: &str, side, widths: [usize; 4], kernel: usize, start: usize| {
            let recipe = Recipe::named(name).unwrap();
            let architecture = recipe.discriminator(16, 1, &Device::flex()).unwrap().architecture;
            let blank = Discriminator::blank(Architecture { side, ..architecture }, &Device::flex()).unwrap();
            let found = shapes(&blank);
            let mut from = 3;
            for (layer, to) in widths.into_iter().enumerate() {
                assert_eq!(found[&format!("layers.{layer}.conv.weight")], [to, from, kernel, kernel], "{name}");
                from = to;
            }
            assert_eq!(found["head.weight"], [1, from, start, start], "{name}");
            assert_eq!(found.contains_key("head.bias"), name == "dcgan-tutorial");
        };
        check("dcgan", 64, [64, 128, 256, 512], 4, 4);
        check("dcgan-paper", 64, [128, 256, 512, 1024], 4, 4);
        check("dcgan-tutorial", 48, [64, 128, 256, 512], 5, 3);
    }

    #[test]
    fn the_two_networks_draw_apart() {
        let weight = |name: &str, bytes: &[u8]| {
            let file = safetensors::SafeTensors::deserialize(bytes).unwrap();
            file.tensor(name).unwrap().data()[..64].to_vec()
        };
        let generator = tiny().generator(16, 1, &Device::flex()).unwrap().to_safetensors().unwrap();
        let discriminator = tiny().discriminator(16, 1, &Device::flex()).unwrap().to_safetensors().unwrap();
        assert_ne!(weight("layers.0.conv.weight", &generator), weight("layers.0.conv.weight", &discriminator));
    }

    /// One generator step against `discriminator`: the generator's gradients, and how many of the discriminator's there
    /// are.
    fn generator_step(generator: &Generator, discriminator: &Discriminator, device: &Device) -> (Vec<f32>, usize) {
        let recipe = tiny();
        let latents = recipe.latent.sample(&Philox::new(1, Stream::TrainingLatents), 0, 4, device);
        let loss = recipe.objective.generator_loss(None, discriminator.forward(generator.forward(latents)));
        let mut gradients = loss.backward();
        let of_discriminator = GradientsParams::from_module(&mut gradients, discriminator).len();
        let moved = recipe.generator.optimizer.init(Operators::default()).step(
            1e-3,
            generator.clone(),
            GradientsParams::from_module(&mut gradients, generator),
        );
        let bytes = moved.to_safetensors().unwrap();
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let values = file.tensor("layers.1.conv.weight").unwrap().data().to_vec();
        (values.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect(), of_discriminator)
    }

    #[test]
    fn without_weight_gradients_the_generator_learns_the_same() {
        let device = Device::flex().autodiff();
        let (generator, discriminator) =
            (tiny().generator(16, 1, &device).unwrap(), tiny().discriminator(16, 1, &device).unwrap());
        let (expected, all) = generator_step(&generator, &discriminator, &device);
        let (found, none) = generator_step(&generator, &discriminator.without_weight_gradients(), &device);
        assert_eq!(found, expected);
        assert!(all > 0);
        assert_eq!(none, 0);
    }

    #[test]
    fn stock_operators_compute_the_same_but_for_rounding() {
        let device = Device::flex().autodiff();
        for name in ["dcgan", "dcgan-tutorial"] {
            let small =
                "latent.size = 4\ngenerator.base_channels = 8\ndiscriminator.base_channels = 8".parse().unwrap();
            let recipe = Recipe::named(name).unwrap().with_overrides(&small).unwrap();
            let latents = recipe.latent.sample(&Philox::new(3, crate::Stream::TrainingLatents), 0, 6, &device);
            let outputs = |operators| {
                let generator = recipe.generator(32, 1, &device).unwrap().with_operators(operators);
                let discriminator = recipe.discriminator(32, 1, &device).unwrap().with_operators(operators);
                let logits = discriminator.forward(generator.forward(latents.clone()));
                let gradients = logits.clone().sum().backward();
                let gradient =
                    strided(&discriminator.layers[0]).conv.weight.val().grad(&gradients).unwrap().flatten::<1>(0, 3);
                Tensor::cat(vec![logits.inner(), gradient], 0).into_data().try_to_vec::<f32>().unwrap()
            };
            let (fast, by_burn) = (outputs(Operators::default()), outputs(Operators::Burn));
            assert_ne!(fast, by_burn, "{name}: both are the same operators");
            let largest = by_burn.iter().fold(0f32, |largest, x| largest.max(x.abs()));
            for (fast, by_burn) in fast.iter().zip(&by_burn) {
                assert!((fast - by_burn).abs() < 1e-3 * largest, "{name}: {fast} and {by_burn}");
            }
        }
    }

    #[test]
    fn without_weight_gradients_the_running_statistics_still_train() {
        let device = Device::flex().autodiff();
        let discriminator = tiny().discriminator(16, 1, &device).unwrap();
        let before = discriminator.to_safetensors().unwrap();
        discriminator.without_weight_gradients().forward(Tensor::ones([4, 3, 16, 16], &device));
        assert_ne!(discriminator.to_safetensors().unwrap(), before);
        let (_, still_trained) = generator_step(&tiny().generator(16, 1, &device).unwrap(), &discriminator, &device);
        assert!(still_trained > 0, "the discriminator itself must stay trainable");
    }
}
