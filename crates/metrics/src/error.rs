//! Sets that cannot be measured.

use crate::{images::IncompleteImages, metric::Metric};

/// Why a metric has no value.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MetricError {
    /// The values are no whole number of rows.
    #[error("{values} values are no whole number of rows of {dimensions} dimensions")]
    NotRows {
        /// Numbers in a row.
        dimensions: usize,
        /// Numbers in all.
        values: usize,
    },
    /// A feature is infinite or not a number.
    #[error("the features of row {row} are not finite: the network overflowed, or the image was not in 0 to 255")]
    NotFinite {
        /// The first such row.
        row: usize,
    },
    /// The features come from different networks.
    #[error("cannot compare features of {0} with features of {1} dimensions: they come from different networks")]
    Dimensions(usize, usize),
    /// The features are for different kernels.
    #[error("cannot take a kernel distance between features that are for different kernels")]
    Kernels,
    /// A metric is taken of something else than features.
    #[error("{0} is no metric of features")]
    NotOfFeatures(Metric),
    /// A metric is not defined for so few.
    #[error("{count} images are too few: at least {needed} in each set are needed")]
    TooFew {
        /// Images in the smaller set.
        count: usize,
        /// The least that the metric is defined for.
        needed: usize,
    },
    /// The metric depends on the count, so it must be the same.
    #[error("cannot compare sets of {0} and {1} images: the distance depends on the count, take equally many")]
    Counts(usize, usize),
    /// The images differ in size.
    #[error("cannot compare images of {0} px with images of {1} px")]
    Sides(usize, usize),
    /// The images are smaller than what is looked for in them.
    #[error("cannot measure images of {side} px: {needed} px is the least")]
    TooSmall {
        /// Pixels across.
        side: usize,
        /// The least side.
        needed: usize,
    },
    /// A decomposition did not come to an end.
    #[error("the eigenvalues of a covariance of {0} dimensions did not converge")]
    NotConverged(usize),
    /// The pixels are no images.
    #[error(transparent)]
    IncompleteImages(#[from] IncompleteImages),
}
