//! A generator under measurement: its samples and the dataset's images, passed through once.

use contracts::{Context, config::EvaluateConfig};
use dataset::{Dataset, SplitName};
use metrics::{Images, Metric, MetricError, pyramid, sliced_wasserstein};
use pictures::{Rgb, Tile};

use crate::{
    comparison::{Comparison, read},
    error::EvaluateError,
    evaluation::{Distance, NetworkMetrics, SlicedWasserstein, Walks},
    feature_sets::FeatureSets,
    measuring,
    nearest::{MAX_TESTED, Nearest, plain_sheet},
    network::{Network, Rows},
    sampler::{BATCH, Sampler},
};

/// Samples, and real images, that are kept in memory for what looks at pixels.
const MAX_KEPT: usize = MAX_TESTED;

/// Walks that are shown, and the frames of each.
const WALKS: u64 = 6;
const FRAMES: u32 = 12;

/// Samples of each class that are shown.
const SAMPLES_OF_A_CLASS: u64 = 12;

/// What is measured, of what.
pub(crate) struct Subject<'a> {
    pub(crate) context: &'a Context<'a>,
    pub(crate) dataset: &'a Dataset,
    pub(crate) sampler: &'a Sampler,
    pub(crate) comparison: &'a Comparison,
    pub(crate) networks: &'a [Network],
    pub(crate) sets: &'a FeatureSets,
    pub(crate) metrics: Vec<Metric>,
}

/// The metrics of features, network by network, and why others were not measured.
type MeasuredFeatures = (Vec<NetworkMetrics>, Vec<String>);

/// What a pass over all samples leaves.
pub(crate) struct Sampled {
    pub(crate) sliced_wasserstein: Option<SlicedWasserstein>,
    /// The first samples.
    pub(crate) kept: Images,
    /// A network's rows each, of the samples that features are compared of.
    rows: Vec<Rows>,
}

/// The metrics that a configuration names, in the order of tables.
pub(crate) fn wanted(config: &EvaluateConfig) -> Vec<Metric> {
    let is_named = |metric: &Metric| config.metrics.iter().any(|name| name == metric.name());
    Metric::ALL.into_iter().filter(is_named).collect()
}

impl Subject<'_> {
    fn wants(&self, metric: Metric) -> bool {
        self.metrics.contains(&metric)
    }

    fn is_interrupted(&self) -> bool {
        self.context.interrupt.is_raised()
    }

    /// Whether any of the wanted metrics is one of features.
    fn wants_features(&self) -> bool {
        self.metrics.iter().any(|metric| Metric::OF_FEATURES.contains(metric) || *metric == Metric::InceptionScore)
    }

    /// Samples all sets; `None` when interrupted.
    pub(crate) fn sample(&self) -> Result<Option<Sampled>, EvaluateError> {
        let Comparison { images, generated_sets, .. } = *self.comparison;
        let reference = self.comparison.read_reference(self.dataset)?;
        let mut pairs = Pairs::default();
        let mut kept = Vec::new();
        let mut rows: Vec<Rows> = self.networks.iter().map(|_| Rows::default()).collect();
        tracing::info!("measuring {generated_sets} sets of {images} images from {}", self.sampler.path().display());
        self.context.progress.begin("sampling and measuring", self.comparison.generated() as u64);
        for set in 0..generated_sets {
            let Some(generated) = self.sample_set(images, set, &mut rows)? else { return Ok(None) };
            if self.wants(Metric::SlicedWasserstein) {
                let train = self.comparison.read_train(self.dataset, set)?;
                pairs.add(&generated, &reference, train.as_ref(), self.context.config.seed())?;
            }
            let missing = MAX_KEPT.saturating_sub(set * images);
            kept.extend(generated.first(missing).into_pixels());
        }
        let sliced_wasserstein =
            self.wants(Metric::SlicedWasserstein).then(|| pairs.sum_up(self.comparison, self.sampler.side()));
        let kept = Images::new(self.sampler.side(), kept).map_err(MetricError::from)?;
        Ok(Some(Sampled { sliced_wasserstein, kept, rows }))
    }

    /// Samples one set, a batch at a time, and takes the features of those samples of which they are compared.
    fn sample_set(&self, images: usize, set: usize, rows: &mut [Rows]) -> Result<Option<Images>, EvaluateError> {
        let (start, end) = ((set * images) as u64, ((set + 1) * images) as u64);
        let mut pixels = Vec::new();
        for first in (start..end).step_by(BATCH) {
            if self.is_interrupted() {
                return Ok(None);
            }
            let batch = self.sampler.sample(first..end.min(first + BATCH as u64))?;
            let featured = self.sets.images().saturating_sub(first as usize);
            self.add_features(&batch.first(featured), rows)?;
            self.context.progress.advance(batch.len() as u64);
            pixels.extend(batch.into_pixels());
        }
        Ok(Some(Images::new(self.sampler.side(), pixels).map_err(MetricError::from)?))
    }

    fn add_features(&self, images: &Images, rows: &mut [Rows]) -> Result<(), EvaluateError> {
        if self.wants_features() {
            for (network, rows) in self.networks.iter().zip(rows) {
                network.add(images, rows)?;
            }
        }
        Ok(())
    }

    /// The metrics of features, network by network, and what could not be measured; `None` when interrupted.
    pub(crate) fn measure_features(&self, rows: Vec<Rows>) -> Result<Option<MeasuredFeatures>, EvaluateError> {
        let (mut measured, mut warnings) = (Vec::new(), Vec::new());
        if !self.wants_features() || self.sets.images() == 0 {
            return Ok(Some((measured, warnings)));
        }
        self.context.progress.begin("measuring real images", 2 * self.sets.images() as u64);
        let Some(real) = self.real_rows(&self.sets.real)? else { return Ok(None) };
        let Some(baseline) = self.real_rows(&self.sets.baseline)? else { return Ok(None) };
        for (((network, generated), real), baseline) in self.networks.iter().zip(rows).zip(real).zip(baseline) {
            tracing::info!("comparing the features of {}", network.name());
            let (generated, real, baseline) = (generated.finish()?, real.finish()?, baseline.finish()?);
            let seed = self.context.config.seed();
            let interrupted = || self.is_interrupted();
            let of_network =
                measuring::of_features(&self.metrics, [&real, &generated], Some(&baseline), seed, interrupted)?;
            let Some(of_network) = of_network else { return Ok(None) };
            let name = network.name();
            warnings.extend(of_network.warnings.into_iter().map(|warning| format!("of {name}, {warning}")));
            measured.push(NetworkMetrics {
                network: name,
                weights: network.weights,
                measurements: of_network.measurements,
            });
        }
        Ok(Some((measured, warnings)))
    }

    fn real_rows(&self, images: &[(SplitName, usize)]) -> Result<Option<Vec<Rows>>, EvaluateError> {
        let mut rows: Vec<Rows> = self.networks.iter().map(|_| Rows::default()).collect();
        for batch in images.chunks(BATCH) {
            if self.is_interrupted() {
                return Ok(None);
            }
            for split in SplitName::ALL {
                let of_split: Vec<usize> = batch.iter().filter(|(of, _)| *of == split).map(|(_, row)| *row).collect();
                self.add_features(&read(self.dataset.split(split), &of_split)?, &mut rows)?;
            }
            self.context.progress.advance(batch.len() as u64);
        }
        Ok(Some(rows))
    }

    /// The metrics of the samples' pixels, beside those of real images that training did not see where there are any.
    pub(crate) fn measure_images(&self, samples: &Images) -> Result<measuring::Measured, EvaluateError> {
        let real = self.comparison.read_reference(self.dataset)?.first(MAX_KEPT);
        Ok(measuring::of_images(&self.metrics, &real, samples, self.context.config.seed())?)
    }

    /// The training faces nearest to samples and to held-out images; `None` when interrupted.
    pub(crate) fn search_nearest(&self, samples: &Images) -> Result<Option<Nearest>, EvaluateError> {
        let holdout = match self.comparison.reference_split {
            SplitName::Holdout => self.comparison.read_reference(self.dataset)?.first(MAX_TESTED),
            SplitName::Train => samples.first(0),
        };
        let progress = self.context.progress;
        progress.begin("looking for the nearest faces", self.dataset.split(SplitName::Train).len() as u64);
        Nearest::search(self.dataset, samples, &holdout, self.context.interrupt, |rows| progress.advance(rows))
    }

    /// What the generator makes of each class, by name, and the sheet with a row of each; nothing where it knows no classes.
    pub(crate) fn sample_by_class(&self) -> Result<(Vec<String>, Option<Vec<u8>>), EvaluateError> {
        let rows = self.sampler.by_class(SAMPLES_OF_A_CLASS)?;
        let (names, rows): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let tiles = |row: Vec<Rgb>| row.into_iter().map(Tile::from).collect();
        let rows: Vec<Vec<Tile>> = rows.into_iter().map(tiles).collect();
        let sheet = (!rows.is_empty()).then(|| plain_sheet(self.sampler.side() as u32, &rows)).transpose()?;
        Ok((names, sheet))
    }

    /// Walks between the first samples' latents, each from one sample to the next, and the sheet of their frames.
    pub(crate) fn walk(&self) -> Result<(Walks, Vec<u8>), EvaluateError> {
        let stops: Vec<Vec<u64>> = (0..WALKS).map(|walk| vec![2 * walk, 2 * walk + 1]).collect();
        let frames = |stops: &Vec<u64>| {
            Ok(self.sampler.walk(stops, FRAMES - 1)?.into_iter().map(Tile::from).collect::<Vec<_>>())
        };
        let rows = stops.iter().map(frames).collect::<Result<Vec<_>, EvaluateError>>()?;
        let sheet = plain_sheet(self.sampler.side() as u32, &rows)?;
        Ok((Walks { stops, frames: FRAMES as usize }, sheet))
    }
}

impl Sampled {
    /// Hands out the rows of features, which are needed once.
    pub(crate) fn take_rows(&mut self) -> Vec<Rows> {
        std::mem::take(&mut self.rows)
    }
}

/// Sliced Wasserstein distances, `[pair][level]`.
#[derive(Default)]
struct Pairs {
    to_reference: Vec<Vec<f64>>,
    to_train: Vec<Vec<f64>>,
    baseline: Vec<Vec<f64>>,
}

impl Pairs {
    fn add(
        &mut self,
        generated: &Images,
        reference: &Images,
        train: Option<&Images>,
        seed: u64,
    ) -> Result<(), MetricError> {
        let of_pair = |distances: &[Vec<f64>], pair: usize| distances.iter().map(|level| level[pair]).collect();
        match train {
            Some(train) => {
                let distances = sliced_wasserstein::pairwise(&[generated, reference, train], seed)?;
                self.to_reference.push(of_pair(&distances, 0));
                self.to_train.push(of_pair(&distances, 1));
                self.baseline.push(of_pair(&distances, 2));
            }
            None => {
                let distances = sliced_wasserstein::pairwise(&[generated, reference], seed)?;
                self.to_reference.push(of_pair(&distances, 0));
            }
        }
        Ok(())
    }

    fn sum_up(&self, comparison: &Comparison, side: usize) -> SlicedWasserstein {
        let sides = pyramid::sides(side);
        let holdout = match comparison.reference_split {
            SplitName::Holdout => Distance::of(&sides, &self.to_reference),
            SplitName::Train => None,
        };
        SlicedWasserstein {
            images: comparison.images,
            holdout,
            train: Distance::of(&sides, &self.to_train),
            baseline: Distance::of(&sides, &self.baseline),
        }
    }
}
