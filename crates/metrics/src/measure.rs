//! Metrics of two sets of features, each with its interval and what real images reach.

use crate::{
    MetricError,
    bootstrap::{self, Interval, Resampling, interval_of_mean, mean},
    features::Features,
    frechet::frechet_distance_of,
    kernel::{KernelDistance, KernelOptions, kernel_distance},
    manifold::Manifold,
    measurement::{Measurement, Warning},
    metric::Metric,
};

/// How metrics are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// How intervals are estimated.
    pub resampling: Resampling,
    /// How the kernel distance is.
    pub kernel: KernelOptions,
}

impl Options {
    /// Fifty resamples under a seed: enough for the interval's ends to be right within a tenth of its width.
    pub fn new(seed: u64) -> Self {
        Self { resampling: Resampling { replicates: 50, seed }, kernel: KernelOptions::default() }
    }

    /// Without intervals, for where time is short, as during training.
    pub fn without_intervals(seed: u64) -> Self {
        Self { resampling: Resampling { replicates: 0, seed }, ..Self::new(seed) }
    }
}

/// Takes the metrics named, of [`Metric::OF_FEATURES`], of generated against real images.
///
/// `baseline` are further real images, none of them among `real`; its first rows are taken, as many as were generated.
///
/// # Errors
/// When a metric is none of features, the features come from different networks, or a set is too small for a metric to be
/// defined.
pub fn measure(
    metrics: &[Metric],
    real: &Features,
    generated: &Features,
    baseline: Option<&Features>,
    options: Options,
) -> Result<Vec<Measurement>, MetricError> {
    if let Some(other) = metrics.iter().find(|metric| !Metric::OF_FEATURES.contains(metric)) {
        return Err(MetricError::NotOfFeatures(*other));
    }
    let baseline = baseline.map(|baseline| baseline.first(generated.len()));
    let values = Comparison::new(metrics, real, generated)?;
    let floor = baseline.as_ref().map(|baseline| Comparison::new(metrics, real, baseline)).transpose()?;
    let measurements = metrics.iter().map(|metric| {
        let (value, interval) = values.estimate(*metric, options)?;
        let baseline_value = floor.as_ref().map(|floor| floor.value(*metric, options)).transpose()?;
        Ok(Measurement {
            metric: *metric,
            value,
            interval,
            baseline: baseline_value,
            counts: [real.len(), generated.len()],
            seed: options.resampling.seed,
            warning: warning(*metric, real, generated, baseline.as_ref()),
        })
    });
    measurements.collect()
}

/// Two sets, with the manifold that four of the metrics share.
struct Comparison<'a> {
    real: &'a Features,
    generated: &'a Features,
    manifold: Option<Manifold>,
}

impl<'a> Comparison<'a> {
    fn new(metrics: &[Metric], real: &'a Features, generated: &'a Features) -> Result<Self, MetricError> {
        let needs_manifold = metrics.iter().any(|metric| !matches!(metric, Metric::Frechet | Metric::Kernel));
        let manifold = needs_manifold.then(|| Manifold::of(real, generated)).transpose()?;
        Ok(Self { real, generated, manifold })
    }

    fn value(&self, metric: Metric, options: Options) -> Result<f64, MetricError> {
        match metric {
            Metric::Frechet => frechet_distance_of(self.real, self.generated),
            Metric::Kernel => Ok(self.kernel(options.kernel)?.mean),
            _ => Ok(mean(self.of_images(metric))),
        }
    }

    fn estimate(&self, metric: Metric, options: Options) -> Result<(f64, Option<Interval>), MetricError> {
        if metric == Metric::Kernel {
            return self.estimate_kernel(options);
        }
        let value = self.value(metric, options)?;
        let interval = match metric {
            Metric::Frechet => self.frechet_interval(value, options.resampling)?,
            _ => interval_of_mean(self.of_images(metric), options.resampling),
        };
        Ok((value, interval))
    }

    fn frechet_interval(&self, value: f64, resampling: Resampling) -> Result<Option<Interval>, MetricError> {
        bootstrap::interval(value, &[self.real.len(), self.generated.len()], resampling, |lists| {
            frechet_distance_of(&self.real.select(&lists[0]), &self.generated.select(&lists[1]))
        })
    }

    fn kernel(&self, options: KernelOptions) -> Result<KernelDistance, MetricError> {
        kernel_distance(self.generated, self.real, options)
    }

    /// The value, and its interval from the subsets: the jackknife that leaves n − m of n images out.
    ///
    /// Shao and Wu, "A general theory for jackknife variance estimation" (1989): the variance is m / (n − m) times that
    /// over subsets of m. Where nearly all images are in each subset, the interval is taken of subsets of half of them.
    fn estimate_kernel(&self, options: Options) -> Result<(f64, Option<Interval>), MetricError> {
        let distance = self.kernel(options.kernel)?;
        let count = self.real.len().min(self.generated.len());
        if options.resampling.replicates < 2 || count < 4 {
            return Ok((distance.mean, None));
        }
        let of_subsets = match distance.subset_size {
            size if 2 * size <= count => distance,
            _ => self.kernel(KernelOptions { subset_size: count / 2, ..options.kernel })?,
        };
        let ratio = of_subsets.subset_size as f64 / (count - of_subsets.subset_size) as f64;
        Ok((distance.mean, Some(bootstrap::around(distance.mean, of_subsets.deviation * ratio.sqrt()))))
    }

    /// The values of single images whose mean the metric is; none for the distances.
    fn of_images(&self, metric: Metric) -> &[f64] {
        self.manifold.as_ref().map_or(&[], |manifold| match metric {
            Metric::Precision => &manifold.precision,
            Metric::Recall => &manifold.recall,
            Metric::Density => &manifold.density,
            Metric::Coverage => &manifold.coverage,
            _ => &[],
        })
    }
}

fn warning(metric: Metric, real: &Features, generated: &Features, baseline: Option<&Features>) -> Option<Warning> {
    let (count, telling) = (real.len().min(generated.len()), metric.telling_count(real.dimensions()));
    if count < telling {
        return Some(Warning::FewImages { count, telling });
    }
    let small = baseline.filter(|baseline| baseline.len() < generated.len());
    small.map(|baseline| Warning::SmallBaseline { count: baseline.len(), generated: generated.len() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        metric::Best,
        random::{Philox, Stream},
    };

    fn cloud(step: u64, count: usize, shift: f32) -> Features {
        let mut values = vec![0.0; count * 4];
        Philox::new(1, Stream::Tests).fill_normal(step, &mut values);
        Features::new(4, values.into_iter().map(|value| value + shift).collect()).unwrap()
    }

    #[test]
    fn a_shifted_cloud_is_worse_than_the_baseline_in_all() {
        let (real, other, shifted) = (cloud(0, 300, 0.0), cloud(1, 300, 0.0), cloud(2, 300, 1.5));
        let kernel = KernelOptions { subsets: 10, subset_size: 100, seed: 1 };
        let options = Options { kernel, ..Options::new(7) };
        for measured in measure(&Metric::OF_FEATURES, &real, &shifted, Some(&other), options).unwrap() {
            let (baseline, [low, high]) = (measured.baseline.unwrap(), measured.interval.unwrap());
            let is_worse = if measured.metric.best() == Best::Lowest { low > baseline } else { high < baseline };
            assert!(is_worse && low < measured.value && measured.value < high, "{measured:?}");
            assert!(matches!(measured.warning, Some(Warning::FewImages { count: 300, .. })));
        }
    }

    /// The jackknife's interval of small sets holds the value of sets many times as large.
    #[test]
    fn kernel_intervals_of_small_sets_hold_the_value_of_large_ones() {
        let of = |count: usize, step: u64| {
            let (real, shifted) = (cloud(step, count, 0.0), cloud(step + 1, count, 0.5));
            measure(&[Metric::Kernel], &real, &shifted, None, Options::new(1)).unwrap().remove(0)
        };
        let truth = of(4000, 0).value;
        let held = (0..20).filter(|draw| {
            let [low, high] = of(100, 10 + 2 * draw).interval.unwrap();
            (low..high).contains(&truth)
        });
        assert!((16..=20).contains(&held.count()));
    }

    #[test]
    fn a_small_baseline_is_said() {
        let (real, other) = (cloud(0, 1200, 0.0), cloud(1, 600, 0.0));
        let options = Options::without_intervals(1);
        let measured = measure(&[Metric::Frechet], &real, &cloud(2, 1200, 0.0), Some(&other), options).unwrap();
        assert_eq!(measured[0].warning, Some(Warning::SmallBaseline { count: 600, generated: 1200 }));
        assert_eq!(measured[0].interval, None);
    }
}
