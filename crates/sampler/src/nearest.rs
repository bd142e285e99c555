//! The training faces nearest to images.

use anyhow::bail;
use contracts::Context;
use dataset::{Dataset, Row, SplitName};
use metrics::{Images, NearestSearch, Neighbour, thumbnails};
use pictures::Rgb;

/// Training rows that are in memory at once.
const ROWS_AT_ONCE: usize = 256;

/// For each image the nearest `count` training rows, nearest first. Distances are roots of mean squared differences of
/// thumbnails of 16 × 16 pixels, in grey levels: what is near there is a copy, not a likeness.
pub(crate) fn search(
    context: &Context<'_>,
    dataset: &Dataset,
    images: &[Rgb],
    count: usize,
) -> anyhow::Result<Vec<Vec<Neighbour>>> {
    let side = images.first().map_or(1, Rgb::width) as usize;
    let pixels = images.iter().flat_map(|image| image.bytes().iter().copied()).collect();
    let queries = thumbnails(&Images::new(side, pixels)?)?;
    let train = dataset.split(SplitName::Train);
    let mut search = NearestSearch::new(&queries, count);
    context.progress.begin("comparing with training faces", train.len() as u64);
    for first in (0..train.len()).step_by(ROWS_AT_ONCE) {
        if context.interrupt.is_raised() {
            bail!("interrupted: nothing was written");
        }
        let rows = first..train.len().min(first + ROWS_AT_ONCE);
        let mut pixels = Vec::new();
        for row in rows.clone() {
            pixels.extend_from_slice(&train.pixels(row)?);
        }
        search.add(&thumbnails(&Images::new(train.side() as usize, pixels)?)?)?;
        context.progress.advance(rows.len() as u64);
    }
    let scale = (queries.dimensions() as f64).sqrt().recip();
    let in_levels = |neighbour: Neighbour| Neighbour { distance: neighbour.distance * scale, ..neighbour };
    Ok(search.into_neighbours().into_iter().map(|found| found.into_iter().map(in_levels).collect()).collect())
}

/// A training row.
pub(crate) fn row(dataset: &Dataset, neighbour: &Neighbour) -> anyhow::Result<Row> {
    Ok(dataset.split(SplitName::Train).row(neighbour.index)?)
}

/// What a row is known by: its post, or where there is none its path.
pub(crate) fn name(row: &Row) -> String {
    row.post.as_ref().map_or_else(|| row.path.clone(), ToString::to_string)
}
