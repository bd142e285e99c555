//! What an evaluation says of copying.

use metrics::Measurement;
use serde::{Deserialize, Serialize};

/// Distances in a [`CopyingTest`]'s lists: 0 %, 5 % … 100 %.
pub const QUANTILES: usize = 21;

/// Whether samples lie nearer to the training images than images that were kept out of training do, as thumbnails of
/// 16 × 16 pixels. None is made where nothing was kept out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CopyingTest {
    /// The share of pairs of a sample and a held-out image in which the sample lies nearer to its nearest training image:
    /// ½, the baseline, for a generator that neither copies nor strays, 1 for a copier, below ½ for one whose samples are
    /// unlike any image. `counts` are the held-out images and the samples.
    pub nearer: Measurement,
    /// How many standard deviations that is from ½, were samples and held-out images alike: above 3 says that it copies.
    pub deviations: f64,
    /// The share of samples that lie nearer to a training image than all but one in a hundred held-out images.
    pub near_copies: f64,
    /// Training images.
    pub train: usize,
    /// Quantiles of the samples' distances to their nearest training image, in grey levels (root mean square over the
    /// thumbnail's values), ascending, [`QUANTILES`] of them from the least to the greatest.
    pub of_samples: Vec<f64>,
    /// The same of the held-out images.
    pub of_holdout: Vec<f64>,
}
