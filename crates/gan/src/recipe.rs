//! A recipe: networks, objective, optimizers and schedule, as data in TOML.

mod overrides;

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::{
    architecture::{Architecture, ArchitectureError, Family, Norm},
    augmentation::AugmentationConfig,
    classes::{ClassUse, Classes},
    discriminator::Discriminator,
    ema::EmaConfig,
    generator::Generator,
    initialization::Initialization,
    latent::LatentConfig,
    objective::ObjectiveConfig,
    optimizer::OptimizerConfig,
    regularization::RegularizationConfig,
    schedule::{self, Network, Phase},
};

/// The recipes that come with this crate: names and their files.
const SHIPPED: [(&str, &str); 10] = [
    ("conditional", include_str!("../recipes/conditional.toml")),
    ("dcgan", include_str!("../recipes/dcgan.toml")),
    ("dcgan-paper", include_str!("../recipes/dcgan-paper.toml")),
    ("dcgan-tutorial", include_str!("../recipes/dcgan-tutorial.toml")),
    ("f-gan", include_str!("../recipes/f-gan.toml")),
    ("gan-2014", include_str!("../recipes/gan-2014.toml")),
    ("improved-2016", include_str!("../recipes/improved-2016.toml")),
    ("modern", include_str!("../recipes/modern.toml")),
    ("modern-short", include_str!("../recipes/modern-short.toml")),
    ("semi-supervised", include_str!("../recipes/semi-supervised.toml")),
];

/// Everything that training depends on but the images, the seed and their number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The name that it is asked for by.
    pub name: String,
    /// What is made of the images' classes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub classes: ClassUse,
    /// One training step, in order.
    pub phases: Vec<Phase>,
    /// What the generator is fed.
    pub latent: LatentConfig,
    /// The network that makes samples.
    pub generator: NetworkConfig,
    /// The network that tells samples from real images.
    pub discriminator: NetworkConfig,
    /// The first weights of both.
    pub initialization: Initialization,
    /// What both minimize.
    pub objective: ObjectiveConfig,
    /// What the discriminator's slope is held down by.
    #[serde(default, skip_serializing_if = "is_default")]
    pub regularization: RegularizationConfig,
    /// What is done to images before the discriminator sees them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub augmentation: AugmentationConfig,
    /// The average of the generator's weights.
    pub ema: EmaConfig,
}

/// A network and its optimizer; the images' side comes from the dataset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// The family of networks, which fixes the sides that there are: see [`Family`].
    pub family: Family,
    /// Channels of the finest hidden features; each coarser stage has twice as many.
    pub base_channels: u32,
    /// The most channels that a stage has; 0: no bound.
    #[serde(default, skip_serializing_if = "is_default")]
    pub max_channels: u32,
    /// Channels of each stage, the coarsest first, in place of those that follow from `base_channels`; none: not used.
    #[serde(default, skip_serializing_if = "is_default")]
    pub stage_channels: Vec<u32>,
    /// Side of the convolutions' kernels.
    pub kernel: u32,
    /// What stands between convolutions and activations.
    #[serde(default, skip_serializing_if = "is_default")]
    pub norm: Norm,
    /// Images whose features' deviation the discriminator sees before its logit; 0: none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub minibatch_group: u32,
    /// Groups of channels in the middle of each residual block, convolved on their own: the cardinality of Xie et al.,
    /// "Aggregated residual transformations for deep neural networks" (2017). 1: no groups.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub groups: u32,
    /// Kernels by which the discriminator sees how near its images are to one another before its logit; 0: none. Salimans et
    /// al., "Improved techniques for training GANs" (2016), section 3.2.
    #[serde(default, skip_serializing_if = "is_default")]
    pub minibatch_kernels: u32,
    /// The discriminator's first layers, as many as this, keep their weights: Mo et al., "Freeze the discriminator: a simple
    /// baseline for fine-tuning GANs" (2020). 0: all learn.
    #[serde(default, skip_serializing_if = "is_default")]
    pub frozen_layers: u32,
    /// What updates its weights.
    pub optimizer: OptimizerConfig,
}

/// Whether a key that came later has the value that recipes without it mean. It is left out of the recipe's text then,
/// so that runs begun before it was there are still the same runs.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn one() -> u32 {
    1
}

/// As [`is_default`], for a number that is 1 where it is left out.
fn is_one(number: &u32) -> bool {
    *number == 1
}

/// A recipe that does not exist or cannot be as it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum RecipeError {
    /// No recipe has that name.
    #[error("there is no recipe {name:?}; choose one of {}", Recipe::names().join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// Overrides name keys that are not there, or give them values of another type.
    #[error("cannot change the recipe: {}", .0.join("; "))]
    Overrides(Vec<String>),
    /// A recipe's text is not one.
    #[error("not a recipe: {0}")]
    Parse(#[from] toml::de::Error),
}

impl Recipe {
    /// The names of all recipes.
    pub fn names() -> Vec<&'static str> {
        SHIPPED.iter().map(|(name, _)| *name).collect()
    }

    /// All recipes: their names, each with what its file says it is.
    pub fn descriptions() -> impl Iterator<Item = (&'static str, String)> {
        let comment = |line: &'static str| line.strip_prefix("# ");
        SHIPPED.iter().map(move |(name, text)| (*name, text.lines().map_while(comment).collect::<Vec<_>>().join(" ")))
    }

    /// The recipe of that name.
    ///
    /// # Errors
    /// When there is none, naming those that there are.
    pub fn named(name: &str) -> Result<Self, RecipeError> {
        let shipped = SHIPPED.iter().find(|(shipped, _)| *shipped == name);
        let (_, text) = shipped.ok_or_else(|| RecipeError::Unknown { name: name.to_owned() })?;
        Self::parse(text)
    }

    /// Reads a recipe that [`Recipe::to_toml`] wrote.
    ///
    /// # Errors
    /// When a key is missing or unknown, or a value of another type.
    pub fn parse(text: &str) -> Result<Self, RecipeError> {
        Ok(toml::from_str(text)?)
    }

    /// The recipe as TOML; equal recipes give equal text.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("names, numbers and lists of them always have a TOML form")
    }

    /// The recipe with single values changed: `generator.base_channels = 16`, as a dotted key or as nested tables.
    ///
    /// # Errors
    /// When anything is wrong, with all problems at once: keys that no recipe has (naming the nearest one, and those
    /// that there are) and values of another type.
    pub fn with_overrides(&self, overrides: &toml::Table) -> Result<Self, RecipeError> {
        overrides::apply(self, overrides).map_err(RecipeError::Overrides)
    }

    /// What keeps this recipe from training on images of `resolution` pixels: all problems at once, none if it works.
    pub fn validate(&self, resolution: u32) -> Vec<String> {
        let mut problems = schedule::problems(&self.phases);
        if !(1..=65_536).contains(&self.latent.size) {
            problems.push(format!("latent.size is {}: choose 1 to 65536", self.latent.size));
        }
        for (network, config) in [("generator", &self.generator), ("discriminator", &self.discriminator)] {
            let features = self.architecture(config, resolution).features();
            problems.extend(features.err().map(|error| format!("{network}: {error}")));
            problems.extend(config.optimizer.problems().iter().map(|problem| format!("{network}.optimizer.{problem}")));
        }
        if self.discriminator.family == Family::Upsample {
            problems.push(format!("discriminator: {}", ArchitectureError::GeneratorsOnly(Family::Upsample)));
        }
        problems.extend(self.spectral_problems());
        let Initialization { weight_std, norm_scale_std } = self.initialization;
        for (key, value) in [("weight_std", weight_std), ("norm_scale_std", norm_scale_std)] {
            if !(value.is_finite() && value >= 0.0) {
                problems.push(format!("initialization.{key} is {value}: it must be 0 or more"));
            }
        }
        let of_batches = [
            ("minibatch_group", self.generator.minibatch_group),
            ("minibatch_kernels", self.generator.minibatch_kernels),
        ];
        for (key, _) in of_batches.into_iter().filter(|(_, value)| *value > 0) {
            problems.push(format!("generator.{key}: only the discriminator sees its batch; leave it 0"));
        }
        if self.discriminator.minibatch_kernels > 1024 {
            let kernels = self.discriminator.minibatch_kernels;
            problems.push(format!("discriminator.minibatch_kernels is {kernels}: choose 0 to 1024"));
        }
        if self.generator.frozen_layers > 0 {
            problems.push("generator.frozen_layers: only the discriminator's can be frozen; leave it 0".into());
        }
        problems.extend(self.objective.problems());
        if self.objective.needs_real_logits()
            && self.phases.first().is_some_and(|phase| phase.update != Network::Discriminator)
        {
            problems.push("phases[0] must update the discriminator: the generator is compared with its images".into());
        }
        let scored = self.architecture(&self.discriminator, resolution);
        let layers = scored.features().map_or(usize::MAX, |features| features.len());
        if self.discriminator.frozen_layers as usize > layers {
            let frozen = self.discriminator.frozen_layers;
            problems
                .push(format!("discriminator.frozen_layers is {frozen}: there are {layers} layers before its head"));
        }
        let is_linear = scored.is_piecewise_linear() && self.classes != ClassUse::SemiSupervised;
        problems.extend(self.regularization.problems(is_linear));
        problems.extend(self.augmentation.problems());
        problems.extend(self.ema.problems());
        problems
    }

    /// What keeps spectral normalization from being where it is asked for.
    fn spectral_problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.generator.norm == Norm::Spectral {
            problems.push(format!("generator: {}", ArchitectureError::SpectralGenerator));
        }
        if self.discriminator.norm != Norm::Spectral {
            return problems;
        }
        if self.discriminator.family == Family::Resnet {
            problems.push(format!("discriminator: {}", ArchitectureError::SpectralBlocks));
        }
        if self.initialization.weight_std == 0.0 {
            problems.push("initialization.weight_std is 0: spectral normalization divides by the weights' size".into());
        }
        problems
    }

    /// Builds the generator for images of `resolution` pixels; `seed` alone decides its weights. It knows no classes.
    ///
    /// # Errors
    /// When [`Recipe::validate`] finds a problem in the network's shape.
    pub fn generator(&self, resolution: u32, seed: u64, device: &Device) -> Result<Generator, ArchitectureError> {
        self.generator_of(&Classes::default(), resolution, seed, device)
    }

    /// Builds the discriminator for images of `resolution` pixels; `seed` alone decides its weights. It knows no classes.
    ///
    /// # Errors
    /// As [`Recipe::generator`].
    pub fn discriminator(
        &self,
        resolution: u32,
        seed: u64,
        device: &Device,
    ) -> Result<Discriminator, ArchitectureError> {
        self.discriminator_of(&Classes::default(), resolution, seed, device)
    }

    /// Builds the generator for images of these classes, which it is told where the recipe is conditional.
    ///
    /// # Errors
    /// As [`Recipe::generator`].
    pub fn generator_of(
        &self,
        classes: &Classes,
        resolution: u32,
        seed: u64,
        device: &Device,
    ) -> Result<Generator, ArchitectureError> {
        let told = (self.classes == ClassUse::Conditional).then_some(classes);
        let architecture = self.architecture_told(&self.generator, resolution, told);
        Generator::new(architecture, self.latent, &self.initialization, seed, device)
    }

    /// Builds the discriminator for images of these classes, which it is told or tells apart, as the recipe has it.
    ///
    /// # Errors
    /// As [`Recipe::generator`].
    pub fn discriminator_of(
        &self,
        classes: &Classes,
        resolution: u32,
        seed: u64,
        device: &Device,
    ) -> Result<Discriminator, ArchitectureError> {
        let told = (self.classes != ClassUse::None).then_some(classes);
        let architecture = self.architecture_told(&self.discriminator, resolution, told);
        Discriminator::new(architecture, &self.initialization, seed, device)
    }

    /// A network for images of `side` pixels that is told of these classes, where there are any.
    fn architecture_told(&self, config: &NetworkConfig, side: u32, classes: Option<&Classes>) -> Architecture {
        let architecture = self.architecture(config, side);
        match classes.filter(|classes| !classes.is_empty()) {
            Some(classes) => Architecture { class_use: self.classes, classes: classes.clone(), ..architecture },
            None => architecture,
        }
    }

    /// The shape of one of the two networks on images of `side` pixels.
    pub(crate) fn architecture(&self, config: &NetworkConfig, side: u32) -> Architecture {
        let NetworkConfig {
            family,
            base_channels,
            max_channels,
            stage_channels,
            kernel,
            norm,
            minibatch_group,
            groups,
            minibatch_kernels,
            frozen_layers: _,
            optimizer: _,
        } = config;
        Architecture {
            recipe: self.name.clone(),
            family: *family,
            side,
            base_channels: *base_channels,
            max_channels: *max_channels,
            stage_channels: stage_channels.clone(),
            kernel: *kernel,
            norm: *norm,
            minibatch_group: *minibatch_group,
            groups: *groups,
            minibatch_kernels: *minibatch_kernels,
            class_use: ClassUse::None,
            classes: Classes::default(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// `dcgan` with networks of a few thousand weights.
    pub(crate) fn tiny() -> Recipe {
        let overrides = "latent.size = 4\ngenerator.base_channels = 2\ndiscriminator.base_channels = 2";
        Recipe::named("dcgan").unwrap().with_overrides(&overrides.parse().unwrap()).unwrap()
    }

    #[test]
    fn shipped_recipes_are_named_as_they_say_and_work() {
        for name in Recipe::names() {
            let recipe = Recipe::named(name).unwrap();
            assert_eq!(recipe.name, name);
            for side in [32, 48, 64, 96, 128] {
                assert_eq!(recipe.validate(side), [""; 0], "{name} at {side} px");
            }
        }
    }

    #[test]
    fn recipes_say_what_they_are() {
        let descriptions: Vec<_> = Recipe::descriptions().collect();
        assert_eq!(descriptions.iter().map(|(name, _)| *name).collect::<Vec<_>>(), Recipe::names());
        assert_eq!(descriptions[1].1, "PyTorch's DCGAN example, with an average of the generator's weights.");
        assert!(descriptions.iter().all(|(_, text)| text.ends_with('.')), "{descriptions:?}");
    }

    #[test]
    fn recipes_survive_their_text() {
        for name in Recipe::names() {
            let recipe = Recipe::named(name).unwrap();
            assert_eq!(Recipe::parse(&recipe.to_toml()).unwrap(), recipe);
            assert_eq!(Recipe::parse(&recipe.to_toml()).unwrap().to_toml(), recipe.to_toml());
        }
    }

    #[test]
    fn the_tutorial_updates_the_generator_twice() {
        let recipe = Recipe::named("dcgan-tutorial").unwrap();
        assert_eq!(recipe.phases[1].times, 2);
        assert!(!recipe.phases[1].fresh_latent);
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let error = Recipe::named("dcgann").unwrap_err().to_string();
        assert_eq!(
            error,
            "there is no recipe \"dcgann\"; choose one of conditional, dcgan, dcgan-paper, dcgan-tutorial, f-gan, gan-2014, \
             improved-2016, modern, modern-short, semi-supervised"
        );
    }

    #[test]
    fn an_unknown_key_in_a_recipe_is_refused() {
        let text = Recipe::named("dcgan").unwrap().to_toml().replace("kernel = 4", "kernel = 4\nkernle = 5");
        assert!(Recipe::parse(&text).unwrap_err().to_string().contains("kernle"));
    }

    #[test]
    fn spectral_normalization_is_refused_where_it_cannot_be() {
        let changed =
            |overrides: &str| Recipe::named("modern").unwrap().with_overrides(&overrides.parse().unwrap()).unwrap();
        let bounded = changed("discriminator.norm = \"spectral\"");
        assert_eq!(bounded.validate(32), [""; 0]);
        assert_eq!(Recipe::parse(&bounded.to_toml()).unwrap(), bounded);
        let wrong = changed(
            "generator.norm = \"spectral\"\ndiscriminator.norm = \"spectral\"\ndiscriminator.family = \"resnet\"\n\
             discriminator.kernel = 3\ninitialization.weight_std = 0.0",
        );
        let problems = wrong.validate(32);
        assert_eq!(problems.len(), 3, "{problems:#?}");
        let expected =
            ["generator: norm is spectral", "discriminator: norm is spectral", "initialization.weight_std is 0"];
        for (problem, expected) in problems.iter().zip(expected) {
            assert!(problem.starts_with(expected), "{problem} is not about {expected}");
        }
        assert!(
            wrong.generator(32, 1, &Device::flex()).is_err() && wrong.discriminator(32, 1, &Device::flex()).is_err()
        );
    }

    #[test]
    fn all_problems_are_listed_at_once() {
        let mut recipe = Recipe::named("dcgan").unwrap();
        recipe.phases.clear();
        recipe.latent.size = 0;
        recipe.generator.base_channels = 0;
        recipe.generator.optimizer.learning_rate = -1.0;
        recipe.discriminator.optimizer.beta_2 = 1.0;
        recipe.initialization.weight_std = f64::NAN;
        recipe.objective.label_smoothing = 0.5;
        recipe.ema.half_life_kimg = -1.0;
        let problems = recipe.validate(50);
        let expected = [
            "phases: none updates the discriminator in every step",
            "phases: none updates the generator in every step",
            "latent.size is 0",
            "generator: base_channels is 0",
            "generator.optimizer.learning_rate is -1",
            "discriminator: dcgan networks cannot have images of 50 px",
            "discriminator.optimizer.beta_2 is 1",
            "initialization.weight_std is NaN",
            "objective.label_smoothing is 0.5",
            "ema.half_life_kimg is -1",
        ];
        assert_eq!(problems.len(), expected.len(), "{problems:#?}");
        for (problem, expected) in problems.iter().zip(expected) {
            assert!(problem.starts_with(expected), "{problem} is not about {expected}");
        }
    }
}
