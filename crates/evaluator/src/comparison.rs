//! Which real images are compared with which generated ones: equally many in every comparison.

use dataset::{Dataset, Permutation, Split, SplitName};
use metrics::{CHANNELS, Images, MetricError};

use crate::error::EvaluateError;

/// The most images in a set: more would take more memory than a laptop has, and change little.
const MAX_IMAGES: usize = 2048;

/// Stands for the epoch in the order in which real images are drawn: none of training's, which count up from 0.
const DRAW: u64 = u64::MAX;

/// The sets that are compared.
///
/// The generated images are cut into sets of `images` each, the training images into as many where they last. Every
/// generated set is held against the one reference set and against a training set; the reference set against the
/// training sets is the baseline, what real images are apart.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Comparison {
    /// Images in every set.
    pub(crate) images: usize,
    /// Sets of generated images.
    pub(crate) generated_sets: usize,
    /// The split that the reference set is drawn from.
    pub(crate) reference_split: SplitName,
    /// The rows of the reference set.
    pub(crate) reference: Vec<usize>,
    /// The rows of each training set; none is in two sets.
    pub(crate) train: Vec<Vec<usize>>,
}

impl Comparison {
    /// Draws the sets: the reference from the holdout, or from the training images where nothing was kept out.
    ///
    /// # Errors
    /// When there are too few images for two real sets.
    pub(crate) fn new(samples: usize, train: usize, holdout: usize, seed: u64) -> Result<Self, EvaluateError> {
        let train_rows = drawn(train, seed);
        let (reference_split, reference, rest) = match holdout {
            0 => {
                let (reference, rest) = train_rows.split_at(train / 2);
                (SplitName::Train, reference.to_vec(), rest)
            }
            _ => (SplitName::Holdout, drawn(holdout, seed), &train_rows[..]),
        };
        let images = samples.min(reference.len()).min(rest.len()).min(MAX_IMAGES);
        if images == 0 {
            return Err(EvaluateError::TooFewImages { train, holdout });
        }
        let generated_sets = samples / images;
        let train = rest.chunks_exact(images).take(generated_sets).map(<[usize]>::to_vec).collect();
        Ok(Self { images, generated_sets, reference_split, reference: reference[..images].to_vec(), train })
    }

    /// How many generated images are compared: all but a rest that fills no set.
    pub(crate) fn generated(&self) -> usize {
        self.images * self.generated_sets
    }

    /// The pixels of the reference set.
    ///
    /// # Errors
    /// When the dataset is damaged.
    pub(crate) fn read_reference(&self, dataset: &Dataset) -> Result<Images, EvaluateError> {
        read(dataset.split(self.reference_split), &self.reference)
    }

    /// A training set, where there is one for that generated set.
    ///
    /// # Errors
    /// When the dataset is damaged.
    pub(crate) fn read_train(&self, dataset: &Dataset, set: usize) -> Result<Option<Images>, EvaluateError> {
        self.train.get(set).map(|rows| read(dataset.split(SplitName::Train), rows)).transpose()
    }

    /// Up to `count` real images to look at: the reference set, then training images.
    ///
    /// # Errors
    /// When the dataset is damaged.
    pub(crate) fn read_shown(&self, dataset: &Dataset, count: usize) -> Result<Images, EvaluateError> {
        let reference = self.reference.iter().map(|row| (self.reference_split, *row));
        let train = self.train.iter().flatten().map(|row| (SplitName::Train, *row));
        let mut pixels = Vec::new();
        for (split, row) in reference.chain(train).take(count) {
            pixels.extend_from_slice(&dataset.split(split).pixels(row)?);
        }
        Ok(Images::new(dataset.shape().side() as usize, pixels).map_err(MetricError::from)?)
    }
}

/// All rows in a random order.
pub(crate) fn drawn(rows: usize, seed: u64) -> Vec<usize> {
    let permutation = Permutation::new(seed, DRAW, rows);
    (0..rows).map(|index| permutation.at(index)).collect()
}

/// The pixels of some rows.
///
/// # Errors
/// When the dataset is damaged.
pub(crate) fn read(split: &Split, rows: &[usize]) -> Result<Images, EvaluateError> {
    let side = split.side() as usize;
    let mut pixels = Vec::with_capacity(rows.len() * side * side * CHANNELS);
    for row in rows {
        pixels.extend_from_slice(&split.pixels(*row)?);
    }
    Ok(Images::new(side, pixels).map_err(MetricError::from)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_set_has_as_many_as_the_smallest_allows() {
        let check = |[samples, train, holdout]: [usize; 3], images, generated_sets, train_sets| {
            let comparison = Comparison::new(samples, train, holdout, 1).unwrap();
            let found = (comparison.images, comparison.generated_sets, comparison.train.len());
            assert_eq!(found, (images, generated_sets, train_sets), "{samples} {train} {holdout}");
        };
        check([10_000, 19_000, 1000], 1000, 10, 10);
        check([10_000, 4500, 1000], 1000, 10, 4);
        check([100, 900, 200], 100, 1, 1);
        check([100, 57, 3], 3, 33, 19);
        check([50_000, 90_000, 9000], 2048, 24, 24);
        check([100, 41, 0], 20, 5, 1);
    }

    #[test]
    fn without_a_holdout_the_reference_is_drawn_from_training_images() {
        assert_eq!(Comparison::new(10, 8, 0, 1).unwrap().reference_split, SplitName::Train);
        assert_eq!(Comparison::new(10, 8, 1, 1).unwrap().reference_split, SplitName::Holdout);
    }

    #[test]
    fn nothing_to_compare_with_is_said() {
        for (train, holdout) in [(0, 0), (1, 0), (0, 5)] {
            let error = Comparison::new(10, train, holdout, 1).unwrap_err().to_string();
            assert!(error.contains(&format!("{train} images for training and {holdout} kept out")), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_real_image_is_in_two_sets(samples in 2_usize..300, train in 2_usize..300, holdout in 0_usize..50, seed: u64) {
            let comparison = Comparison::new(samples, train, holdout, seed).unwrap();
            let mut rows: Vec<usize> = comparison.train.concat();
            if comparison.reference_split == SplitName::Train {
                rows.extend(&comparison.reference);
            }
            let count = rows.len();
            rows.sort_unstable();
            rows.dedup();
            prop_assert!(rows.len() == count && rows.iter().all(|row| *row < train));
            prop_assert!(comparison.train.iter().all(|set| set.len() == comparison.images));
            prop_assert!(!comparison.train.is_empty() && comparison.generated() <= samples);
        }
    }
}
