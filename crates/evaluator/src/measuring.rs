//! Measurements of whole sets: what the evaluate stage and the program `measure` have in common.

use metrics::{
    Features, Images, Measurement, Metric, MetricError, Options, Resampling, Warning, diversity, inception_score,
    interval_of_mean, measure,
};

use crate::detector;

/// Features of more dimensions than this get few resamples: each takes an eigenvalue problem of as many.
const MANY_DIMENSIONS: usize = 512;
const FEW_REPLICATES: usize = 10;

/// Parts of the inception score, and what shuffles the images: as torch-fidelity has it.
const SCORE_SPLITS: usize = 10;
const SCORE_SEED: u32 = 2020;

/// Pairs of images whose similarity is averaged.
const PAIRS: usize = 1000;

/// Resamples of means, which cost nothing.
const REPLICATES: usize = 200;

/// What one network makes of a set.
pub(crate) type SetFeatures = (Features, Option<Features>);

/// The metrics of features, those of them that are wanted and defined for so many images; the others come as warnings.
///
/// # Errors
/// When features cannot be compared.
pub(crate) fn of_features(
    wanted: &[Metric],
    [real, generated]: [&SetFeatures; 2],
    baseline: Option<&SetFeatures>,
    seed: u64,
    mut between: impl FnMut() -> bool,
) -> Result<Option<Measured>, MetricError> {
    let mut options = Options::new(seed);
    if real.0.dimensions() > MANY_DIMENSIONS {
        options.resampling.replicates = FEW_REPLICATES;
    }
    let mut measured = Measured::default();
    // In groups, between which the user may stop: the manifold's four share their work.
    let of_manifold = [Metric::Precision, Metric::Recall, Metric::Density, Metric::Coverage];
    for group in [&[Metric::Frechet][..], &[Metric::Kernel], &of_manifold] {
        let group: Vec<Metric> = group.iter().copied().filter(|metric| wanted.contains(metric)).collect();
        if group.is_empty() {
            continue;
        }
        if between() {
            return Ok(None);
        }
        measured.take(&group, measure(&group, &real.0, &generated.0, baseline.map(|set| &set.0), options))?;
    }
    if let Some(logits) = generated.1.as_ref().filter(|_| wanted.contains(&Metric::InceptionScore)) {
        let baseline = baseline.and_then(|set| set.1.as_ref());
        measured.take(&[Metric::InceptionScore], score(logits, baseline, real.0.len(), seed).map(|one| vec![one]))?;
    }
    Ok(Some(measured))
}

fn score(logits: &Features, baseline: Option<&Features>, real: usize, seed: u64) -> Result<Measurement, MetricError> {
    let score = inception_score(logits, SCORE_SPLITS, SCORE_SEED)?;
    // Of few parts: Student's t with 9 degrees of freedom in place of the normal 1.96.
    let reach = 2.262 * score.deviation / (SCORE_SPLITS as f64 - 1.0).sqrt();
    let baseline = baseline.map(|logits| inception_score(logits, SCORE_SPLITS, SCORE_SEED)).transpose()?;
    Ok(Measurement {
        metric: Metric::InceptionScore,
        value: score.mean,
        interval: Some([score.mean - reach, score.mean + reach]),
        baseline: baseline.map(|score| score.mean),
        counts: [real, logits.len()],
        seed,
        warning: few(Metric::InceptionScore, logits.len()),
    })
}

/// The metrics of images themselves, those of them that are wanted and defined for such images.
///
/// # Errors
/// When images cannot be compared.
pub(crate) fn of_images(
    wanted: &[Metric],
    real: &Images,
    generated: &Images,
    seed: u64,
) -> Result<Measured, MetricError> {
    let mut measured = Measured::default();
    let resampling = Resampling { replicates: REPLICATES, seed };
    if wanted.contains(&Metric::MsSsim) {
        let similarity = diversity(generated, PAIRS, resampling).and_then(|of_samples| {
            let of_reals = diversity(real, PAIRS, Resampling { replicates: 0, seed })?;
            Ok(vec![Measurement {
                interval: of_samples.interval,
                ..plain(Metric::MsSsim, of_samples.similarity, of_reals.similarity, [real, generated], seed)
            }])
        });
        measured.take(&[Metric::MsSsim], similarity)?;
    }
    if wanted.contains(&Metric::DetectorRate) && !real.is_empty() && !generated.is_empty() {
        let (of_reals, of_samples) = (detector::found(real), detector::found(generated));
        let rate = |found: &[f64]| found.iter().sum::<f64>() / found.len() as f64;
        measured.measurements.push(Measurement {
            interval: interval_of_mean(&of_samples, resampling),
            ..plain(Metric::DetectorRate, rate(&of_samples), rate(&of_reals), [real, generated], seed)
        });
    }
    Ok(measured)
}

fn plain(metric: Metric, value: f64, baseline: f64, [real, generated]: [&Images; 2], seed: u64) -> Measurement {
    let counts = [real.len(), generated.len()];
    let warning = few(metric, counts[0].min(counts[1]));
    Measurement { metric, value, interval: None, baseline: Some(baseline), counts, seed, warning }
}

/// The warning that so few images say little.
pub(crate) fn few(metric: Metric, count: usize) -> Option<Warning> {
    let telling = metric.telling_count(0);
    (count < telling).then_some(Warning::FewImages { count, telling })
}

/// What was measured, and why other things were not.
#[derive(Default)]
pub(crate) struct Measured {
    pub(crate) measurements: Vec<Measurement>,
    pub(crate) warnings: Vec<String>,
}

impl Measured {
    /// Keeps measurements, and a metric that is not defined for such sets as a warning.
    fn take(&mut self, group: &[Metric], result: Result<Vec<Measurement>, MetricError>) -> Result<(), MetricError> {
        match result {
            Ok(measurements) => self.measurements.extend(measurements),
            Err(error @ (MetricError::TooFew { .. } | MetricError::TooSmall { .. })) => {
                let names: Vec<&str> = group.iter().map(|metric| metric.name()).collect();
                self.warnings.push(format!("{} not measured: {error}", names.join(", ")));
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use contracts::config::EvaluateConfig;

    use super::*;

    #[test]
    fn the_configuration_knows_all_metrics() {
        assert_eq!(EvaluateConfig::METRICS, Metric::ALL.map(Metric::name));
    }

    #[test]
    fn what_is_not_defined_is_said_and_the_rest_is_measured() {
        let features = |shift: f32| {
            let values = (0..4 * 2).map(|i| (i * i % 7) as f32 + shift).collect();
            (Features::new(2, values).unwrap(), None)
        };
        let measured = of_features(&Metric::ALL, [&features(0.0), &features(1.0)], None, 1, || false).unwrap().unwrap();
        let names: Vec<&str> = measured.measurements.iter().map(|one| one.metric.name()).collect();
        assert_eq!(names, ["frechet", "kernel"]);
        assert!(measured.warnings[0].contains("precision, recall, density, coverage not measured"));
        let stopped = of_features(&Metric::ALL, [&features(0.0), &features(1.0)], None, 1, || true).unwrap();
        assert!(stopped.is_none());
    }
}
