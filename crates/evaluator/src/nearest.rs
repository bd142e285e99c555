//! The training faces nearest to samples: to look at, and for the test of copying.

use contracts::{hash::ContentHash, id::RunId, stage::Interrupt};
use dataset::{Dataset, SplitName};
use metrics::{
    Copying, Features, Images, Measurement, Metric, MetricError, NearestSearch, Neighbour, Resampling, interval,
    thumbnails,
};
use pictures::{EncodeError, Encoding, Rgb, Sheet, Tile};

use crate::{
    comparison::read,
    error::EvaluateError,
    evaluation::{CopyingTest, NearFace, Neighbours, QUANTILES, SampleNeighbours},
    measuring::few,
};

/// Samples whose neighbours are shown.
const SHOWN: usize = 32;

/// Training faces shown beside each sample.
const NEAREST: usize = 4;

/// Samples, and as many held-out images, that the test of copying takes at most.
pub(crate) const MAX_TESTED: usize = 1000;

/// Training rows that are in memory at once.
const ROWS_AT_ONCE: usize = 256;

const REPLICATES: usize = 200;

/// Samples and held-out images with their nearest training rows, nearest first.
pub(crate) struct Nearest {
    of_samples: Vec<Vec<Neighbour>>,
    of_holdout: Vec<Vec<Neighbour>>,
    /// What turns a distance of thumbnails into grey levels: 1 / √ of their dimensions.
    scale: f64,
    train: usize,
}

impl Nearest {
    /// Looks through all training rows; `None` when interrupted. `advance` is told of rows done.
    ///
    /// # Errors
    /// When the dataset is damaged.
    pub(crate) fn search(
        dataset: &Dataset,
        samples: &Images,
        holdout: &Images,
        interrupt: &Interrupt,
        advance: impl Fn(u64),
    ) -> Result<Option<Self>, EvaluateError> {
        let queries = joined(&thumbnails(samples)?, &thumbnails(holdout)?)?;
        let train = dataset.split(SplitName::Train);
        let mut search = NearestSearch::new(&queries, NEAREST);
        for first in (0..train.len()).step_by(ROWS_AT_ONCE) {
            if interrupt.is_raised() {
                return Ok(None);
            }
            let rows: Vec<usize> = (first..train.len().min(first + ROWS_AT_ONCE)).collect();
            search.add(&thumbnails(&read(train, &rows)?)?)?;
            advance(rows.len() as u64);
        }
        let mut of_samples = search.into_neighbours();
        let of_holdout = of_samples.split_off(samples.len());
        let scale = (queries.dimensions() as f64).sqrt().recip();
        Ok(Some(Self { of_samples, of_holdout, scale, train: train.len() }))
    }

    /// The test of copying; `None` where nothing was kept out of training.
    ///
    /// # Errors
    /// Never: the metric has a value for every resample.
    pub(crate) fn copying(&self, seed: u64) -> Result<Option<CopyingTest>, MetricError> {
        let distances = |found: &[Vec<Neighbour>]| {
            found.iter().filter_map(|nearest| Some(nearest.first()?.distance * self.scale)).collect::<Vec<f64>>()
        };
        let (of_samples, of_holdout) = (distances(&self.of_samples), distances(&self.of_holdout));
        if of_samples.is_empty() || of_holdout.is_empty() {
            return Ok(None);
        }
        let found = Copying::of_distances(&of_samples, &of_holdout);
        let counts = [of_holdout.len(), of_samples.len()];
        let pick = |values: &[f64], indices: &[usize]| indices.iter().map(|index| values[*index]).collect::<Vec<_>>();
        let of_resample = |lists: &[Vec<usize>]| {
            Ok(Copying::of_distances(&pick(&of_samples, &lists[1]), &pick(&of_holdout, &lists[0])).nearer)
        };
        let interval = interval(found.nearer, &counts, Resampling { replicates: REPLICATES, seed }, of_resample)?;
        let nearer = Measurement {
            metric: Metric::Copying,
            value: found.nearer,
            interval,
            // What a generator that neither copies nor strays has by definition.
            baseline: Some(0.5),
            counts,
            seed,
            warning: few(Metric::Copying, counts[0].min(counts[1])),
        };
        Ok(Some(CopyingTest {
            nearer,
            deviations: found.deviations,
            near_copies: found.near_copies,
            train: self.train,
            of_samples: quantiles(of_samples),
            of_holdout: quantiles(of_holdout),
        }))
    }

    /// What is shown: each of the first samples with its neighbours' rows and posts.
    ///
    /// # Errors
    /// When the dataset is damaged.
    pub(crate) fn shown(
        &self,
        dataset: &Dataset,
        run: &RunId,
        generator: ContentHash,
    ) -> Result<Neighbours, EvaluateError> {
        let face = |neighbour: &Neighbour| {
            let row = dataset.split(SplitName::Train).row(neighbour.index)?;
            Ok(NearFace {
                row: neighbour.index,
                distance: neighbour.distance * self.scale,
                path: row.path,
                post: row.post,
                source_url: row.source_url,
            })
        };
        let sample = |(sample, nearest): (usize, &Vec<Neighbour>)| {
            let nearest = nearest.iter().map(face).collect::<Result<_, EvaluateError>>()?;
            Ok(SampleNeighbours { sample: sample as u64, nearest })
        };
        let samples = self.of_samples.iter().take(SHOWN).enumerate().map(sample);
        Ok(Neighbours {
            format: Neighbours::FORMAT.into(),
            version: Neighbours::VERSION,
            run: run.clone(),
            generator,
            side: dataset.shape().side() as usize,
            samples: samples.collect::<Result<_, EvaluateError>>()?,
        })
    }
}

/// The sheet of what is shown, as a PNG file: a row a sample, the sample first.
///
/// # Errors
/// When the dataset is damaged, or the sheet is larger than a PNG file can be.
pub(crate) fn sheet(dataset: &Dataset, samples: &Images, shown: &Neighbours) -> Result<Vec<u8>, EvaluateError> {
    let side = dataset.shape().side();
    let tile = |pixels: &[u8]| Rgb::new(side, side, pixels.to_vec()).map(Tile::from).unwrap_or_default();
    let row = |sample: &SampleNeighbours| {
        let mut tiles = vec![tile(samples.get(sample.sample as usize))];
        for face in &sample.nearest {
            tiles.push(tile(&dataset.split(SplitName::Train).pixels(face.row)?));
        }
        Ok(tiles)
    };
    let rows = shown.samples.iter().map(row).collect::<Result<Vec<_>, EvaluateError>>()?;
    Ok(plain_sheet(side, &rows)?)
}

/// Rows of tiles without gaps, as a PNG file.
///
/// # Errors
/// When the sheet is larger than a PNG file can be.
pub(crate) fn plain_sheet(side: u32, rows: &[Vec<Tile>]) -> Result<Vec<u8>, EncodeError> {
    let sheet = Sheet { side, margin: 0, lines: 0, background: [255; 3] };
    sheet.rows(rows).encode(Encoding::SmallPng)
}

fn joined(a: &Features, b: &Features) -> Result<Features, MetricError> {
    Features::new(a.dimensions(), a.rows().chain(b.rows()).flatten().copied().collect())
}

/// [`QUANTILES`] values at equal steps of rank, from the least to the greatest.
fn quantiles(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    let last = (values.len() - 1) as f64;
    let at = |step: usize| (last * step as f64 / (QUANTILES - 1) as f64).round() as usize;
    (0..QUANTILES).map(|step| values[at(step)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(index: usize, distance: f64) -> Vec<Neighbour> {
        vec![Neighbour { index, distance }]
    }

    #[test]
    fn copies_lie_nearer_than_held_out_images() {
        let nearest = Nearest {
            of_samples: (0..40).map(|i| near(i, f64::from(i as u8) / 100.0)).collect(),
            of_holdout: (0..40).map(|i| near(i, 2.0 + f64::from(i as u8))).collect(),
            scale: 0.5,
            train: 100,
        };
        let test = nearest.copying(1).unwrap().unwrap();
        assert_eq!((test.nearer.value, test.near_copies, test.nearer.counts), (1.0, 1.0, [40, 40]));
        assert!(test.deviations > 5.0 && test.nearer.warning.is_some());
        assert_eq!((test.of_samples.len(), test.of_samples[0], test.of_holdout[0]), (QUANTILES, 0.0, 1.0));
        assert_eq!(test.of_holdout[QUANTILES - 1], 20.5);
        assert!(Nearest { of_holdout: vec![], ..nearest }.copying(1).unwrap().is_none());
    }
}
