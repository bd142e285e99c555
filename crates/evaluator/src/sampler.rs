//! The samples that are measured.

use std::{ops::Range, path::Path};

use contracts::hash::ContentHash;
use gan::Stream;
use generator::{ClassChoice, Device, GeneratorError, TrainedGenerator};
use metrics::{Images, MetricError};
use pictures::Rgb;

use crate::error::EvaluateError;

/// Samples between two looks at whether the user wants to stop: one pass through the network.
pub(crate) const BATCH: usize = 64;

/// Classes that are shown: more rows are no picture that anybody looks at.
const MAX_CLASSES: usize = 64;

/// What images whose class is not known are called.
const UNKNOWN: &str = "no class";

/// A trained generator and the seed of its samples.
pub(crate) struct Sampler {
    generator: TrainedGenerator,
    seed: u64,
}

impl Sampler {
    /// Loads the generator at `path`; what it samples depends on it and on `seed`.
    ///
    /// # Errors
    /// When the file cannot be read or is no generator.
    pub(crate) fn load(path: &Path, seed: u64, device: &Device) -> Result<Self, GeneratorError> {
        Ok(Self { generator: TrainedGenerator::open(path, device)?, seed })
    }

    /// Where the generator was loaded from.
    pub(crate) fn path(&self) -> &Path {
        self.generator.path()
    }

    /// The SHA-256 of the generator's file.
    pub(crate) fn hash(&self) -> ContentHash {
        self.generator.hash()
    }

    /// Pixels across, and down, of its samples.
    pub(crate) fn side(&self) -> usize {
        self.generator.side() as usize
    }

    /// Samples images by their numbers: image n comes of a latent that depends on (seed, n) alone.
    ///
    /// # Errors
    /// When the generator gives values that are no numbers, or the device fails.
    pub(crate) fn sample(&self, numbers: Range<u64>) -> Result<Images, EvaluateError> {
        let latents = self.generator.latents_of(self.seed, Stream::EvaluationLatents, numbers);
        let samples = self.generator.images(&latents)?;
        let pixels = samples.into_iter().flat_map(Rgb::into_bytes).collect();
        Ok(Images::new(self.side(), pixels).map_err(MetricError::from)?)
    }

    /// For each class its name and images of the first `count` latents, the same for all; then, where training met images whose
    /// class was not known, what it makes of those. Nothing where the generator knows no classes.
    ///
    /// # Errors
    /// As [`sample`](Self::sample).
    pub(crate) fn by_class(&self, count: u64) -> Result<Vec<(String, Vec<Rgb>)>, EvaluateError> {
        let classes = self.generator.classes();
        let named = classes.names().iter().enumerate().map(|(class, name)| (name.clone(), ClassChoice::Class(class)));
        let has_others = classes.counts().last().is_some_and(|count| *count > 0);
        let others = has_others.then(|| (UNKNOWN.to_owned(), ClassChoice::Unknown));
        let of_class = |(name, class)| {
            let generator = self.generator.clone().with_class(class)?;
            let latents = generator.latents_of(self.seed, Stream::EvaluationLatents, 0..count);
            Ok((name, generator.images(&latents)?))
        };
        named.take(MAX_CLASSES).chain(others).map(of_class).collect()
    }

    /// The images along a walk from one sample to the next, `frames` a leg, and the last sample.
    ///
    /// # Errors
    /// As [`sample`](Self::sample).
    pub(crate) fn walk(&self, stops: &[u64], frames: u32) -> Result<Vec<Rgb>, EvaluateError> {
        Ok(self.generator.walk_of(self.seed, Stream::EvaluationLatents, stops, frames)?)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use contracts::publish;
    use gan::Recipe;

    use super::*;

    fn saved(folder: &Path) -> PathBuf {
        let recipe = Recipe::named("dcgan").unwrap();
        let narrow = recipe.with_overrides(&"generator.base_channels = 2".parse().unwrap()).unwrap();
        let path = folder.join("generator.safetensors");
        let generator = narrow.generator(32, 1, &Device::flex()).unwrap();
        publish::write_file(&path, &generator.to_safetensors().unwrap()).unwrap();
        path
    }

    #[test]
    fn an_image_depends_on_its_number_and_the_seed_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = saved(folder.path());
        let load = |seed| Sampler::load(&path, seed, &Device::flex()).unwrap();
        let sampler = load(3);
        assert_eq!(sampler.side(), 32);
        let together = sampler.sample(0..5).unwrap();
        assert_eq!(together.len(), 5);
        assert_eq!(sampler.sample(3..4).unwrap().iter().next(), together.iter().nth(3));
        assert_ne!(together.iter().next(), together.iter().nth(1));
        assert_ne!(load(4).sample(0..5).unwrap(), together);
        assert!(sampler.sample(7..7).unwrap().is_empty());
    }
}
