//! A run as it will be trained: the configuration resolved against its recipe and its dataset.

use std::path::PathBuf;

use contracts::{
    Config, ContentHash,
    config::{Convolution, Precision, Resume, TrainConfig},
    id::RunId,
};
use dataset::Split;
use gan::{ClassUse, Classes, Operators, Recipe, RecipeError};

use crate::{error::TrainError, identity::RunIdentity, labels::Labels};

/// Everything that the loop goes by.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The run's name: a hash of what decides it, behind a readable part.
    pub(crate) run: RunId,
    /// What a checkpoint must have been made with to be resumed.
    pub(crate) identity: RunIdentity,
    /// The recipe with the overrides put in.
    pub(crate) recipe: Recipe,
    /// The classes of the images, as far as the recipe has a use for them.
    pub(crate) labels: Labels,
    /// The side of the images, in pixels.
    pub(crate) resolution: u32,
    /// Keys every random number of the run.
    pub(crate) seed: u64,
    /// Images a step.
    pub(crate) batch_size: usize,
    /// Equal parts that a batch is computed in, one after the other.
    pub(crate) accumulate: usize,
    /// Whose operators the networks compute with.
    pub(crate) operators: Operators,
    /// Real images to be shown in all; the step that reaches it is the last.
    pub(crate) target_images: u64,
    /// Images shown between checkpoints.
    pub(crate) checkpoint_images: u64,
    /// Images shown between sample grids.
    pub(crate) sample_images: u64,
    /// The generator whose weights a run begins at.
    pub(crate) transfer: Option<PathBuf>,
    /// Whether a run that is there already is resumed.
    pub(crate) resume: Resume,
}

impl Plan {
    /// The plan for a dataset of `rows` images of `resolution` pixels.
    ///
    /// # Errors
    /// When the recipe does not exist, the dataset has another resolution than the configuration, or too few rows.
    pub(crate) fn new(
        config: &Config,
        dataset: &ContentHash,
        resolution: u32,
        rows: usize,
    ) -> Result<Self, TrainError> {
        let train = &config.train;
        if resolution != config.pack.resolution {
            return Err(TrainError::Resolution { dataset: resolution, config: config.pack.resolution });
        }
        if rows < train.batch_size {
            return Err(TrainError::TooFewRows { rows, batch_size: train.batch_size });
        }
        let recipe = recipe(train)?;
        Ok(Self {
            run: config.run_id(dataset),
            identity: RunIdentity::new(config, dataset, &recipe),
            resolution,
            seed: config.seed(),
            batch_size: train.batch_size,
            accumulate: train.accumulate,
            operators: operators(train),
            target_images: target_images(train, rows),
            checkpoint_images: images(train.checkpoint_kimg),
            sample_images: images(train.sample_kimg),
            transfer: Some(&train.transfer).filter(|path| !path.is_empty()).map(PathBuf::from),
            resume: train.resume,
            recipe,
            labels: Labels::default(),
        })
    }

    /// The same with the classes of the images that will be trained on.
    ///
    /// # Errors
    /// When the recipe needs classes and the images have none, or the dataset is damaged.
    pub(crate) fn with_labels(mut self, config: &Config, split: &Split) -> Result<Self, TrainError> {
        self.labels = Labels::read(&self.recipe, &config.pack.labels, split)?;
        self.identity = self.identity.with_classes(&self.labels.classes);
        Ok(self)
    }

    /// The classes that the generator is told; none where it is told nothing.
    pub(crate) fn generator_classes(&self) -> Classes {
        if self.recipe.classes == ClassUse::Conditional { self.labels.classes.clone() } else { Classes::default() }
    }

    /// Images in a part of a batch.
    pub(crate) fn part_size(&self) -> usize {
        self.batch_size / self.accumulate
    }
}

fn operators(train: &TrainConfig) -> Operators {
    match (train.convolution, train.precision) {
        (Convolution::Stock, _) => Operators::Burn,
        (Convolution::Fast, Precision::F32 | Precision::Tf32) => Operators::Fast(gan::Precision::Single),
        (Convolution::Fast, Precision::Bf16) => Operators::Fast(gan::Precision::Bf16),
    }
}

/// The recipe that the configuration asks for, with its overrides.
pub(crate) fn recipe(train: &TrainConfig) -> Result<Recipe, RecipeError> {
    base_recipe(train)?.with_overrides(&train.r#override)
}

/// The same without them.
fn base_recipe(train: &TrainConfig) -> Result<Recipe, RecipeError> {
    if train.has_recipe_file() { Recipe::parse(&train.recipe_text) } else { Recipe::named(&train.recipe) }
}

/// What keeps a configuration from being trained, whatever the dataset: all problems at once.
pub(crate) fn problems(config: &Config) -> Vec<String> {
    let recipe = match base_recipe(&config.train) {
        Ok(recipe) => recipe,
        Err(error) => return vec![format!("train.recipe: {error}")],
    };
    match recipe.with_overrides(&config.train.r#override) {
        Ok(recipe) => recipe.validate(config.pack.resolution).iter().map(|p| format!("train.recipe: {p}")).collect(),
        Err(RecipeError::Overrides(problems)) => problems.iter().map(|p| format!("train.override: {p}")).collect(),
        Err(error) => vec![format!("train.override: {error}")],
    }
}

fn target_images(train: &TrainConfig, rows: usize) -> u64 {
    let by_kimg = images(train.max_kimg);
    match train.max_epochs {
        0 => by_kimg,
        epochs => by_kimg.min(epochs.saturating_mul(rows as u64)),
    }
}

/// Thousands of images as images, at least one.
fn images(kimg: f64) -> u64 {
    (kimg * 1000.0).round().max(1.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(overrides: &str) -> Config {
        let mut config = Config::default();
        config.train.r#override = overrides.parse().unwrap();
        config
    }

    fn plan(config: &Config) -> Result<Plan, TrainError> {
        Plan::new(config, &ContentHash::of(b"dataset"), 64, 1000)
    }

    #[test]
    fn problems_are_listed_under_their_key() {
        let check = |config: Config, expected: &[&str]| {
            let found = problems(&config);
            assert_eq!(found.len(), expected.len(), "{found:?}");
            for (found, expected) in found.iter().zip(expected) {
                assert!(found.starts_with(expected), "{found}");
            }
        };
        check(config(""), &[]);
        let mut unknown = config("");
        unknown.train.recipe = "dcgann".into();
        check(unknown, &["train.recipe: there is no recipe \"dcgann\""]);
        check(config("lr = 1\nkernel = 2"), &["train.override: there is no key lr", "train.override: there is no"]);
        let mut no_recipe = config("");
        (no_recipe.train.recipe, no_recipe.train.recipe_text) = ("mine.toml".into(), "name = 1".into());
        check(no_recipe, &["train.recipe: not a recipe"]);
        let mut odd = config("latent.size = 0");
        odd.pack.resolution = 50;
        check(odd, &["train.recipe: latent.size", "train.recipe: generator", "train.recipe: discriminator"]);
    }

    #[test]
    fn whichever_ends_first_ends_the_run() {
        let check = |max_kimg, max_epochs, expected| {
            let train = TrainConfig { max_kimg, max_epochs, ..TrainConfig::default() };
            assert_eq!(target_images(&train, 300), expected, "{max_kimg} kimg, {max_epochs} epochs");
        };
        check(2.0, 0, 2000);
        check(2.0, 3, 900);
        check(0.5, 3, 500);
        check(2.0, u64::MAX, 2000);
        check(0.0001, 0, 1);
    }

    #[test]
    fn what_makes_another_run_is_named_and_length_does_not() {
        let first = plan(&config("")).unwrap();
        let check = |other: &Config, expected: &[&str]| {
            let other = plan(other).unwrap();
            assert_eq!(first.identity.differences(&other.identity), expected);
            assert_eq!(other.run != first.run, !expected.is_empty());
        };
        let mut longer = config("");
        longer.train.max_kimg = 1.0;
        check(&longer, &[]);
        let mut seeded = config("");
        seeded.general.seed = 1;
        check(&seeded, &["seed was 20170112 and is 1"]);
        check(&config("generator.base_channels = 8"), &["recipe.generator.base_channels was 32 and is 8"]);
        let mut in_parts = config("generator.norm = \"none\"\ndiscriminator.norm = \"none\"");
        (in_parts.train.accumulate, in_parts.train.convolution) = (2, Convolution::Stock);
        check(
            &in_parts,
            &[
                "recipe.generator.norm was nothing and is \"none\"",
                "train.accumulate was 1 and is 2",
                "train.convolution was fast and is stock",
            ],
        );
        let mut rounded = config("");
        rounded.train.precision = Precision::Bf16;
        check(&rounded, &["train.precision was nothing and is bf16"]);
        // How parts are added up is not what it was.
        in_parts.train.accumulate = 4;
        in_parts.train.convolution = Convolution::Fast;
        in_parts.train.r#override.clear();
        check(&in_parts, &["train.accumulate was 1 and is 4 along a balanced tree"]);
        // On how many ranks is no part of it.
        let alone = plan(&in_parts).unwrap();
        in_parts.train.ranks = 4;
        let ranks = plan(&in_parts).unwrap();
        assert_eq!((alone.run, alone.identity), (ranks.run, ranks.identity));
    }

    #[test]
    fn a_dataset_that_does_not_fit_is_refused() {
        let refuse = |config: &Config, resolution, rows| {
            Plan::new(config, &ContentHash::of(b"dataset"), resolution, rows).unwrap_err().to_string()
        };
        let few = refuse(&config(""), 64, 15);
        assert!(few.contains("15") && few.contains("16") && few.contains("train.batch_size"), "{few}");
        let other = refuse(&config(""), 32, 1000);
        assert!(other.contains("32") && other.contains("pack.resolution"), "{other}");
    }
}
