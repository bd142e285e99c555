//! A generator that was trained, opened from where training left it.

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

use burn::tensor::{Device, Tensor, TensorData};
use contracts::{ContentHash, Voucher, layout::RunLayout, publish};
use gan::{Architecture, Classes, Generator, LatentConfig, Philox, Stream};
use pictures::Rgb;

use crate::{class_choice::ClassChoice, error::GeneratorError, interpolation::spherical, readback::read_values};

/// Images in one pass through the network: more take more memory and are no faster on a processor.
const BATCH: usize = 64;

/// A number is drawn again so often at most: at the least bound that makes sense, 0.05, one in 25 lies within.
const MAX_REDRAWS: u16 = 4096;

/// A generator that was trained; its BatchNorm rests on the running statistics.
///
/// Where it knows classes, a latent ends with its class's row: a number for each class, and one more for images whose class was
/// not known. What is drawn, walked between, mixed and added are these rows too.
#[derive(Clone, Debug)]
pub struct TrainedGenerator {
    path: PathBuf,
    hash: ContentHash,
    class: ClassChoice,
    pub(crate) network: Generator,
    pub(crate) device: Device,
}

impl TrainedGenerator {
    /// Opens the generator of a run's folder, or a bare `generator.safetensors`, for a device without autodiff. Where a run's
    /// records lie beside it, it is what they state.
    ///
    /// # Errors
    /// When the file cannot be read, is no generator, or another one than the records beside it state.
    pub fn open(path: &Path, device: &Device) -> Result<Self, GeneratorError> {
        let path = if path.is_dir() { RunLayout::at(path).generator() } else { path.to_path_buf() };
        let bytes = publish::read_file(&path)?;
        let hash = ContentHash::of(&bytes);
        if let Some(voucher) = Voucher::beside(&path)?.filter(|voucher| voucher.hash != hash) {
            return Err(GeneratorError::Altered { path, record: voucher.record });
        }
        let network = Generator::from_safetensors(&bytes, device)
            .map_err(|source| GeneratorError::Weights { path: path.clone(), source })?;
        Ok(Self { path, hash, class: ClassChoice::Drawn, network, device: device.clone() })
    }

    /// The same generator, whose latents are drawn of this class from now on.
    ///
    /// # Errors
    /// When it knows no classes, or not that one.
    pub fn with_class(self, class: ClassChoice) -> Result<Self, GeneratorError> {
        if let Some(problem) = class.problem(self.classes()) {
            return Err(GeneratorError::Class { path: self.path, problem });
        }
        Ok(Self { class, ..self })
    }

    /// The classes that it knows, with their names; empty for a generator that was told none.
    pub fn classes(&self) -> &Classes {
        self.network.classes()
    }

    /// The file that it was loaded from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The SHA-256 of that file.
    pub fn hash(&self) -> ContentHash {
        self.hash
    }

    /// The family, widths and recipe of its network.
    pub fn architecture(&self) -> &Architecture {
        self.network.architecture()
    }

    /// How many numbers a latent has before its class's row, and where they are drawn from.
    pub fn latent(&self) -> LatentConfig {
        self.network.latent()
    }

    /// Pixels across, and down, of its images.
    pub fn side(&self) -> u32 {
        self.network.architecture().side
    }

    /// Numbers in one of its latents, its class's row among them.
    pub fn latent_size(&self) -> usize {
        self.drawn_size() + self.classes().row_length()
    }

    /// What stands in one of its latents for the class; empty where it knows none.
    pub fn class_row<'a>(&self, latent: &'a [f32]) -> &'a [f32] {
        &latent[latent.len().saturating_sub(self.classes().row_length())..]
    }

    /// Numbers in one of its latents before its class's row.
    pub(crate) fn drawn_size(&self) -> usize {
        self.network.latent().size as usize
    }

    /// The latents with these numbers under a seed, from the distribution that the generator was trained on. Where it knows
    /// classes and none was chosen by [`with_class`](Self::with_class), those are drawn as often as training met them.
    pub fn latents(&self, seed: u64, numbers: Range<u64>) -> Vec<Vec<f32>> {
        self.latents_of(seed, Stream::SampleLatents, numbers)
    }

    /// The same of another stream of random numbers: what is measured is not what is shown.
    pub fn latents_of(&self, seed: u64, stream: Stream, numbers: Range<u64>) -> Vec<Vec<f32>> {
        let philox = Philox::new(seed, stream);
        // A number is a step of the stream, so that a latent does not depend on those before it.
        let latent = |number| {
            let latent = self.network.latent().sample(&philox, number, 1, &Device::flex());
            latent.into_data().try_to_vec().expect("latents are drawn as f32 and on the CPU")
        };
        let with_row = |number| [latent(number), self.class.row(self.classes(), &philox, number)].concat();
        numbers.map(with_row).collect()
    }

    /// The same, but that a latent with a number beyond ±`bound`, where there is a bound, has that number drawn again until it lies
    /// within: the truncation trick of Brock et al., "Large scale GAN training for high fidelity natural image synthesis" (2019),
    /// section 3.1, which gives up variety for fewer odd images. A latent that lies within is what it is without.
    pub fn truncated_latents(&self, seed: u64, numbers: Range<u64>, bound: Option<f32>) -> Vec<Vec<f32>> {
        let first = self.latents(seed, numbers.clone());
        let Some(bound) = bound else { return first };
        numbers.zip(first).map(|(number, latent)| self.redrawn(seed, number, latent, bound)).collect()
    }

    fn redrawn(&self, seed: u64, number: u64, mut latent: Vec<f32>, bound: f32) -> Vec<f32> {
        let philox = Philox::new(seed, Stream::SampleLatents);
        for attempt in 1..MAX_REDRAWS {
            let drawn = &mut latent[..self.drawn_size()];
            if drawn.iter().all(|value| value.abs() <= bound) {
                return latent;
            }
            let again = self.network.latent().sample(&philox.with_attempt(attempt), number, 1, &Device::flex());
            let again: Vec<f32> = again.into_data().try_to_vec().expect("latents are drawn as f32 and on the CPU");
            let beyond = drawn.iter_mut().zip(again).filter(|(value, _)| value.abs() > bound);
            beyond.for_each(|(value, again)| *value = again);
        }
        latent[..self.drawn_size()].iter_mut().for_each(|value| *value = value.clamp(-bound, bound));
        latent
    }

    /// The images of the latents with these numbers under a seed.
    ///
    /// # Errors
    /// When the generator makes values that are no numbers, or the device fails.
    pub fn sample(&self, seed: u64, numbers: Range<u64>) -> Result<Vec<Rgb>, GeneratorError> {
        self.images(&self.latents(seed, numbers))
    }

    /// The images along a walk over the sphere from the latent of one number to that of the next, `frames` a leg; the last
    /// stop is one more image. A walk that ends where it began is a loop.
    ///
    /// # Errors
    /// As [`sample`](Self::sample).
    pub fn walk(&self, seed: u64, stops: &[u64], frames: u32) -> Result<Vec<Rgb>, GeneratorError> {
        self.walk_of(seed, Stream::SampleLatents, stops, frames)
    }

    /// The same between the latents of another stream of random numbers.
    ///
    /// # Errors
    /// As [`sample`](Self::sample).
    pub fn walk_of(&self, seed: u64, stream: Stream, stops: &[u64], frames: u32) -> Result<Vec<Rgb>, GeneratorError> {
        let stops: Vec<_> = stops.iter().flat_map(|stop| self.latents_of(seed, stream, *stop..*stop + 1)).collect();
        let shares = || (0..frames).map(|frame| f64::from(frame) / f64::from(frames));
        let leg = |pair: &[Vec<f32>]| shares().map(|share| self.between(&pair[0], &pair[1], share)).collect::<Vec<_>>();
        let mut latents: Vec<_> = stops.windows(2).flat_map(leg).collect();
        latents.extend(stops.last().cloned());
        self.images(&latents)
    }

    /// A point of the way from one latent to another: over the sphere, and straight from class to class.
    fn between(&self, from: &[f32], to: &[f32], share: f64) -> Vec<f32> {
        let ((from, from_row), (to, to_row)) = (from.split_at(self.drawn_size()), to.split_at(self.drawn_size()));
        let rows = from_row.iter().zip(to_row);
        let row = rows.map(|(from, to)| (f64::from(*from) * (1.0 - share) + f64::from(*to) * share) as f32);
        spherical(from, to, share).into_iter().chain(row).collect()
    }

    /// The images of latents, in their order, each of [`latent_size`](Self::latent_size) numbers.
    ///
    /// # Panics
    /// When a latent has another size.
    ///
    /// # Errors
    /// As [`sample`](Self::sample).
    pub fn images(&self, latents: &[Vec<f32>]) -> Result<Vec<Rgb>, GeneratorError> {
        let mut images = Vec::with_capacity(latents.len());
        for batch in latents.chunks(BATCH) {
            images.extend(self.batch(batch)?);
        }
        Ok(images)
    }

    fn batch(&self, latents: &[Vec<f32>]) -> Result<Vec<Rgb>, GeneratorError> {
        let shape = [latents.len(), self.latent_size()];
        let latents = Tensor::from_data(TensorData::new(latents.concat(), shape), &self.device);
        let values = read_values("samples", self.network.forward(latents))?;
        // Said here, because a byte made of NaN is 0, and the image merely dark.
        if values.iter().any(|value| !value.is_finite()) {
            return Err(GeneratorError::NotFinite(self.path.clone()));
        }
        let side = self.side();
        let planes = 3 * side as usize * side as usize;
        let image = |planes: &[f32]| Rgb::from_planes(side, side, planes).expect("the network's output is square");
        Ok(values.chunks_exact(planes).map(image).collect())
    }
}
