//! What an evaluation found: the content of `evaluation/metrics.json`.

mod copying;
mod distance;
mod error;
mod neighbours;

use contracts::{hash::ContentHash, id::RunId};
use metrics::{Measurement, Metric};
use serde::{Deserialize, Serialize};

pub use self::{
    copying::{CopyingTest, QUANTILES},
    distance::{Distance, LevelDistance, SlicedWasserstein},
    error::FormatError,
    neighbours::{NearFace, Neighbours, SampleNeighbours},
};

/// What `format` says in every file of this kind.
pub const FORMAT: &str = "nijigen-evaluation";
/// The format's version. History: 1, the first, of sliced Wasserstein distances alone; 2, all metrics, where those that
/// were not asked for are left out.
pub const VERSION: u32 = 2;

/// The metrics of one generator on one dataset; equal inputs give equal bytes.
///
/// The files of a run's `evaluation/`, each named by [`RunLayout`](contracts::layout::RunLayout):
///
/// | file | content |
/// |---|---|
/// | `metrics.json` | this |
/// | `grid.png` | the first 64 samples beside as many real images |
/// | `reals.png` | these real images alone |
/// | `neighbours.png` | a row a sample: the sample, then its nearest training faces, tiles of [`side`](Self::side) pixels without gaps |
/// | `neighbours.json` | [`Neighbours`]: which sample, rows and posts these tiles are |
/// | `classes.png` | a row a class, in the order of [`classes`](Self::classes), of the same latents in each; tiles without gaps |
/// | `walks.png` | a row a walk between latents, its [`frames`](Walks::frames) from left to right, tiles without gaps |
///
/// `metrics.json` is written last: where it is, the others are of the same generator. An evaluation of version 1 has no
/// neighbours and no walks; one of a generator that knows no classes has no `classes.png`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`], or an earlier one.
    pub version: u32,
    /// The run whose generator it is.
    pub run: RunId,
    /// The hash of the dataset.
    pub dataset: ContentHash,
    /// The SHA-256 of the generator's file.
    pub generator: ContentHash,
    /// What latents, images, patches, directions and resamples were drawn from.
    pub seed: u64,
    /// The side of the images in pixels.
    pub side: usize,
    /// How many images were sampled and measured.
    pub generated: usize,
    /// How far the generated images are from the real ones, scale by scale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sliced_wasserstein: Option<SlicedWasserstein>,
    /// The metrics of features, network by network.
    #[serde(default)]
    pub features: Vec<NetworkMetrics>,
    /// The metrics of the images themselves: MS-SSIM and the detector's rate.
    #[serde(default)]
    pub images: Vec<Measurement>,
    /// Whether samples are copies of training images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copying: Option<CopyingTest>,
    /// What `walks.png` shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub walks: Option<Walks>,
    /// What the rows of `classes.png` show, from top to bottom; empty where the generator knows no classes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
}

/// The metrics of the features that one network makes of images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkMetrics {
    /// The network's name and version, such as `random-1`: figures of different ones cannot be compared.
    pub network: String,
    /// The SHA-256 of the weights' file; none for a network that needs no file.
    pub weights: Option<ContentHash>,
    /// Its metrics, in the order of [`Metric::ALL`]. Real images, generated ones and the baseline's are equally many; the
    /// baseline's are real ones that are in neither set.
    pub measurements: Vec<Measurement>,
}

/// The walks of `walks.png`: along great circles from one sample's latent to the next one's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walks {
    /// The numbers of the samples that each walk, a row, passes through; the first is its first frame, the last its last.
    pub stops: Vec<Vec<u64>>,
    /// Frames in a row.
    pub frames: usize,
}

impl Evaluation {
    /// Reads `metrics.json` as this version or an earlier one wrote it.
    ///
    /// # Errors
    /// When it is no evaluation, or a later version's.
    pub fn parse(json: &[u8]) -> Result<Self, FormatError> {
        error::parse(json, FORMAT, VERSION)
    }

    /// All measurements of a metric, with the network's name where it is one of features.
    pub fn measurements(&self) -> impl Iterator<Item = (Option<&str>, &Measurement)> {
        let features = self.features.iter().flat_map(|network| {
            network.measurements.iter().map(|measurement| (Some(network.network.as_str()), measurement))
        });
        let copying = self.copying.iter().map(|copying| &copying.nearer);
        features.chain(self.images.iter().chain(copying).map(|measurement| (None, measurement)))
    }

    /// A metric's measurement, of the first network that has it.
    pub fn measurement(&self, metric: Metric) -> Option<&Measurement> {
        self.measurements().map(|(_, measurement)| measurement).find(|measurement| measurement.metric == metric)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As version 1 wrote it.
    const FIRST: &str = include_str!("../tests/golden/evaluation-1.json");

    #[test]
    fn the_first_version_is_read() {
        let evaluation = Evaluation::parse(FIRST.as_bytes()).unwrap();
        assert_eq!((evaluation.version, evaluation.measurements().count()), (1, 0));
        let distances = evaluation.sliced_wasserstein.unwrap();
        assert_eq!((distances.images, distances.baseline.unwrap().pairs), (6, 3));
    }

    #[test]
    fn later_versions_and_other_files_are_refused() {
        let check = |json: &str, expected: &str| {
            let error = Evaluation::parse(json.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check(&FIRST.replace("\"version\": 1", "\"version\": 3"), "version 3");
        check(&FIRST.replace(FORMAT, "nijigen-dataset"), "nijigen-dataset");
        check("{}", "missing field");
    }
}
