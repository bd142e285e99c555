//! Any two sets of images, measured against each other: what the program `measure` does.

mod error;
mod source;

use std::path::PathBuf;

use contracts::hash::ContentHash;
use metrics::{Images, Measurement, Metric, MetricError, sliced_wasserstein};
use serde::Serialize;

pub use self::{
    error::SetError,
    source::{Kind, Source, SourceOptions},
};
use crate::{
    measuring::{self, SetFeatures},
    network::{Network, Rows},
};

/// Images of each set that are kept in memory for metrics of pixels.
const MAX_KEPT: usize = 2048;

/// What is measured, and how.
#[derive(Clone, Debug)]
pub struct Comparing {
    /// The metrics, in any order.
    pub metrics: Vec<Metric>,
    /// InceptionV3's weights; empty: none.
    pub inception: PathBuf,
    /// MobileNetV2's weights; empty: none.
    pub mobilenet: PathBuf,
    /// What patches, directions and resamples are drawn from.
    pub seed: u64,
    /// How images are taken from both sets.
    pub source: SourceOptions,
}

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// The set that is measured, such as a generator's samples.
    pub generated: SetFacts,
    /// The set that it is measured against.
    pub real: SetFacts,
    /// The metrics of features, by network.
    pub features: Vec<OfNetwork>,
    /// The metrics of the images themselves.
    pub images: Vec<Measurement>,
    /// What could not be measured, and why.
    pub warnings: Vec<String>,
}

/// A set that was measured.
#[derive(Clone, Debug, Serialize)]
pub struct SetFacts {
    /// Where it lies.
    pub path: PathBuf,
    /// What it is.
    pub kind: Kind,
    /// Its images.
    pub images: usize,
    /// Their side in pixels.
    pub side: usize,
}

/// The metrics of one network's features.
#[derive(Clone, Debug, Serialize)]
pub struct OfNetwork {
    /// Its name and version.
    pub network: String,
    /// The SHA-256 of its weights' file, where it has one.
    pub weights: Option<ContentHash>,
    /// Its metrics.
    pub measurements: Vec<Measurement>,
}

/// A set after it was passed through.
struct Passed {
    facts: SetFacts,
    kept: Images,
    rows: Vec<SetFeatures>,
}

/// Measures `generated` against `real`, and against `baseline` in its stead where that is given. `progress` is told of
/// images that were passed through.
///
/// Features are taken of each set at its own side, as the networks resize every image; metrics of pixels need equal sides.
///
/// # Errors
/// When a set cannot be read, has images of several sides, or is too small to be compared.
pub fn compare(
    generated: &Source,
    real: &Source,
    baseline: Option<&Source>,
    comparing: &Comparing,
    progress: &dyn Fn(&Source, usize),
) -> Result<Comparison, SetError> {
    let wanted = &comparing.metrics;
    let networks = if wants_features(wanted) {
        // Where the weights of a known network are given, the random one adds nothing.
        let mut networks = Network::given(&comparing.inception, &comparing.mobilenet)?;
        if networks.len() > 1 {
            networks.remove(0);
        }
        networks
    } else {
        Vec::new()
    };
    let pass = |source: &Source| pass(source, &networks, comparing, &|images| progress(source, images));
    let (generated, real) = (pass(generated)?, pass(real)?);
    let baseline = baseline.map(pass).transpose()?;
    let mut found = Comparison {
        features: Vec::new(),
        images: Vec::new(),
        warnings: Vec::new(),
        generated: generated.facts.clone(),
        real: real.facts.clone(),
    };
    for (index, network) in networks.iter().enumerate() {
        let sets = [&real.rows[index], &generated.rows[index]];
        let baseline = baseline.as_ref().map(|passed| &passed.rows[index]);
        let measured = measuring::of_features(wanted, sets, baseline, comparing.seed, || false)?;
        let measured = measured.unwrap_or_default();
        found.warnings.extend(measured.warnings);
        let measurements = measured.measurements;
        found.features.push(OfNetwork { network: network.name(), weights: network.weights, measurements });
    }
    add_images(&mut found, &generated.kept, &real.kept, comparing)?;
    Ok(found)
}

fn wants_features(wanted: &[Metric]) -> bool {
    wanted.iter().any(|metric| Metric::OF_FEATURES.contains(metric) || *metric == Metric::InceptionScore)
}

/// Takes a set's features, and keeps its first images where pixels are wanted.
fn pass(
    source: &Source,
    networks: &[Network],
    comparing: &Comparing,
    progress: &dyn Fn(usize),
) -> Result<Passed, SetError> {
    let mut rows: Vec<Rows> = networks.iter().map(|_| Rows::default()).collect();
    let (mut side, mut images, mut kept) = (0, 0, Vec::new());
    let wants_pixels = comparing.metrics.iter().any(|metric| !Metric::OF_FEATURES.contains(metric));
    source.visit(&comparing.source, &mut |batch: Images| {
        side = batch.side();
        networks.iter().zip(&mut rows).try_for_each(|(network, rows)| network.add(&batch, rows))?;
        if wants_pixels {
            kept.extend(batch.first(MAX_KEPT.saturating_sub(images)).into_pixels());
        }
        images += batch.len();
        progress(batch.len());
        Ok(())
    })?;
    if images == 0 {
        return Err(SetError::Empty(source.path().into()));
    }
    Ok(Passed {
        facts: SetFacts { path: source.path().into(), kind: source.kind(), images, side },
        kept: Images::new(side, kept).map_err(MetricError::from)?,
        rows: rows.into_iter().map(Rows::finish).collect::<Result<_, _>>()?,
    })
}

fn add_images(
    found: &mut Comparison,
    generated: &Images,
    real: &Images,
    comparing: &Comparing,
) -> Result<(), SetError> {
    if comparing.metrics.contains(&Metric::SlicedWasserstein) {
        if generated.side() == real.side() {
            found.images.push(sliced(generated, real, comparing.seed)?);
        } else {
            let [a, b] = [generated.side(), real.side()];
            let why = format!("sliced-wasserstein not measured: it compares equal sides, and these are {a} and {b} px");
            found.warnings.push(why);
        }
    }
    let measured = measuring::of_images(&comparing.metrics, real, generated, comparing.seed)?;
    found.images.extend(measured.measurements);
    found.warnings.extend(measured.warnings);
    Ok(())
}

/// The distance of equally many images of both sets, as it depends on the count.
fn sliced(generated: &Images, real: &Images, seed: u64) -> Result<Measurement, MetricError> {
    let count = generated.len().min(real.len());
    let levels = sliced_wasserstein::pairwise(&[&generated.first(count), &real.first(count)], seed)?;
    let distances: Vec<f64> = levels.into_iter().flatten().collect();
    Ok(Measurement {
        metric: Metric::SlicedWasserstein,
        value: distances.iter().sum::<f64>() / distances.len() as f64,
        interval: None,
        baseline: None,
        counts: [count, count],
        seed,
        warning: measuring::few(Metric::SlicedWasserstein, count),
    })
}
