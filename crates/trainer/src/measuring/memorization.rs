//! Whether a run learns its training images by heart: its discriminator, and its generator.

use burn::{
    module::Module,
    tensor::{Device, Tensor, TensorData},
};
use dataset::{CHANNELS, Split};
use gan::{ClassUse, Discriminator, Generator, ImageBatch, Philox, Stream, class_rows};
use generator::read_values;
use metrics::{Features, Images, nearest, thumbnails};
use serde::{Deserialize, Serialize};

use crate::{
    error::TrainError,
    networks::Networks,
    plan::Plan,
    spread::{spread_images, spread_rows},
};

/// Images of each kind that the discriminator judges: as many as the paper's heuristic averages over.
const JUDGED: usize = 256;

/// Images of one pass through a network.
const BATCH: usize = 64;

/// Samples whose nearest real image is looked for.
const MAX_COMPARED: usize = 500;

/// Training images among which it is looked for: where there are more, copies of single ones are no danger of minutes.
const MAX_TRAINING_IMAGES: usize = 4096;

/// Images that were kept out among which it is looked for.
const MAX_HOLDOUT_IMAGES: usize = 1024;

/// A discriminator that tells samples from training images by less than this, in logits, knows neither by heart.
const MIN_TOLD_APART: f32 = 0.1;

/// A discriminator to whom unseen images look nearly as samples do has learnt the others by heart.
const MAX_OVERFITTING: f32 = 0.9;

/// By so many standard deviations too few samples must be nearest to an unseen image: chance alone takes 30,000
/// measurements to come that far.
const MIN_DEVIATIONS: f32 = 4.0;

/// And there must be less than this share of those that were to be expected: a split that goes by post is never quite even.
const MAX_SHARE_OF_EXPECTED: f32 = 0.5;

/// What tells learning by heart from learning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Memorization {
    /// The mean logit of training images.
    pub(crate) logit_train: f32,
    /// The mean logit of images that were kept out.
    pub(crate) logit_holdout: f32,
    /// The mean logit of the generator's samples.
    pub(crate) logit_samples: f32,
    /// r_v, 0 where the discriminator judges unseen images as training images and 1 where it judges them as samples.
    /// Absent where it does not tell those apart.
    ///
    /// Karras et al., "Training generative adversarial networks with limited data" (2020), equation 1:
    /// r_v = (E\[D_train\] − E\[D_validation\]) / (E\[D_train\] − E\[D_generated\]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) overfitting: Option<f32>,
    /// The share of samples whose nearest real image is one that was kept out.
    pub(crate) nearest_holdout: f32,
    /// The share that is to be expected of a generator that copies nothing: that of the images kept out among all.
    pub(crate) nearest_holdout_expected: f32,
    /// How many samples were compared.
    pub(crate) compared: u32,
}

impl Memorization {
    /// Whether the generator copies training images.
    pub(crate) fn copies(&self) -> bool {
        let expected = self.nearest_holdout_expected;
        let deviation = (expected * (1.0 - expected) / self.compared as f32).sqrt();
        let missing = expected - self.nearest_holdout;
        missing > MIN_DEVIATIONS * deviation && self.nearest_holdout < MAX_SHARE_OF_EXPECTED * expected
    }

    /// What is to be said of it: a sentence for each player that has learnt by heart.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.copies() {
            warnings.push(format!(
                "the generator memorizes: {:.1} % of its samples are nearest to an image that it never saw, where {:.1} % \
                 would be if it copied none; gather more images (crawl.max_posts), or train for less long",
                100.0 * self.nearest_holdout,
                100.0 * self.nearest_holdout_expected
            ));
        }
        if let Some(overfitting) = self.overfitting.filter(|overfitting| *overfitting > MAX_OVERFITTING) {
            warnings.push(format!(
                "the discriminator memorizes: it takes images that it never saw for samples (r_v is {overfitting:.2}, 0 is \
                 best); gather more images (crawl.max_posts), mirror or augment them (train.override = {{ \
                 augmentation.flip = true }}), or train for less long"
            ));
        }
        warnings
    }

    /// All figures by their names in `metrics.jsonl`.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&'static str, f32)> {
        let all = [
            ("logit_train", self.logit_train),
            ("logit_holdout", self.logit_holdout),
            ("logit_samples", self.logit_samples),
            ("nearest_holdout", self.nearest_holdout),
        ];
        all.into_iter().chain(self.overfitting.map(|overfitting| ("overfitting", overfitting)))
    }
}

/// Looks for what was learnt by heart, against the same images each time.
pub(crate) struct MemorizationProbe<'a> {
    plan: &'a Plan,
    splits: [&'a Split; 2],
    device: Device,
    known: KnownImages,
}

/// The real images among which those nearest to samples are.
struct KnownImages {
    /// Training images, then those that were kept out, each as a thumbnail.
    thumbnails: Features,
    /// How many of them are training images.
    training_images: usize,
}

impl<'a> MemorizationProbe<'a> {
    /// A probe of a run's networks by its training images and those that were kept out.
    ///
    /// # Errors
    /// When the dataset is damaged.
    pub(crate) fn new(plan: &'a Plan, splits: [&'a Split; 2], device: &Device) -> Result<Self, TrainError> {
        let train = spread_images(splits[0], MAX_TRAINING_IMAGES)?;
        let holdout = spread_images(splits[1], MAX_HOLDOUT_IMAGES)?;
        Ok(Self { plan, splits, device: device.clone(), known: KnownImages::new(train, holdout) })
    }

    /// What the networks know by heart; `samples` are of the averaged generator.
    ///
    /// # Errors
    /// When the device fails or the dataset is damaged.
    pub(crate) fn measure(&self, networks: &Networks, samples: &Images) -> Result<Memorization, TrainError> {
        let discriminator = networks.discriminator.valid();
        let [logit_train, logit_holdout] = self.splits.map(|split| self.judge(&discriminator, split));
        let logit_samples = self.judge_samples(&discriminator, &networks.generator.valid())?;
        let (logit_train, logit_holdout) = (logit_train?, logit_holdout?);
        let told_apart = logit_train - logit_samples;
        let overfitting = (told_apart > MIN_TOLD_APART).then(|| (logit_train - logit_holdout) / told_apart);
        let samples = samples.first(MAX_COMPARED);
        Ok(Memorization {
            logit_train,
            logit_holdout,
            logit_samples,
            overfitting,
            nearest_holdout: self.known.nearest_holdout(&samples),
            nearest_holdout_expected: self.known.holdout_share(),
            compared: samples.len() as u32,
        })
    }

    /// The mean logit of images that are spread over a split.
    fn judge(&self, discriminator: &Discriminator, split: &Split) -> Result<f32, TrainError> {
        let (rows, shape) = (spread_rows(JUDGED, split.len()), split.shape());
        let side = split.side() as usize;
        let mut logits = Vec::with_capacity(rows.len());
        for rows in rows.chunks(BATCH) {
            let mut values = vec![0.0; rows.len() * shape.values()];
            split.copy_chw_f32(rows, &mut values)?;
            let data = TensorData::new(values, [rows.len(), CHANNELS, side, side]);
            let batch =
                ImageBatch { images: Tensor::from_data(data, &self.device), classes: self.classes(split, rows)? };
            logits.extend(read_values("logits", discriminator.forward(batch))?);
        }
        Ok(mean(&logits))
    }

    /// The rows' classes as the discriminator is told them; none where it is told nothing.
    fn classes(&self, split: &Split, rows: &[usize]) -> Result<Option<Tensor<2>>, TrainError> {
        if self.plan.recipe.classes != ClassUse::Conditional {
            return Ok(None);
        }
        let labels = &self.plan.labels;
        Ok(Some(class_rows(&labels.of_split(split, rows)?, labels.classes.len(), &self.device)))
    }

    /// The mean logit of samples of the generator that the discriminator plays against.
    fn judge_samples(&self, discriminator: &Discriminator, generator: &Generator) -> Result<f32, TrainError> {
        let philox = Philox::new(self.plan.seed, Stream::MeasuredLatents);
        let latents = generator.sample_latents(&philox, 0, JUDGED, &self.device);
        let mut logits = Vec::with_capacity(JUDGED);
        for batch in latents.chunk(JUDGED / BATCH, 0) {
            let (_, classes) = generator.split_classes(batch.clone());
            let samples = ImageBatch { images: generator.forward(batch), classes };
            logits.extend(read_values("logits", discriminator.forward(samples))?);
        }
        Ok(mean(&logits))
    }
}

impl KnownImages {
    fn new(train: Images, holdout: Images) -> Self {
        let (side, training_images) = (train.side(), train.len());
        let pixels = [train.into_pixels(), holdout.into_pixels()].concat();
        let all = Images::new(side, pixels).expect("each image is whole");
        Self { thumbnails: thumbnails_of(&all), training_images }
    }

    /// The share of samples whose nearest real image was kept out.
    fn nearest_holdout(&self, samples: &Images) -> f32 {
        let samples = thumbnails_of(samples);
        let nearest = nearest(&samples, &self.thumbnails, 1).expect("thumbnails are of one size");
        let of_holdout = nearest.iter().flatten().filter(|neighbour| neighbour.index >= self.training_images).count();
        of_holdout as f32 / samples.len() as f32
    }

    /// The share of images that were kept out.
    fn holdout_share(&self) -> f32 {
        1.0 - self.training_images as f32 / self.thumbnails.len() as f32
    }
}

fn thumbnails_of(images: &Images) -> Features {
    thumbnails(images).expect("images have finite features")
}

fn mean(values: &[f32]) -> f32 {
    (values.iter().map(|value| f64::from(*value)).sum::<f64>() / values.len() as f64) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learning_by_heart_is_said() {
        let check = |nearest_holdout, expected, overfitting, said: &[&str]| {
            let memorization = Memorization {
                overfitting,
                nearest_holdout,
                nearest_holdout_expected: expected,
                compared: 500,
                ..Memorization::default()
            };
            let warnings = memorization.warnings();
            assert_eq!(warnings.len(), said.len(), "{memorization:?}: {warnings:?}");
            for (warning, said) in warnings.iter().zip(said) {
                assert!(warning.contains(said), "{warning}");
            }
        };
        check(0.05, 0.05, None, &[]);
        check(0.05, 0.05, Some(0.89), &[]);
        check(0.05, 0.05, Some(0.95), &["r_v is 0.95"]);
        check(0.002, 0.05, Some(0.5), &["0.2 % of its samples"]);
        check(0.0, 0.2, Some(1.1), &["the generator memorizes", "the discriminator memorizes"]);
        // Less than expected, but not so much that it must be copying.
        check(0.4, 0.5, None, &[]);
        check(0.02, 0.05, None, &[]);
    }

    /// Images of 4 × 4 random colours each, seen at 16 × 16 pixels; the noise is of other images.
    fn random_images(numbers: std::ops::Range<u64>, noise: f32) -> Images {
        let philox = Philox::new(3, Stream::Augmentation);
        let image = |number: u64| {
            let (mut colours, mut noises) = (vec![0.0; 48], vec![0.0; 16 * 16 * 3]);
            philox.fill_uniform(number, &mut colours);
            philox.fill_uniform(1_000_000 + number, &mut noises);
            let value = move |at: usize| {
                let (x, y, channel) = (at / 3 % 16, at / 48, at % 3);
                let value = colours[(y / 4 * 4 + x / 4) * 3 + channel] + noise * (noises[at] - 0.5);
                (255.0 * value.clamp(0.0, 1.0)) as u8
            };
            (0..16 * 16 * 3).map(value).collect::<Vec<_>>()
        };
        Images::new(16, numbers.flat_map(image).collect()).unwrap()
    }

    #[test]
    fn a_generator_that_copies_is_told_from_one_that_does_not() {
        let known = KnownImages::new(random_images(0..400, 0.0), random_images(400..440, 0.0));
        let of = |samples: &Images| Memorization {
            nearest_holdout: known.nearest_holdout(samples),
            nearest_holdout_expected: known.holdout_share(),
            compared: samples.len() as u32,
            ..Memorization::default()
        };
        let copied = of(&random_images(0..400, 0.3));
        assert!(copied.copies() && copied.nearest_holdout == 0.0, "{copied:?}");
        let new = of(&random_images(1000..1400, 0.3));
        assert!(!new.copies() && (0.04..0.16).contains(&new.nearest_holdout), "{new:?}");
        // Blurred images are near to all, and to those kept out no less.
        let grey = |values: Vec<u8>| values.into_iter().map(|value| 96 + value / 4).collect();
        let blurred = of(&Images::new(16, grey(random_images(2000..2400, 0.0).into_pixels())).unwrap());
        assert!(!blurred.copies(), "{blurred:?}");
    }
}
