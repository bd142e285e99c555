//! The generator: latents in, samples out.

use burn::{
    module::Module,
    tensor::{Device, Tensor, activation},
};

use crate::{
    architecture::{Architecture, ArchitectureError, Family, Norm},
    classes::Classes,
    conditioning::ClassModulation,
    initialization::Initialization,
    latent::LatentConfig,
    layers::{ColorLayer, Resample, ResidualLayer, TransposedLayer, UpsampledLayer, layer_kinds},
    operators::Operators,
    philox::{Philox, Stream},
};

/// A generator: a list of layers that its family makes.
///
/// The latent is projected to the coarsest features; each further layer doubles the side (Radford et al., 2015, figure
/// 1). BatchNorm, where the architecture has it, and ReLU follow every layer but the last, which ends in tanh.
///
/// Whether BatchNorm uses the batch's own statistics is decided by the device: it does on an autodiff device (and then
/// updates its running ones), and does not in [`Module::valid`]'s copy. The running variance is the biased one, as
/// TensorFlow has it; PyTorch's is n / (n − 1) times as large, n being the batch's values in a channel.
///
/// Where it is conditional, each hidden layer's features are scaled and shifted by the image's class: behind BatchNorm and
/// before ReLU, or behind what stands in its place.
///
/// A clone shares its running statistics with the original; [`Module::valid`]'s copy has its own.
#[derive(Module, Debug)]
pub struct Generator {
    layers: Vec<GeneratorLayer>,
    /// One for each hidden layer of a conditional generator; others have none.
    modulations: Vec<ClassModulation>,
    #[module(skip)]
    pub(crate) architecture: Architecture,
    #[module(skip)]
    pub(crate) latent: LatentConfig,
    #[module(skip)]
    operators: Operators,
}

/// One of a handful: a box for each would save nothing.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant)]
enum GeneratorLayer {
    Transposed(TransposedLayer),
    /// A projection that no activation follows.
    Basis(TransposedLayer),
    Upsampled(UpsampledLayer),
    Color(ColorLayer),
    Residual(ResidualLayer),
}

layer_kinds!(GeneratorLayer: Transposed, Basis, Upsampled, Color, Residual);

impl Generator {
    /// Builds a generator whose first weights are a function of `seed` alone.
    ///
    /// # Errors
    /// When the architecture's parts do not fit together.
    pub fn new(
        architecture: Architecture,
        latent: LatentConfig,
        initialization: &Initialization,
        seed: u64,
        device: &Device,
    ) -> Result<Self, ArchitectureError> {
        let blank = Self::blank(architecture, latent, device)?;
        let blocks = blank.architecture.residual_blocks();
        Ok(initialization.apply(blank, blocks, seed, Stream::GeneratorWeights))
    }

    /// Builds a generator whose weights are still to be filled in.
    pub(crate) fn blank(
        architecture: Architecture,
        latent: LatentConfig,
        device: &Device,
    ) -> Result<Self, ArchitectureError> {
        if architecture.norm == Norm::Spectral {
            return Err(ArchitectureError::SpectralGenerator);
        }
        let layers = match architecture.family {
            Family::Dcgan | Family::TensorflowDcgan => transposed_layers(&architecture, latent, device)?,
            Family::Upsample => upsampled_layers(&architecture, latent, device)?,
            Family::Resnet => residual_layers(&architecture, latent, device)?,
        };
        let modulations = modulations(&architecture, device)?;
        Ok(Self { layers, modulations, architecture, latent, operators: Operators::default() })
    }

    /// Makes a sample of each latent, which in a conditional generator ends with its class's row.
    ///
    /// # Shapes
    /// - `latents`: `[batch, latent size]`, or `[batch, latent size + classes + 1]`
    /// - output: `[batch, 3, side, side]` in (-1, 1)
    pub fn forward(&self, latents: Tensor<2>) -> Tensor<4> {
        let (latents, classes) = self.split_classes(latents);
        let [batch, size] = latents.dims();
        let (last, hidden) = self.layers.split_last().expect("a generator has at least two layers");
        let latents = latents.reshape([batch, size, 1, 1]);
        let features = hidden.iter().enumerate().fold(latents, |features, (index, layer)| match &classes {
            Some(classes) => {
                layer.forward_modulated(self.operators, features, &self.modulations[index], classes.clone())
            }
            None => layer.forward(self.operators, features),
        });
        activation::tanh(last.convolve(self.operators, features))
    }

    /// Draws what [`Generator::forward`] is fed, a pure function of `philox` and `step`: latents, with classes drawn as often
    /// as training met them where the generator is conditional.
    ///
    /// # Shapes
    /// - output: `[count, latent size]`, or `[count, latent size + classes + 1]`; its first rows do not depend on `count`
    pub fn sample_latents(&self, philox: &Philox, step: u64, count: usize, device: &Device) -> Tensor<2> {
        self.latent.sample_with_classes(self.classes(), philox, step, count, device)
    }

    /// The latents themselves, and behind them their classes' rows where the generator is conditional.
    ///
    /// # Shapes
    /// - `latents`: as [`Generator::forward`] takes them
    /// - outputs: `[batch, latent size]` and `[batch, classes + 1]`
    pub fn split_classes(&self, latents: Tensor<2>) -> (Tensor<2>, Option<Tensor<2>>) {
        let (size, rows) = (self.latent.size as usize, self.classes().row_length());
        if rows == 0 {
            return (latents, None);
        }
        (latents.clone().narrow(1, 0, size), Some(latents.narrow(1, size, rows)))
    }

    /// The classes that it is told; empty where it is told none.
    pub fn classes(&self) -> &Classes {
        &self.architecture.classes
    }

    /// The same weights, computing with these operators from now on.
    pub fn with_operators(self, operators: Operators) -> Self {
        Self { operators, ..self }
    }

    /// The size and distribution of the latents that it was made for.
    pub fn latent(&self) -> LatentConfig {
        self.latent
    }

    /// The family, side and widths that it was built with.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }
}

/// What the classes do behind each hidden layer; nothing in a generator that is told none.
fn modulations(architecture: &Architecture, device: &Device) -> Result<Vec<ClassModulation>, ArchitectureError> {
    if !architecture.is_conditional() {
        return Ok(Vec::new());
    }
    let features = architecture.features()?;
    // A residual network's projection and its first block have the coarsest features both.
    let before = if architecture.family == Family::Resnet { features.first() } else { None };
    let modulation =
        |&(channels, _): &(usize, usize)| ClassModulation::new(architecture.classes.len(), channels, device);
    Ok(before.into_iter().chain(&features).map(modulation).collect())
}

/// As many layers as there are stages, and the projection.
fn transposed_layers(
    architecture: &Architecture,
    latent: LatentConfig,
    device: &Device,
) -> Result<Vec<GeneratorLayer>, ArchitectureError> {
    let features = architecture.features()?;
    let projection = TransposedLayer::projection(architecture, latent.size as usize, features[0], device);
    let hidden = features.windows(2).map(|pair| {
        let channels = [pair[0].0, pair[1].0];
        TransposedLayer::upsample_conv(architecture, channels, architecture.is_normalized(), device)
    });
    let finest = features[features.len() - 1].0;
    let last = TransposedLayer::upsample_conv(architecture, [finest, 3], false, device);
    let layers = std::iter::once(projection).chain(hidden).chain([last]);
    Ok(layers.map(GeneratorLayer::Transposed).collect())
}

/// A layer to each stage, a last one from the whole side's features to colours, and the projection.
fn upsampled_layers(
    architecture: &Architecture,
    latent: LatentConfig,
    device: &Device,
) -> Result<Vec<GeneratorLayer>, ArchitectureError> {
    let features = architecture.features()?;
    let projection = TransposedLayer::projection(architecture, latent.size as usize, features[0], device);
    let hidden = features.windows(2).map(|pair| UpsampledLayer::hidden(architecture, [pair[0].0, pair[1].0], device));
    let last = UpsampledLayer::to_rgb(architecture, features[features.len() - 1].0, device);
    let upsampled = hidden.chain([last]).map(GeneratorLayer::Upsampled);
    Ok(std::iter::once(GeneratorLayer::Transposed(projection)).chain(upsampled).collect())
}

/// The projection, a block at the coarsest side, a doubling block to each stage, and features to colours.
fn residual_layers(
    architecture: &Architecture,
    latent: LatentConfig,
    device: &Device,
) -> Result<Vec<GeneratorLayer>, ArchitectureError> {
    let features = architecture.features()?;
    let (coarsest, finest) = (features[0].0, features[features.len() - 1].0);
    let block =
        |channels, resample| GeneratorLayer::Residual(ResidualLayer::new(architecture, channels, resample, device));
    let mut layers = vec![
        GeneratorLayer::Basis(TransposedLayer::basis(latent.size as usize, features[0], device)),
        block([coarsest; 2], Resample::None),
    ];
    layers.extend(features.windows(2).map(|pair| block([pair[0].0, pair[1].0], Resample::Up)));
    layers.push(GeneratorLayer::Color(ColorLayer::new([finest, 3], device)));
    Ok(layers)
}

impl GeneratorLayer {
    /// Features to the next stage's.
    fn forward(&self, operators: Operators, features: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Transposed(layer) => layer.forward(operators, features),
            Self::Basis(layer) => layer.convolve(operators, features),
            Self::Upsampled(layer) => layer.forward(operators, features),
            Self::Color(layer) => layer.forward(operators, features),
            Self::Residual(layer) => layer.forward(operators, features),
        }
    }

    /// The same under the classes' scale and shift.
    fn forward_modulated(
        &self,
        operators: Operators,
        features: Tensor<4>,
        modulation: &ClassModulation,
        classes: Tensor<2>,
    ) -> Tensor<4> {
        let norm = match self {
            Self::Transposed(layer) => layer.norm.as_ref(),
            Self::Upsampled(layer) => layer.norm.as_ref(),
            // These end with a sum, and no activation follows.
            Self::Basis(_) | Self::Color(_) | Self::Residual(_) => {
                return modulation.modulate(self.forward(operators, features), classes);
            }
        };
        let features = operators.normalize(norm, self.convolve(operators, features));
        operators.leaky_relu(modulation.modulate(features, classes), 0.0)
    }

    /// Features to colours before tanh.
    fn convolve(&self, operators: Operators, features: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Transposed(layer) | Self::Basis(layer) => layer.convolve(operators, features),
            Self::Upsampled(layer) => layer.convolve(operators, features),
            Self::Color(layer) => layer.forward(operators, features),
            Self::Residual(layer) => layer.forward(operators, features),
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::{module::Param, nn::BatchNorm, tensor::TensorData};

    use super::*;
    use crate::{
        parameters::{parameters, shapes},
        recipe::{Recipe, tests::tiny},
    };

    fn small(name: &str, side: u32, device: &Device) -> Generator {
        let small = "generator.base_channels = 2".parse().unwrap();
        Recipe::named(name).unwrap().with_overrides(&small).unwrap().generator(side, 1, device).unwrap()
    }

    fn norm(layer: &GeneratorLayer) -> Option<&BatchNorm> {
        match layer {
            GeneratorLayer::Transposed(layer) | GeneratorLayer::Basis(layer) => layer.norm.as_ref(),
            GeneratorLayer::Upsampled(layer) => layer.norm.as_ref(),
            GeneratorLayer::Color(_) | GeneratorLayer::Residual(_) => None,
        }
    }

    fn projection(generator: &mut Generator) -> &mut TransposedLayer {
        match &mut generator.layers[0] {
            GeneratorLayer::Transposed(layer) => layer,
            _ => panic!("a generator begins with a projection"),
        }
    }

    #[test]
    fn layers_have_their_shapes_in_every_recipe_at_every_side() {
        for name in Recipe::names() {
            for side in [16, 32, 48, 64, 96, 128] {
                let generator = small(name, side, &Device::flex());
                let mut features = Tensor::ones([1, 100, 1, 1], &Device::flex());
                let (last, hidden) = generator.layers.split_last().unwrap();
                let expected = generator.architecture.features().unwrap();
                assert_eq!(hidden.len(), expected.len());
                for (layer, (channels, side)) in hidden.iter().zip(expected) {
                    features = layer.forward(Operators::default(), features);
                    assert_eq!(features.dims(), [1, channels, side, side], "{name}");
                }
                assert!(norm(last).is_none(), "{name} normalizes its samples");
                let side = side as usize;
                assert_eq!(generator.forward(Tensor::ones([2, 100], &Device::flex())).dims(), [2, 3, side, side]);
            }
        }
    }

    /// The class's row reaches every family's images, and rows decide each image alone.
    #[test]
    fn a_conditional_generator_makes_other_images_of_other_classes() {
        let device = Device::flex();
        let classes = Classes::new(vec!["a".into(), "b".into()], [Some(0), Some(1), None]);
        for family in ["dcgan\"\ngenerator.kernel = 4", "upsample\"", "resnet\""] {
            let changes = format!("latent.size = 4\ngenerator.base_channels = 4\ngenerator.family = \"{family}");
            let recipe = Recipe::named("conditional").unwrap().with_overrides(&changes.parse().unwrap()).unwrap();
            let generator = recipe.generator_of(&classes, 32, 1, &device).unwrap();
            assert_eq!(generator.modulations.len() + 1, generator.layers.len());
            let philox = Philox::new(1, Stream::SampleLatents);
            let latents = generator.sample_latents(&philox, 0, 3, &device);
            assert_eq!(latents.dims(), [3, 4 + 3]);
            let (latents, _) = generator.split_classes(latents);
            let images = |labels: [Option<usize>; 3]| -> Vec<f32> {
                let fed = classes.append_rows(latents.clone(), &labels, &device);
                generator.forward(fed).into_data().try_to_vec().unwrap()
            };
            let (first, second) = (images([Some(0), Some(1), None]), images([Some(0), Some(0), Some(1)]));
            let size = 3 * 32 * 32;
            assert_eq!(first.len(), 3 * size);
            assert_eq!(first[..size], second[..size], "{family}");
            assert_ne!(first[size..2 * size], second[size..2 * size], "{family}");
            assert_ne!(first[2 * size..], second[2 * size..], "{family}");
        }
    }

    /// Every block begins as nothing, so that D's logit is a linear map of the image, resampled.
    #[test]
    fn residual_networks_begin_linear_and_keep_their_scale() {
        let device = Device::flex();
        let family = "generator.family = \"resnet\"\ngenerator.kernel = 3\ngenerator.base_channels = 8\n\
                      discriminator.family = \"resnet\"\ndiscriminator.kernel = 3\ndiscriminator.base_channels = 8";
        let recipe = Recipe::named("modern").unwrap().with_overrides(&family.parse().unwrap()).unwrap();
        for side in [32, 48] {
            assert_eq!(recipe.validate(side), [""; 0]);
            let generator = recipe.generator(side, 1, &device).unwrap();
            let discriminator = recipe.discriminator(side, 1, &device).unwrap();
            let latents = recipe.latent.sample(&Philox::new(1, Stream::TrainingLatents), 0, 8, &device);
            let samples = generator.forward(latents);
            assert_eq!(samples.dims(), [8, 3, side as usize, side as usize]);
            let spread = samples.clone().square().mean().sqrt().into_scalar::<f32>();
            assert!((0.2..0.9).contains(&spread), "samples spread by {spread}");
            let logits = discriminator.forward(samples.clone() * 2.0) - discriminator.forward(samples.clone()) * 2.0;
            assert!(logits.abs().max().into_scalar::<f32>() < 1e-4);
            let bytes = discriminator.to_safetensors().unwrap();
            let loaded = crate::Discriminator::from_safetensors(&bytes, &device).unwrap();
            assert_eq!(loaded.forward(samples.clone()).into_data(), discriminator.forward(samples).into_data());
        }
    }

    #[test]
    fn full_width_weights_have_the_shapes_of_the_papers() {
        let check = |name: &str, side, expected: &[(&str, &[usize])]| {
            let recipe = Recipe::named(name).unwrap();
            let architecture = recipe.generator(16, 1, &Device::flex()).unwrap().architecture.clone();
            let blank =
                Generator::blank(Architecture { side, ..architecture }, recipe.latent, &Device::flex()).unwrap();
            let found = shapes(&blank);
            for &(key, shape) in expected {
                assert_eq!(found.get(key).map(Vec::as_slice), Some(shape), "{name} {key}");
            }
        };
        let dcgan: &[(&str, &[usize])] = &[
            ("layers.0.conv.weight", &[100, 512, 4, 4]),
            ("layers.1.conv.weight", &[512, 256, 4, 4]),
            ("layers.2.conv.weight", &[256, 128, 4, 4]),
            ("layers.3.conv.weight", &[128, 64, 4, 4]),
            ("layers.4.conv.weight", &[64, 3, 4, 4]),
        ];
        check("dcgan", 64, dcgan);
        let paper: &[(&str, &[usize])] =
            &[("layers.0.conv.weight", &[100, 1024, 4, 4]), ("layers.4.conv.weight", &[128, 3, 4, 4])];
        check("dcgan-paper", 64, paper);
        let tutorial: &[(&str, &[usize])] = &[
            ("layers.0.conv.weight", &[100, 512, 3, 3]),
            ("layers.0.position_bias", &[512, 3, 3]),
            ("layers.1.conv.weight", &[512, 256, 5, 5]),
            ("layers.1.conv.bias", &[256]),
            ("layers.4.conv.weight", &[64, 3, 5, 5]),
            ("layers.4.conv.bias", &[3]),
        ];
        check("dcgan-tutorial", 48, tutorial);
    }

    #[test]
    fn first_weights_are_spread_as_the_recipe_says() {
        let generator = Recipe::named("dcgan").unwrap().generator(32, 1, &Device::flex()).unwrap();
        for (name, parameter) in parameters(&generator) {
            let values: Vec<f32> = parameter.values.into_data().try_to_vec().unwrap();
            let count = values.len() as f32;
            let mean = values.iter().sum::<f32>() / count;
            let std = (values.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / count).sqrt();
            let expected = match name.rsplit('.').next().unwrap() {
                "weight" if name.contains("norm") => (1.0, 0.02),
                "weight" => (0.0, 0.02),
                "running_var" => (1.0, 0.0),
                _ => (0.0, 0.0),
            };
            // Four standard errors of a mean and of a standard deviation.
            let slack = 4.0 * expected.1 / count.sqrt() + 1e-6;
            assert!((mean - expected.0).abs() <= slack, "{name}: mean {mean}");
            assert!((std - expected.1).abs() <= slack, "{name}: standard deviation {std}");
        }
    }

    #[test]
    fn a_seed_decides_the_weights_whatever_the_device() {
        let bytes = |seed, device: Device| tiny().generator(16, seed, &device).unwrap().to_safetensors().unwrap();
        assert_eq!(bytes(1, Device::flex()), bytes(1, Device::flex().autodiff()));
        assert_ne!(bytes(1, Device::flex()), bytes(2, Device::flex()));
    }

    #[test]
    fn ids_are_the_same_in_equal_generators() {
        let ids = || {
            let mut generator = tiny().generator(16, 1, &Device::flex()).unwrap();
            let norm = norm(&generator.layers[1]).unwrap();
            [norm.gamma.id, norm.beta.id, projection(&mut generator).conv.weight.id]
        };
        assert_eq!(ids(), ids());
    }

    #[test]
    fn a_position_bias_is_added_where_it_belongs() {
        let device = Device::flex();
        let mut generator = small("dcgan-tutorial", 32, &device);
        assert_eq!(generator.architecture.family, Family::TensorflowDcgan);
        let count = 16 * 2 * 2;
        let bias: Vec<f32> = (0..count).map(|index| index as f32).collect();
        projection(&mut generator).position_bias =
            Some(Param::from_data(TensorData::new(bias.clone(), [16, 2, 2]), &device));
        let features = generator.layers[0].convolve(Operators::default(), Tensor::zeros([1, 100, 1, 1], &device));
        assert_eq!(features.into_data().try_to_vec::<f32>().unwrap(), bias);
    }
}
