//! Samples of a generator against real images, as features of a network that needs no weights.

use burn::tensor::{Device, Tensor};
use contracts::MeasuringMethod;
use dataset::Split;
use gan::{Generator, Philox, Stream};
use generator::read_values;
use metrics::{
    Features, Images, KernelOptions, Metric, MetricError, Options, RANDOM_NETWORK_VERSION, RandomNetwork, measure,
};
use pictures::Rgb;

use super::{
    memorization::{Memorization, MemorizationProbe},
    plan::MeasuringPlan,
};
use crate::{context::TrainingContext, error::TrainError, networks::Networks, plan::Plan, spread::spread_images};

/// Samples of one pass through the generator: more take more memory and are no faster on a processor.
const BATCH: usize = 64;

/// Fewer images that were kept out say less than training images do, though those flatter a generator that copies.
const MIN_HOLDOUT: usize = 100;

/// Subsets of the kernel distance: a tenth of what is customary, which shows in its second digit.
const KERNEL_SUBSETS: usize = 10;

/// Measures generators against the same real images and by the same latents each time: what differs is the generator.
pub(crate) struct Measurer<'a> {
    plan: &'a Plan,
    measuring: &'a MeasuringPlan,
    /// Training images, and those that were kept out.
    splits: [&'a Split; 2],
    device: Device,
    /// Made when the first generator is measured: a run that is stopped before that has nothing to wait for.
    reference: Option<Reference<'a>>,
}

/// A generator's figures.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Measured {
    /// Each metric's value, the one that chooses first.
    pub(crate) values: Vec<(Metric, f32)>,
    /// How that one was measured.
    pub(crate) method: MeasuringMethod,
    /// What was learnt by heart, where enough images were kept out to tell.
    pub(crate) memorization: Option<Memorization>,
}

impl Measured {
    /// All figures by their names in `metrics.jsonl`.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&'static str, f32)> {
        let values = self.values.iter().map(|(metric, value)| (metric.name(), *value));
        values.chain(self.memorization.iter().flat_map(Memorization::named))
    }
}

impl<'a> Measurer<'a> {
    /// A measurer of a plan's networks.
    pub(crate) fn new(plan: &'a Plan, context: &TrainingContext<'a>) -> Self {
        let splits = [context.rank.split, context.holdout];
        Self {
            plan,
            measuring: context.measuring,
            splits,
            device: context.rank.device.clone().inner(),
            reference: None,
        }
    }

    /// The figures of an averaged generator, `average`, and what the networks know by heart. There are none, and it is
    /// said, where too few images define them, and where samples are no numbers, for which the steps' own metrics will
    /// have a word.
    ///
    /// # Errors
    /// When the device fails or the dataset is damaged.
    pub(crate) fn measure(&mut self, networks: &Networks, average: &Generator) -> Result<Option<Measured>, TrainError> {
        let Some(samples) = self.samples(average)? else {
            tracing::warn!("the generator was not measured: its samples are no numbers");
            return Ok(None);
        };
        let reference = match self.reference.take() {
            Some(reference) => reference,
            None => Reference::new(self)?,
        };
        let reference = self.reference.insert(reference);
        match reference.measure(&self.measuring.metrics, &samples, self.plan.seed) {
            Ok(measured) => {
                let memorization =
                    reference.probe.as_ref().map(|probe| probe.measure(networks, &samples)).transpose()?;
                Ok(Some(Measured { memorization, ..measured }))
            }
            Err(error) => {
                tracing::warn!("the generator was not measured: {error}");
                Ok(None)
            }
        }
    }

    /// What the generator makes of the latents that never change; `None` where a value is no number.
    fn samples(&self, generator: &Generator) -> Result<Option<Images>, TrainError> {
        let (count, side) = (self.measuring.samples, self.plan.resolution);
        let philox = Philox::new(self.plan.seed, Stream::MeasuredLatents);
        let latents = generator.sample_latents(&philox, 0, count, &self.device);
        let mut pixels = Vec::with_capacity(count * 3 * (side as usize).pow(2));
        for first in (0..count).step_by(BATCH) {
            let batch: Tensor<2> = latents.clone().narrow(0, first, BATCH.min(count - first));
            let values = read_values("samples to measure", generator.forward(batch))?;
            // Said here, because a byte made of NaN is 0, and the image merely dark.
            if values.iter().any(|value| !value.is_finite()) {
                return Ok(None);
            }
            for planes in values.chunks_exact(3 * (side as usize).pow(2)) {
                let image = Rgb::from_planes(side, side, planes).expect("the network's output is square");
                pixels.extend(image.into_bytes());
            }
        }
        Ok(Some(images(side, pixels)))
    }
}

/// What generators are held against.
struct Reference<'a> {
    network: RandomNetwork,
    real: Features,
    split: String,
    /// Where enough images were kept out to tell.
    probe: Option<MemorizationProbe<'a>>,
}

impl<'a> Reference<'a> {
    fn new(measurer: &Measurer<'a>) -> Result<Self, TrainError> {
        let [train, holdout] = measurer.splits;
        let has_holdout = holdout.len() >= MIN_HOLDOUT;
        let split = if has_holdout { holdout } else { train };
        let network = RandomNetwork::new();
        let real = features(&network, &spread_images(split, measurer.measuring.samples)?);
        let probe = || MemorizationProbe::new(measurer.plan, measurer.splits, &measurer.device);
        let probe = has_holdout.then(probe).transpose()?;
        Ok(Self { network, real, split: split.name().to_string(), probe })
    }

    fn measure(&self, metrics: &[Metric], samples: &Images, seed: u64) -> Result<Measured, MetricError> {
        let options = Options::without_intervals(seed);
        let kernel = KernelOptions { subsets: KERNEL_SUBSETS, ..options.kernel };
        let generated = features(&self.network, samples);
        let measurements = measure(metrics, &self.real, &generated, None, Options { kernel, ..options })?;
        let method = MeasuringMethod {
            metric: metrics.first().map_or("", |metric| metric.name()).to_owned(),
            network: format!("random-{RANDOM_NETWORK_VERSION}"),
            split: self.split.clone(),
            real_images: self.real.len() as u64,
            samples: generated.len() as u64,
        };
        let values = measurements.iter().map(|measurement| (measurement.metric, measurement.value as f32)).collect();
        Ok(Measured { values, method, memorization: None })
    }
}

fn images(side: u32, pixels: Vec<u8>) -> Images {
    Images::new(side as usize, pixels).expect("each image is whole")
}

fn features(network: &RandomNetwork, images: &Images) -> Features {
    network.features(images).expect("images have finite features")
}
