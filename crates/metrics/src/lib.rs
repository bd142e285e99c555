//! How far two sets of images are apart: images and features to numbers.
//!
//! Everything here is a pure function of its arguments: no file, clock or hidden random state, and the same bits on any
//! number of threads of the same kind of processor. Statistics are computed in double precision.
//!
//! ```
//! use metrics::{Images, Metric, Options, RandomNetwork, measure};
//!
//! # fn main() -> Result<(), metrics::MetricError> {
//! // Twenty images of 16 × 16 pixels, RGB: stripes here, elsewhere the rows of a dataset or the samples of a generator.
//! let pixel = |i: usize, width: usize| ((i / width * 7 + i / 768 * 31) % 256) as u8;
//! let stripes = |width: usize| Images::new(16, (0..20 * 16 * 16 * 3).map(|i| pixel(i, width)).collect());
//! let network = RandomNetwork::new();
//! let [real, other_real, generated] = [stripes(3)?, stripes(4)?, stripes(40)?];
//! let [real, other_real, generated] = [
//!     network.features(&real)?,
//!     network.features(&other_real)?,
//!     network.features(&generated)?,
//! ];
//! for line in measure(&Metric::OF_FEATURES, &real, &generated, Some(&other_real), Options::new(1))? {
//!     println!("{line}");
//! }
//! # Ok(())
//! # }
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod backbone;
mod bootstrap;
mod convolution;
mod copying;
mod dead_leaves;
mod eigen;
mod error;
mod features;
mod frechet;
mod images;
mod inception;
mod inception_score;
mod kernel;
mod manifold;
mod measure;
mod measurement;
mod mersenne;
mod metric;
mod mobilenet;
mod moments;
mod ms_ssim;
mod neighbours;
mod network;
mod patches;
mod product;
pub mod pyramid;
mod random;
mod random_network;
mod resize;
pub mod sliced_wasserstein;
mod weights;

pub use backbone::Backbone;
pub use bootstrap::{Interval, Resampling, interval, interval_of_mean};
pub use copying::{Copying, NearestSearch, Neighbour, copying, nearest, thumbnails};
pub use error::MetricError;
pub use features::Features;
pub use frechet::{frechet_distance, frechet_distance_of};
pub use images::{CHANNELS, Images, IncompleteImages};
pub use inception::Inception;
pub use inception_score::{InceptionScore, inception_score};
pub use kernel::{Kernel, KernelDistance, KernelOptions, kernel_distance};
pub use manifold::{DENSITY_NEIGHBOUR, Manifold, PRECISION_NEIGHBOUR};
pub use measure::{Options, measure};
pub use measurement::{Measurement, Warning};
pub use metric::{Best, Metric};
pub use mobilenet::MobileNet;
pub use moments::{Moments, square_root};
pub use ms_ssim::{Diversity, diversity, ms_ssim};
pub use random_network::{RANDOM_NETWORK_VERSION, RandomNetwork};
pub use resize::resized;
pub use weights::{Weights, WeightsError};
