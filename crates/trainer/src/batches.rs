//! Real images, a batch at a time, in an order that the number of images shown decides, made ahead by other threads.

use std::cell::RefCell;

use burn::tensor::{Device, Tensor, TensorData};
use dataset::{CHANNELS, Loader, LoaderOptions, Split};

use crate::{error::TrainError, labels::Labels, plan::Plan};

/// Threads that make batches: one copies a hundred thousand small images a second; two keep up where they are decoded.
const READERS: usize = 2;

/// Batches that each of them makes ahead: one is being taken while the other is made.
const AHEAD: usize = 2;

/// The training images as one endless stream: every epoch shows each once, in an order of its own.
pub(crate) struct Batches<'a> {
    split: &'a Split,
    labels: &'a Labels,
    seed: u64,
    flip: bool,
    device: Device,
    /// In a cell, because how far the loader is does not change what a batch holds.
    loading: RefCell<Option<Loading>>,
}

/// Real images of a step, or of a part of one.
pub(crate) struct RealBatch {
    /// `[count, 3, side, side]` in [-1, 1].
    pub(crate) images: Tensor<4>,
    /// The class of each, where it is known and the recipe has a use for it.
    pub(crate) labels: Vec<Option<usize>>,
}

/// Batches on their way.
struct Loading {
    loader: Loader,
    count: usize,
    /// How many images come before the next batch.
    shown: u64,
}

impl<'a> Batches<'a> {
    /// The batches of `split` that `plan` trains on, for a device; every second image is mirrored where its recipe says so.
    pub(crate) fn new(plan: &'a Plan, split: &'a Split, device: &Device) -> Self {
        let Plan { labels, seed, recipe, .. } = plan;
        let flip = recipe.augmentation.flip;
        Self { split, labels, seed: *seed, flip, device: device.clone(), loading: RefCell::default() }
    }

    /// The `count` images that come after the first `shown`; a batch may reach from one epoch into the next. What follows
    /// is made ahead, so that asking for the next batch of the same count, as training does, takes next to no time.
    ///
    /// # Errors
    /// When the dataset is damaged there.
    pub(crate) fn batch(&self, shown: u64, count: usize) -> Result<RealBatch, TrainError> {
        let fitting = self.loading.take().filter(|loading| (loading.shown, loading.count) == (shown, count));
        let mut loading = fitting.unwrap_or_else(|| self.load_from(shown, count));
        let batch = loading.loader.next().expect("its readers live as long as a loader")?;
        loading.shown += count as u64;
        self.loading.replace(Some(loading));
        let side = self.split.side() as usize;
        let images = TensorData::new(batch.values, [count, CHANNELS, side, side]);
        Ok(RealBatch { images: Tensor::from_data(images, &self.device), labels: self.labels.of(&batch.rows) })
    }

    fn load_from(&self, shown: u64, count: usize) -> Loading {
        let options =
            LoaderOptions { seed: self.seed, batch_size: count, flip: self.flip, readers: READERS, ahead: AHEAD };
        Loading { loader: Loader::start(self.split, options, shown), count, shown }
    }
}
