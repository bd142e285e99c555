//! The best generator so far: chosen, kept in the run's state, and shown in the run's folder.

use contracts::{
    BestGenerator, ContentHash,
    layout::RunLayout,
    publish::{self, FileError},
};
use gan::{Generator, WeightsError};
use metrics::Metric;

use super::measurer::Measured;

/// The best of the generators that were measured. Checkpoints hold it, so that a run that goes back to one, after a
/// crash or a rollback, also goes back to what was best then.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BestSoFar {
    /// When it was, and by which value.
    pub(crate) record: BestGenerator,
    /// The file of its weights.
    pub(crate) weights: Vec<u8>,
}

impl Measured {
    /// The generator of these figures, which `images` real images trained, where it is better than the best before. What
    /// was measured in another way cannot be compared, and counts for nothing.
    ///
    /// # Errors
    /// When the device does not hand the weights back.
    pub(crate) fn better(
        &self,
        images: u64,
        before: Option<&BestSoFar>,
        generator: &Generator,
    ) -> Result<Option<BestSoFar>, WeightsError> {
        let Some((metric, value)) = self.values.first() else { return Ok(None) };
        let before = before.map(|best| &best.record).filter(|record| record.method == self.method);
        if before.is_some_and(|before| !is_better(*metric, *value, before.value)) {
            return Ok(None);
        }
        let weights = generator.to_safetensors()?;
        let generator = ContentHash::of(&weights);
        let record = BestGenerator { images, value: *value, method: self.method.clone(), generator };
        Ok(Some(BestSoFar { record, weights }))
    }
}

/// Of equally good ones the first stays.
fn is_better(metric: Metric, value: f32, than: f32) -> bool {
    if metric.is_distance() { value < than } else { value > than }
}

/// Makes the run's folder show the best generator of the run's state, or none.
///
/// # Errors
/// When the disk fails.
pub(crate) fn publish(run: &RunLayout, best: Option<&BestSoFar>) -> Result<(), FileError> {
    let (record, weights) = (run.best_generator_record(), run.best_generator());
    match best {
        Some(best) if is_shown(run, best) => Ok(()),
        Some(best) => {
            publish::write_file(&weights, &best.weights)?;
            best.record.write(run)
        }
        None => {
            // In this order a record never stands without its weights.
            publish::remove_file(&record)?;
            publish::remove_file(&weights)
        }
    }
}

/// Whether the folder shows it already. A record that cannot be read is merely replaced.
fn is_shown(run: &RunLayout, best: &BestSoFar) -> bool {
    let record = BestGenerator::read(run).ok().flatten();
    let weights = ContentHash::of_file(&run.best_generator()).ok();
    record.as_ref() == Some(&best.record) && weights == Some(best.record.generator)
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use contracts::MeasuringMethod;
    use gan::Recipe;

    use super::*;

    fn generator(seed: u64) -> Generator {
        let narrow = "generator.base_channels = 1\nlatent.size = 1".parse().unwrap();
        let recipe = Recipe::named("dcgan").unwrap().with_overrides(&narrow).unwrap();
        recipe.generator(16, seed, &Device::flex()).unwrap()
    }

    fn measured(metric: Metric, value: f32, samples: u64) -> Measured {
        let method = MeasuringMethod {
            metric: metric.name().into(),
            network: "random-1".into(),
            split: "holdout".into(),
            real_images: 200,
            samples,
        };
        Measured { values: vec![(metric, value), (Metric::Coverage, 0.5)], method, memorization: None }
    }

    #[test]
    fn the_first_of_the_best_is_kept() {
        let check = |metric, values: &[f32], expected: &[u64]| {
            let mut best: Option<BestSoFar> = None;
            let kept = (0..).zip(values).filter_map(|(images, value)| {
                let better = measured(metric, *value, 10).better(images, best.as_ref(), &generator(images)).unwrap()?;
                assert_eq!(ContentHash::of(&better.weights), better.record.generator);
                best = Some(better);
                Some(images)
            });
            assert_eq!(kept.collect::<Vec<_>>(), expected, "{metric}");
        };
        check(Metric::Frechet, &[9.0, 8.0, 8.0, 9.0, 7.5], &[0, 1, 4]);
        check(Metric::Kernel, &[-0.1, 0.0, -0.2], &[0, 2]);
        check(Metric::Recall, &[0.1, 0.3, 0.3, 0.2], &[0, 1]);
    }

    #[test]
    fn what_was_measured_in_another_way_counts_for_nothing() {
        let generator = generator(1);
        let best = measured(Metric::Frechet, 1.0, 10).better(1, None, &generator).unwrap();
        for other in [measured(Metric::Frechet, 50.0, 20), measured(Metric::Kernel, 50.0, 10)] {
            let better = other.better(2, best.as_ref(), &generator).unwrap().unwrap();
            assert_eq!((better.record.images, better.record.value), (2, 50.0));
        }
    }

    #[test]
    fn the_folder_shows_what_the_state_has() {
        let root = tempfile::tempdir().unwrap();
        let run = RunLayout::at(root.path());
        let best_of = |seed: u64| measured(Metric::Frechet, 1.0, 10).better(seed, None, &generator(seed)).unwrap();
        let check = |best: Option<BestSoFar>| {
            publish(&run, best.as_ref()).unwrap();
            assert_eq!(BestGenerator::read(&run).unwrap(), best.as_ref().map(|best| best.record.clone()));
            let weights = run.best_generator().exists().then(|| publish::read_file(&run.best_generator()).unwrap());
            assert_eq!(weights, best.map(|best| best.weights));
        };
        check(None);
        check(best_of(1));
        check(best_of(2));
        publish::write_file(&run.best_generator(), b"torn").unwrap();
        check(best_of(2));
        publish::write_file(&run.best_generator_record(), b"torn").unwrap();
        check(best_of(2));
        check(None);
    }
}
