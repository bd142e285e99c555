//! A trained generator, and the images that it makes.

use std::{ops::Range, path::Path, path::PathBuf};

use burn::tensor::{Device, Tensor};
use contracts::{
    hash::ContentHash,
    publish::{self, FileError},
};
use gan::{Generator, Philox, Stream, WeightsError};

use crate::images::{CHANNELS, Images, IncompleteImages};

/// How many images are sampled at a time: one pass of a common batch.
pub(crate) const BATCH: usize = 64;

/// A generator that was trained, on the CPU; its BatchNorm rests on the running statistics.
pub struct Sampler {
    path: PathBuf,
    hash: ContentHash,
    generator: Generator,
    philox: Philox,
    device: Device,
}

/// A generator that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is no generator.
    #[error("cannot read the generator at {}: {source}; train again with `cargo xtask train`", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: WeightsError,
    },
    /// Its weights overflowed.
    #[error(
        "the generator at {} makes values that are no numbers: its training diverged; train again with a lower \
         learning rate or another recipe",
        .0.display()
    )]
    NotFinite(PathBuf),
    /// What it made could not be read back.
    #[error("cannot read back what the generator made: {0}")]
    Device(String),
    /// It made something else than images.
    #[error(transparent)]
    Images(#[from] IncompleteImages),
}

impl Sampler {
    /// Loads the generator at `path`; what it samples depends on it and on `seed`.
    ///
    /// # Errors
    /// When the file cannot be read or is no generator.
    pub fn load(path: &Path, seed: u64) -> Result<Self, SampleError> {
        let bytes = publish::read_file(path)?;
        let device = Device::flex();
        let generator = Generator::from_safetensors(&bytes, &device)
            .map_err(|source| SampleError::Weights { path: path.into(), source })?;
        let philox = Philox::new(seed, Stream::EvaluationLatents);
        Ok(Self { path: path.into(), hash: ContentHash::of(&bytes), generator, philox, device })
    }

    /// Where the generator was loaded from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The hash of the generator's file.
    pub fn hash(&self) -> ContentHash {
        self.hash
    }

    /// The side of its samples, in pixels.
    pub fn side(&self) -> usize {
        self.generator.architecture().side as usize
    }

    /// Samples images by their numbers, in one pass through the network: image n comes of a latent that depends on
    /// (seed, n) alone.
    ///
    /// # Errors
    /// When the generator gives values that are no numbers, or the device fails.
    pub fn sample(&self, numbers: Range<u64>) -> Result<Images, SampleError> {
        if numbers.is_empty() {
            return Ok(Images::new(self.side(), Vec::new())?);
        }
        let latent = |number| self.generator.latent().sample(&self.philox, number, 1, &self.device);
        let latents = Tensor::cat(numbers.map(latent).collect(), 0);
        let samples = self.generator.forward(latents).try_into_data();
        let samples = samples.map_err(|error| SampleError::Device(error.to_string()))?;
        let values = samples.try_to_vec::<f32>().map_err(|error| SampleError::Device(format!("{error:?}")))?;
        if values.iter().any(|value| !value.is_finite()) {
            return Err(SampleError::NotFinite(self.path.clone()));
        }
        let plane = self.side() * self.side();
        let pixels = values.chunks_exact(CHANNELS * plane).flat_map(|planes| interleaved(planes, plane)).collect();
        Ok(Images::new(self.side(), pixels)?)
    }
}

/// Three planes of numbers from −1 to 1 as pixels from 0 to 255.
fn interleaved(planes: &[f32], plane: usize) -> impl Iterator<Item = u8> {
    let values = (0..plane).flat_map(move |pixel| (0..CHANNELS).map(move |channel| planes[channel * plane + pixel]));
    values.map(|value| (value * 127.5 + 127.5).round().clamp(0.0, 255.0) as u8)
}

#[cfg(test)]
mod tests {
    use gan::Recipe;

    use super::*;

    fn saved(folder: &Path, change: impl FnOnce(&mut Vec<u8>)) -> PathBuf {
        let recipe = Recipe::named("dcgan").unwrap();
        let narrow = recipe.with_overrides(&"generator.base_channels = 2".parse().unwrap()).unwrap();
        let mut bytes = narrow.generator(32, 1, &Device::flex()).unwrap().to_safetensors().unwrap();
        change(&mut bytes);
        let path = folder.join("generator.safetensors");
        publish::write_file(&path, &bytes).unwrap();
        path
    }

    #[test]
    fn planes_become_pixels() {
        let pixels: Vec<u8> = interleaved(&[-1.0, 1.0, 0.0, -0.6, 0.6, 9.0], 2).collect();
        assert_eq!(pixels, [0, 128, 204, 255, 51, 255]);
    }

    #[test]
    fn an_image_depends_on_its_number_and_the_seed_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = saved(folder.path(), |_| ());
        let sampler = Sampler::load(&path, 3).unwrap();
        assert_eq!(sampler.side(), 32);
        let together = sampler.sample(0..5).unwrap();
        assert_eq!(together.len(), 5);
        assert_eq!(sampler.sample(3..4).unwrap().iter().next(), together.iter().nth(3));
        assert_ne!(together.iter().next(), together.iter().nth(1));
        assert_ne!(Sampler::load(&path, 4).unwrap().sample(0..5).unwrap(), together);
        assert!(sampler.sample(7..7).unwrap().is_empty());
    }

    #[test]
    fn a_generator_that_cannot_be_used_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let cut = Sampler::load(&saved(folder.path(), |bytes| bytes.truncate(100)), 1).err().unwrap();
        assert!(cut.to_string().contains("cannot read the generator at"), "{cut}");
        let diverged = |bytes: &mut Vec<u8>| bytes.chunks_exact_mut(4).rev().take(500).for_each(|v| v.fill(0xff));
        let error = Sampler::load(&saved(folder.path(), diverged), 1).unwrap().sample(0..1).unwrap_err();
        assert!(error.to_string().contains("training diverged"), "{error}");
    }
}
