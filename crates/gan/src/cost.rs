//! What a network takes for one image, worked out from its shape.

use crate::{
    architecture::{Architecture, ArchitectureError, Family},
    minibatch::KERNEL_DIMENSIONS,
    recipe::Recipe,
    schedule::Network,
};

/// What a network takes for one image on its way forwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ForwardCost {
    /// Multiplications of its convolutions and linear maps, as their definition has them.
    pub multiplications: u64,
    /// Numbers that its layers make: what a tape keeps for the way back is a multiple of them.
    pub values: u64,
    /// Numbers in the kernels of its convolutions and linear maps: all of its weights but biases and scales.
    pub weights: u64,
}

/// A convolution or a linear map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layer {
    /// Numbers in its kernel.
    weights: usize,
    /// Positions at which the kernel is applied.
    positions: usize,
    /// Numbers that it makes.
    values: usize,
}

impl Architecture {
    /// What a generator of this shape takes for a sample of a latent of `latent_size` numbers.
    ///
    /// # Errors
    /// As [`Architecture::stage_layout`].
    pub fn generator_cost(&self, latent_size: u32) -> Result<ForwardCost, ArchitectureError> {
        Ok(sum(&generator_layers(self, latent_size as usize)?))
    }

    /// What a discriminator of this shape takes for an image.
    ///
    /// # Errors
    /// As [`Architecture::stage_layout`].
    pub fn discriminator_cost(&self) -> Result<ForwardCost, ArchitectureError> {
        Ok(sum(&discriminator_layers(self)?))
    }
}

impl Recipe {
    /// What both networks take for an image of `resolution` pixels, told before they are built: the generator, then the
    /// discriminator. Classes are left out.
    ///
    /// # Errors
    /// When [`Recipe::validate`] finds a problem in a network's shape.
    pub fn forward_costs(&self, resolution: u32) -> Result<[ForwardCost; 2], ArchitectureError> {
        let generator = self.architecture(&self.generator, resolution).generator_cost(self.latent.size)?;
        Ok([generator, self.architecture(&self.discriminator, resolution).discriminator_cost()?])
    }

    /// Multiplications of the generator for one sample of `resolution` pixels.
    ///
    /// # Errors
    /// When [`Recipe::validate`] finds a problem in its shape.
    pub fn sampling_multiplications(&self, resolution: u32) -> Result<f64, ArchitectureError> {
        let cost = self.architecture(&self.generator, resolution).generator_cost(self.latent.size)?;
        Ok(cost.multiplications as f64)
    }

    /// Multiplications of a training step on images of `resolution` pixels, for each real image that it shows.
    ///
    /// The way back through a network takes as much as the way forwards for its weights' gradients, and as much again for
    /// its inputs'. An update of D passes a real image and a sample both ways, for its weights and hidden features; one of
    /// G passes a sample through both networks, with no gradient of D's weights. Penalties are left out.
    ///
    /// # Errors
    /// When [`Recipe::validate`] finds a problem in a network's shape.
    pub fn training_multiplications(&self, resolution: u32) -> Result<f64, ArchitectureError> {
        let [generator, discriminator] = self.forward_costs(resolution)?.map(|cost| cost.multiplications as f64);
        let updates = |network: Network| -> f64 {
            let phases = self.phases.iter().filter(|phase| phase.update == network);
            phases.map(|phase| f64::from(phase.times) / f64::from(phase.every)).sum()
        };
        let of_discriminator = generator + 6.0 * discriminator;
        let of_generator = 2.0 * generator + 2.0 * discriminator;
        // Each update of D shows as many real images as a batch has; a valid recipe has one.
        let ratio = updates(Network::Generator) / updates(Network::Discriminator);
        Ok(of_discriminator + ratio * of_generator)
    }
}

fn sum(layers: &[Layer]) -> ForwardCost {
    layers.iter().fold(ForwardCost::default(), |cost, layer| ForwardCost {
        multiplications: cost.multiplications + (layer.weights * layer.positions) as u64,
        values: cost.values + layer.values as u64,
        weights: cost.weights + layer.weights as u64,
    })
}

fn generator_layers(architecture: &Architecture, latent_size: usize) -> Result<Vec<Layer>, ArchitectureError> {
    let (features, kernel) = (architecture.features()?, architecture.kernel as usize);
    let (coarsest, finest) = (features[0], features[features.len() - 1]);
    let volume = coarsest.0 * coarsest.1.pow(2);
    let mut layers = vec![Layer { weights: latent_size * volume, positions: 1, values: volume }];
    match architecture.family {
        Family::Dcgan | Family::TensorflowDcgan => {
            let hidden = features.windows(2).map(|pair| transposed([pair[0].0, pair[1].0], kernel, pair[0].1));
            layers.extend(hidden.chain([transposed([finest.0, 3], kernel, finest.1)]));
        }
        Family::Upsample => {
            let hidden = features.windows(2).map(|pair| convolution([pair[0].0, pair[1].0], kernel, pair[1].1));
            layers.extend(hidden.chain([convolution([finest.0, 3], kernel, finest.1)]));
        }
        Family::Resnet => {
            layers.extend(block(architecture, coarsest));
            for pair in features.windows(2) {
                layers.extend(projection([pair[0].0, pair[1].0], pair[0].1));
                layers.push(resampled(pair[1]));
                layers.extend(block(architecture, pair[1]));
            }
            layers.push(convolution([finest.0, 3], 1, finest.1));
        }
    }
    Ok(layers)
}

fn discriminator_layers(architecture: &Architecture) -> Result<Vec<Layer>, ArchitectureError> {
    let (features, kernel) = (architecture.features()?, architecture.kernel as usize);
    let (coarsest, finest) = (features[0], features[features.len() - 1]);
    let finest_first = features.windows(2).rev();
    let mut layers = Vec::new();
    match architecture.family {
        Family::Dcgan | Family::TensorflowDcgan => {
            layers.push(convolution([3, finest.0], kernel, finest.1));
            layers.extend(finest_first.map(|pair| convolution([pair[1].0, pair[0].0], kernel, pair[0].1)));
        }
        Family::Resnet => {
            layers.push(convolution([3, finest.0], 1, finest.1));
            for pair in finest_first {
                layers.extend(block(architecture, pair[1]));
                layers.push(resampled((pair[1].0, pair[0].1)));
                layers.extend(projection([pair[1].0, pair[0].0], pair[0].1));
            }
            layers.extend(block(architecture, coarsest));
        }
        Family::Upsample => return Err(ArchitectureError::GeneratorsOnly(architecture.family)),
    }
    let kernels = architecture.minibatch_kernels as usize;
    let channels = coarsest.0 + usize::from(architecture.minibatch_group > 0) + kernels;
    if kernels > 0 {
        layers.push(Layer { weights: coarsest.0 * kernels * KERNEL_DIMENSIONS, positions: 1, values: kernels });
    }
    layers.push(Layer { weights: channels * coarsest.1.pow(2), positions: 1, values: 1 });
    Ok(layers)
}

/// A convolution that makes features of this side.
fn convolution([from, to]: [usize; 2], kernel: usize, side: usize) -> Layer {
    Layer { weights: from * to * kernel * kernel, positions: side * side, values: to * side * side }
}

/// A transposed convolution, which doubles this side and meets each of its pixels once.
fn transposed([from, to]: [usize; 2], kernel: usize, side: usize) -> Layer {
    Layer { weights: from * to * kernel * kernel, positions: side * side, values: 4 * to * side * side }
}

/// The three convolutions of a residual block, and the sum that it ends in.
fn block(architecture: &Architecture, (channels, side): (usize, usize)) -> [Layer; 4] {
    let hidden = Architecture::hidden_channels(channels);
    [
        convolution([channels, hidden], 1, side),
        convolution([hidden / architecture.groups as usize, hidden], 3, side),
        convolution([hidden, channels], 1, side),
        resampled((channels, side)),
    ]
}

/// The 1 × 1 convolution beside a block, where the numbers of channels differ.
fn projection(channels: [usize; 2], side: usize) -> Option<Layer> {
    (channels[0] != channels[1]).then(|| convolution(channels, 1, side))
}

/// Features that no convolution makes.
fn resampled((channels, side): (usize, usize)) -> Layer {
    Layer { weights: 0, positions: 0, values: channels * side * side }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use burn::tensor::Device;

    use super::*;
    use crate::{parameters::shapes, recipe::Recipe};

    /// 100 · 512 · 4² for the latent, 512 · 256 · 4² · 4² and its like at each stage, 64 · 3 · 32² · 4² for the colours.
    #[test]
    fn dcgan_by_hand() {
        let recipe = Recipe::named("dcgan").unwrap();
        let device = Device::flex();
        let generator = recipe.generator(64, 1, &device).unwrap().architecture().generator_cost(100).unwrap();
        assert_eq!(generator.multiplications, 819_200 + 3 * 33_554_432 + 3_145_728);
        assert_eq!(generator.weights, 100 * 8_192 + (512 * 256 + 256 * 128 + 128 * 64 + 64 * 3) * 16);
        assert_eq!(generator.values, 8_192 + 16_384 + 32_768 + 65_536 + 12_288);
        let discriminator = recipe.discriminator(64, 1, &device).unwrap().architecture().discriminator_cost().unwrap();
        assert_eq!(recipe.forward_costs(64).unwrap(), [generator, discriminator]);
        assert_eq!(discriminator.multiplications, 3_145_728 + 3 * 33_554_432 + 8_192);
        assert_eq!(discriminator.values, 65_536 + 32_768 + 16_384 + 8_192 + 1);
        let step = |recipe: &Recipe| recipe.training_multiplications(64).unwrap();
        let [generator, discriminator] = [generator, discriminator].map(|cost| cost.multiplications as f64);
        assert_eq!(step(&recipe), 3.0 * generator + 8.0 * discriminator);
        let more = "phases = [{ update = \"discriminator\", times = 3 }, { update = \"generator\", times = 1 }, \
                    { update = \"discriminator\", times = 2, every = 2 }]";
        let more = recipe.with_overrides(&more.parse().unwrap()).unwrap();
        assert_eq!(step(&more), 1.5 * generator + 6.5 * discriminator);
    }

    /// The layers of the formula have the weights of the networks that are built, in every family.
    #[test]
    fn every_network_has_the_layers_that_are_counted() {
        let kernels = |shapes: BTreeMap<String, Vec<usize>>| -> usize {
            let is_weight = |name: &str, shape: &[usize]| name.ends_with(".weight") && shape.len() > 1;
            let weights = shapes.iter().filter(|(name, shape)| is_weight(name, shape));
            weights.map(|(_, shape)| shape.iter().product::<usize>()).sum()
        };
        let weights = |layers: Vec<Layer>| layers.iter().map(|layer| layer.weights).sum::<usize>();
        let residual = "generator = { family = \"resnet\", kernel = 3, base_channels = 6 }\n\
                        discriminator = { family = \"resnet\", kernel = 3, base_channels = 6, minibatch_group = 2 }";
        for (name, overrides) in [
            ("dcgan", ""),
            ("dcgan-paper", ""),
            ("dcgan-tutorial", ""),
            ("modern", "discriminator.minibatch_group = 4"),
            ("modern", "discriminator.minibatch_kernels = 3"),
            ("dcgan", residual),
            ("dcgan", "generator.max_channels = 96\ndiscriminator.stage_channels = [40, 20, 10]"),
        ] {
            let recipe = Recipe::named(name).unwrap().with_overrides(&overrides.parse().unwrap()).unwrap();
            let generator = recipe.generator(32, 1, &Device::flex()).unwrap();
            let discriminator = recipe.discriminator(32, 1, &Device::flex()).unwrap();
            let counted = generator_layers(generator.architecture(), recipe.latent.size as usize).unwrap();
            assert_eq!(weights(counted), kernels(shapes(&generator)), "{name} {overrides}");
            let counted = discriminator_layers(discriminator.architecture()).unwrap();
            assert_eq!(weights(counted), kernels(shapes(&discriminator)), "{name} {overrides}");
        }
    }
}
