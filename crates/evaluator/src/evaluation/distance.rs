//! Sliced Wasserstein distances between sets, summed up.

use serde::{Deserialize, Serialize};

/// Sliced Wasserstein distances on Laplacian pyramids, times a thousand; see
/// [`sliced_wasserstein`](metrics::sliced_wasserstein). All are between sets of equally many images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlicedWasserstein {
    /// Images in each set: the distances depend on it.
    pub images: usize,
    /// Generated images to those kept out of training; none where none were kept out.
    pub holdout: Option<Distance>,
    /// Generated images to training images.
    pub train: Option<Distance>,
    /// Real images to other real images: what a perfect generator could reach.
    #[serde(rename = "floor")]
    pub baseline: Option<Distance>,
}

/// One distance, measured between one or more pairs of sets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Distance {
    /// The mean over levels and pairs.
    pub mean: f64,
    /// The standard deviation of the pairs' means, where there are two pairs at least.
    pub deviation: Option<f64>,
    /// How many pairs of sets were measured.
    pub pairs: usize,
    /// The mean over pairs at each level, finest first.
    pub levels: Vec<LevelDistance>,
}

/// A distance at one level of the pyramid.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LevelDistance {
    /// The side of the level in pixels.
    pub side: usize,
    /// The mean over all pairs, at this level.
    pub mean: f64,
}

impl Distance {
    /// Sums up the distances of some pairs, `pairs[pair][level]`; `None` where there is no pair.
    pub fn of(sides: &[usize], pairs: &[Vec<f64>]) -> Option<Self> {
        if pairs.is_empty() || sides.is_empty() {
            return None;
        }
        let level_mean = |level: usize| mean(pairs.iter().map(|pair| pair[level]));
        let levels: Vec<_> = sides
            .iter()
            .enumerate()
            .map(|(level, side)| LevelDistance { side: *side, mean: level_mean(level) })
            .collect();
        let mean_of_levels = mean(levels.iter().map(|level| level.mean));
        Some(Self { mean: mean_of_levels, deviation: deviation(pairs), pairs: pairs.len(), levels })
    }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

/// The standard deviation of the pairs' means, with one degree of freedom taken by their own mean.
fn deviation(pairs: &[Vec<f64>]) -> Option<f64> {
    let means: Vec<f64> = pairs.iter().map(|pair| mean(pair.iter().copied())).collect();
    let centre = mean(means.iter().copied());
    let squares: f64 = means.iter().map(|value| (value - centre).powi(2)).sum();
    (pairs.len() > 1).then(|| (squares / (pairs.len() - 1) as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_summed_up_over_pairs_and_levels() {
        let distance = Distance::of(&[32, 16], &[vec![1.0, 3.0], vec![5.0, 7.0]]).unwrap();
        let levels = vec![LevelDistance { side: 32, mean: 3.0 }, LevelDistance { side: 16, mean: 5.0 }];
        assert_eq!(distance, Distance { mean: 4.0, deviation: Some(8f64.sqrt()), pairs: 2, levels });
        assert_eq!(Distance::of(&[16], &[vec![2.0]]).unwrap().deviation, None);
        assert_eq!(Distance::of(&[16], &[]), None);
    }
}
