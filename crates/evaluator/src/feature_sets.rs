//! Which real images features are compared of.

use dataset::SplitName;

use crate::comparison::drawn;

/// The most images in a set: more would take gigabytes where features have thousands of dimensions.
const MAX_IMAGES: usize = 50_000;

/// Two sets of real images without a common one, each as large as the set of generated images that they are compared with:
/// distances depend on the counts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FeatureSets {
    /// Training images, which generated ones are compared with.
    pub(crate) real: Vec<(SplitName, usize)>,
    /// Images that take the generated ones' place in the baseline: those kept out of training, then further training images.
    pub(crate) baseline: Vec<(SplitName, usize)>,
}

impl FeatureSets {
    /// Draws as many as there are samples, or as the dataset allows.
    pub(crate) fn new(samples: usize, train: usize, holdout: usize, seed: u64) -> Self {
        let images = samples.min((train + holdout) / 2).min(train).min(MAX_IMAGES);
        let of = |split: SplitName, rows: usize| drawn(rows, seed).into_iter().map(move |row| (split, row));
        let mut of_train: Vec<_> = of(SplitName::Train, train).collect();
        let rest = of_train.split_off(images);
        let baseline = of(SplitName::Holdout, holdout).chain(rest).take(images).collect();
        Self { real: of_train, baseline }
    }

    /// Images in each set.
    pub(crate) fn images(&self) -> usize {
        self.real.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sets_are_equal_and_have_no_image_in_common(
            samples in 2_usize..300, train in 1_usize..300, holdout in 0_usize..300, seed: u64,
        ) {
            let sets = FeatureSets::new(samples, train, holdout, seed);
            prop_assert_eq!(sets.images(), sets.baseline.len());
            prop_assert!(sets.images() <= samples && sets.real.iter().all(|(split, _)| *split == SplitName::Train));
            let mut all: Vec<_> = sets.real.iter().chain(&sets.baseline).collect();
            all.sort_unstable();
            all.dedup();
            prop_assert_eq!(all.len(), 2 * sets.images());
        }
    }

    #[test]
    fn what_was_kept_out_comes_first_in_the_baseline() {
        let sets = FeatureSets::new(10, 100, 4, 1);
        assert!(sets.baseline[..4].iter().all(|(split, _)| *split == SplitName::Holdout));
        assert!(sets.baseline[4..].iter().all(|(split, _)| *split == SplitName::Train));
    }
}
