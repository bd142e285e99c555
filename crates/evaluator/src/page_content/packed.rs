//! The dataset: what `pack --stats` describes, for the page.

use std::ops::ControlFlow;

use contracts::hash::ContentHash;
use dataset::{Dataset, DatasetError, SplitName, Statistics, evenly};
use pictures::{Rgb, Sheet, Tile};

use super::embedded::{EmbedError, Embedded};

/// The most images whose pixels are looked at for the colours and the mean: more would change neither to the eye.
const MAX_IMAGES: usize = 20_000;
/// Images of the contact sheet, and columns.
const SHOWN: usize = 96;
const COLUMNS: usize = 12;
/// Images larger than this are shown at this side.
const MAX_TILE: u32 = 96;
/// The most bytes of the sheet, and of the mean.
const MAX_SHEET_BYTES: usize = 400_000;
const MAX_MEAN_BYTES: usize = 30_000;

/// What the page says of the dataset.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Packed {
    pub(crate) hash: ContentHash,
    /// Pixels across, and down, of every image.
    pub(crate) side: u32,
    pub(crate) statistics: Statistics,
    /// Training images from all over the dataset; none where it has none.
    pub(crate) sheet: Option<Embedded>,
    pub(crate) mean: Option<Embedded>,
}

/// Why the dataset cannot be shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PackedError {
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    #[error(transparent)]
    Embed(#[from] EmbedError),
}

impl Packed {
    /// Looks at a dataset.
    ///
    /// # Errors
    /// When it is damaged.
    pub(super) fn read(dataset: &Dataset) -> Result<Self, PackedError> {
        let side = dataset.shape().side();
        let statistics = Statistics::of(dataset, MAX_IMAGES, || ControlFlow::Continue(()))?;
        let statistics = statistics.unwrap_or_else(|| unreachable!("nothing breaks it off"));
        let mean = Rgb::new(side, side, statistics.mean.clone()).filter(|_| statistics.images > 0);
        let mean = mean.map(|mean| Embedded::jpeg(&mean, MAX_MEAN_BYTES)).transpose()?;
        Ok(Self { hash: dataset.hash(), side, statistics, sheet: sheet(dataset)?, mean })
    }
}

fn sheet(dataset: &Dataset) -> Result<Option<Embedded>, PackedError> {
    let split = dataset.split(SplitName::Train);
    let (side, shown) = (split.side(), split.side().min(MAX_TILE));
    let mut tiles = Vec::new();
    for row in evenly(split.len(), SHOWN) {
        let image = Rgb::new(side, side, split.pixels(row)?.into_owned()).map(|image| image.scaled(shown, shown));
        tiles.push(Tile { image, ..Tile::default() });
    }
    if tiles.is_empty() {
        return Ok(None);
    }
    let sheet = Sheet { side: shown, margin: 0, lines: 0, background: [128; 3] }.grid(COLUMNS, &tiles);
    Ok(Some(Embedded::jpeg(&sheet, MAX_SHEET_BYTES)?))
}
