//! Which metrics are taken, of how many samples, and how often.

use contracts::config::TrainConfig;
use gan::ArchitectureError;
use generator::DeviceKind;
use metrics::{Best, Metric};

use crate::{plan::Plan, position::Position};

/// What measuring may cost of what training costs: a twentieth, less a fifth for what is made once, at the start.
const MAX_SHARE: f64 = 0.04;

/// What the processor does while it multiplies once in training, in multiplications of the same time:
/// a sample's features; what the metrics themselves take of each sample; and what they take however few there are.
///
/// From CPU times of the default recipe at 64 px; narrower networks spend more of theirs on other things than
/// multiplications, so that measuring costs less of them than is reckoned here.
const FEATURES: f64 = 120e6;
/// As [`FEATURES`], for each metric that is taken.
const METRIC_OF_SAMPLE: f64 = 12e6;
/// As [`FEATURES`], for each metric that is taken.
const METRIC: f64 = 6e9;

/// How many times as fast a GPU trains as one core does, while features stay with the processor.
const GPU_SPEED: f64 = 50.0;

/// What is measured of the averaged generator.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MeasuringPlan {
    /// The metrics; the first chooses the best generator. None: nothing is measured.
    pub(crate) metrics: Vec<Metric>,
    /// Samples, and the most real images that they are held against.
    pub(crate) samples: usize,
    /// Images shown between measurements.
    pub(crate) interval: u64,
}

impl MeasuringPlan {
    /// What a configuration asks for. Where it leaves the interval open, that follows from the shapes of the networks: it
    /// is the same on every machine, however busy.
    ///
    /// # Errors
    /// When the recipe's networks do not exist at the plan's resolution.
    pub(crate) fn new(train: &TrainConfig, plan: &Plan, device: DeviceKind) -> Result<Self, ArchitectureError> {
        let (metrics, _) = named(train);
        let samples = train.metrics_samples as usize;
        let interval = if train.metrics_kimg > 0.0 {
            (train.metrics_kimg * 1000.0).round().max(1.0) as u64
        } else {
            affordable_interval(plan, metrics.len(), samples, device)?
        };
        Ok(Self { metrics, samples, interval })
    }

    /// Whether the generator is measured after a step from `before` to here.
    pub(crate) fn is_due(&self, position: Position, before: Position) -> bool {
        !self.metrics.is_empty() && position.passed(self.interval, before)
    }
}

/// What is wrong with the metrics that a configuration names: all problems at once.
pub(crate) fn problems(train: &TrainConfig) -> Vec<String> {
    let (metrics, mut problems) = named(train);
    let repeated = metrics.iter().enumerate().find(|(index, metric)| metrics[..*index].contains(metric));
    problems.extend(repeated.map(|(_, metric)| format!("{metric} is named twice")));
    if let Some(metric) = metrics.first().filter(|metric| metric.best() == Best::Baseline) {
        problems.push(format!("{metric} cannot choose the best generator, for more is not better: name another first"));
    }
    problems.iter().map(|problem| format!("train.metrics: {problem}")).collect()
}

/// The metrics that there are, and a problem for each name of none.
fn named(train: &TrainConfig) -> (Vec<Metric>, Vec<String>) {
    let of_features = |name: &String| Metric::OF_FEATURES.into_iter().find(|metric| metric.name() == name);
    let names = Metric::OF_FEATURES.map(Metric::name).join(", ");
    let unknown = train.metrics.iter().filter(|name| of_features(name).is_none());
    let problems = unknown.map(|name| format!("nothing called {name} is measured in training: there are {names}"));
    (train.metrics.iter().filter_map(of_features).collect(), problems.collect())
}

/// The least number of images of the series 1000, 2000, 5000, 10,000, … between which measuring takes [`MAX_SHARE`] of
/// what training takes, or less.
fn affordable_interval(
    plan: &Plan,
    metrics: usize,
    samples: usize,
    device: DeviceKind,
) -> Result<u64, ArchitectureError> {
    let (samples, metrics) = (samples as f64, metrics as f64);
    let generator = plan.recipe.sampling_multiplications(plan.resolution)?;
    let on_processor = samples * (FEATURES + metrics * METRIC_OF_SAMPLE) + metrics * METRIC;
    let slowness = if device == DeviceKind::Cpu { 1.0 } else { GPU_SPEED };
    let once = samples * generator + slowness * on_processor;
    let images = once / (MAX_SHARE * plan.recipe.training_multiplications(plan.resolution)?);
    let series = (3..).flat_map(|power| [1, 2, 5].map(|factor| factor * 10u64.pow(power)));
    // So wide an interval ends before 10²⁰ overflows: nothing is measured where it would never pay.
    Ok(series.take(45).find(|interval| *interval as f64 >= images).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use contracts::{Config, ContentHash};

    use super::*;

    fn plan(side: u32, overrides: &str) -> Plan {
        let mut config = Config::default();
        config.pack.resolution = side;
        (config.train.recipe, config.train.batch_size) = ("dcgan".into(), 64);
        config.train.r#override = overrides.parse().unwrap();
        Plan::new(&config, &ContentHash::of(b"dataset"), side, 1000).unwrap()
    }

    fn interval(side: u32, overrides: &str, device: DeviceKind) -> u64 {
        MeasuringPlan::new(&TrainConfig::default(), &plan(side, overrides), device).unwrap().interval
    }

    #[test]
    fn the_less_training_takes_the_seldomer_is_measured() {
        let narrow = "generator.base_channels = 16\ndiscriminator.base_channels = 16";
        let check = |side, overrides, device, expected| {
            assert_eq!(interval(side, overrides, device), expected, "{side} px on {device:?} with {overrides:?}");
        };
        check(64, "", DeviceKind::Cpu, 10_000);
        check(128, "", DeviceKind::Cpu, 5_000);
        check(32, narrow, DeviceKind::Cpu, 500_000);
        check(64, "", DeviceKind::Cuda(0), 200_000);
    }

    #[test]
    fn an_interval_that_is_given_is_kept() {
        let train = TrainConfig { metrics_kimg: 0.25, ..TrainConfig::default() };
        let measuring = MeasuringPlan::new(&train, &plan(64, ""), DeviceKind::Cpu).unwrap();
        assert_eq!(measuring.interval, 250);
        let at = |images| Position { images, ..Position::default() };
        assert!(measuring.is_due(at(256), at(192)) && !measuring.is_due(at(192), at(128)));
        assert!(!MeasuringPlan { metrics: Vec::new(), ..measuring }.is_due(at(256), at(192)));
    }

    #[test]
    fn problems_are_listed_at_once() {
        let check = |metrics: &[&str], expected: &[&str]| {
            let metrics = metrics.iter().map(|name| (*name).to_owned()).collect();
            let found = problems(&TrainConfig { metrics, ..TrainConfig::default() });
            assert_eq!(found.len(), expected.len(), "{found:?}");
            for (found, expected) in found.iter().zip(expected) {
                assert!(found.starts_with("train.metrics: ") && found.contains(expected), "{found}");
            }
        };
        check(&[], &[]);
        check(&["kernel", "frechet", "density"], &[]);
        check(&["fid", "density", "recal"], &["nothing called fid is", "nothing called recal is", "density cannot"]);
        check(&["frechet", "frechet"], &["frechet is named twice"]);
    }
}
