//! How sure a metric is: its standard error when the images are drawn again.

use rayon::prelude::*;

use crate::{
    MetricError,
    random::{Philox, Stream, below},
};

/// Standard errors to each side of a value within which a normal estimate lies in 95 of 100 cases.
const NORMAL_95: f64 = 1.96;

/// How images are drawn again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resampling {
    /// Times; 0 or 1 gives no interval.
    pub replicates: usize,
    /// What is drawn depends on this alone.
    pub seed: u64,
}

/// The ends of a 95 % interval.
pub type Interval = [f64; 2];

/// The bootstrap's normal interval around a value: ± 1.96 standard deviations of the metric over resamples of equal size.
///
/// Efron and Tibshirani, "An introduction to the bootstrap" (1993), section 13.3. Its percentiles would not do: a resample
/// repeats images, and a distance of sets with repetitions is larger throughout.
///
/// `of_resample` is the metric of the images at the indices given, a list for each of `counts`.
///
/// # Errors
/// When the metric has no value for a resample.
pub fn interval(
    value: f64,
    counts: &[usize],
    resampling: Resampling,
    of_resample: impl Fn(&[Vec<usize>]) -> Result<f64, MetricError> + Sync,
) -> Result<Option<Interval>, MetricError> {
    let replicate = |replicate| of_resample(&resample(counts, resampling.seed, replicate));
    let values: Vec<f64> = (0..resampling.replicates).into_par_iter().map(replicate).collect::<Result<_, _>>()?;
    Ok(deviation(&values).map(|deviation| around(value, deviation)))
}

/// The interval of a mean of values, one an image; it ends where the values do, as no share of images is above 1.
pub fn interval_of_mean(values: &[f64], resampling: Resampling) -> Option<Interval> {
    let mean_of = |indices: &[usize]| indices.iter().map(|index| values[*index]).sum::<f64>() / indices.len() as f64;
    let [low, high] = interval(mean(values), &[values.len()], resampling, |lists| Ok(mean_of(&lists[0]))).ok()??;
    let (least, most) =
        values.iter().fold((f64::MAX, f64::MIN), |(least, most), value| (least.min(*value), most.max(*value)));
    Some([low.max(least), high.min(most)])
}

/// The interval of a value with a standard error.
pub(crate) fn around(value: f64, error: f64) -> Interval {
    [value - NORMAL_95 * error, value + NORMAL_95 * error]
}

/// The mean, 0 for none.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The standard deviation, with one degree of freedom taken by the mean; none for a single value.
pub(crate) fn deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (values.len() > 1).then(|| (squares / (values.len() - 1) as f64).sqrt())
}

fn resample(counts: &[usize], seed: u64, replicate: usize) -> Vec<Vec<usize>> {
    let philox = Philox::new(seed, Stream::Metrics);
    let lists = counts.iter().enumerate().map(|(set, count)| {
        let mut words = vec![0; *count];
        philox.u32s(RESAMPLES | (set as u64) << 32 | replicate as u64, &mut words);
        words.into_iter().map(|word| below(word, *count)).collect()
    });
    lists.collect()
}

/// Where among the metrics' random numbers the resamples lie: above the patches'.
const RESAMPLES: u64 = 1 << 60;

#[cfg(test)]
mod tests {
    use super::*;

    /// The standard error of a mean of n coin flips is ½/√n.
    #[test]
    fn the_interval_of_a_mean_is_the_textbooks() {
        let flips: Vec<f64> = (0..400).map(|i| f64::from(i % 2)).collect();
        let [low, high] = interval_of_mean(&flips, Resampling { replicates: 1000, seed: 1 }).unwrap();
        assert!((low - (0.5 - 0.049)).abs() < 0.004 && (high - (0.5 + 0.049)).abs() < 0.004, "{low} {high}");
    }

    #[test]
    fn a_share_is_not_above_one() {
        let nearly_all: Vec<f64> = (0..20).map(|i| f64::from(u8::from(i > 0))).collect();
        let [low, high] = interval_of_mean(&nearly_all, Resampling { replicates: 100, seed: 1 }).unwrap();
        assert!(low > 0.8 && low < 0.9 && high == 1.0, "{low} {high}");
    }

    #[test]
    fn no_replicates_no_interval() {
        for replicates in [0, 1] {
            assert_eq!(interval_of_mean(&[1.0, 2.0], Resampling { replicates, seed: 1 }), None);
        }
    }

    #[test]
    fn sets_and_replicates_are_drawn_apart() {
        let first = resample(&[50, 50], 1, 0);
        assert!(first[0] != first[1] && first != resample(&[50, 50], 1, 1));
        assert!(first.concat().iter().all(|index| *index < 50));
    }
}
