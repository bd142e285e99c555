//! Real images, a batch at a time, in an order that the number of images shown decides, made ahead by other threads.

use std::cell::RefCell;

use burn::tensor::{Device, Tensor, TensorData};
use dataset::{CHANNELS, Loader, LoaderOptions, Split, Turn};

use crate::{error::TrainError, labels::Labels, plan::Plan, ranks::Ranks};

/// Threads that make batches: one copies a hundred thousand small images a second; two keep up where they are decoded.
const READERS: usize = 2;

/// Batches that each of them makes ahead: one is being taken while the other is made.
const AHEAD: usize = 2;

/// The training images as one endless stream: every epoch shows each once, in an order of its own. Of several ranks each reads the
/// images of its own parts.
pub(crate) struct Batches<'a> {
    split: &'a Split,
    labels: &'a Labels,
    seed: u64,
    flip: bool,
    /// The parts of every batch that are read.
    turn: Turn,
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
    /// How many images come before the first that any rank loads.
    start: u64,
    /// How many batches were taken.
    taken: u64,
}

impl<'a> Batches<'a> {
    /// The batches of `split` that `plan` trains on, for a device; every second image is mirrored where its recipe says so.
    pub(crate) fn new(plan: &'a Plan, split: &'a Split, device: &Device, ranks: Ranks) -> Self {
        let Plan { labels, seed, recipe, .. } = plan;
        let flip = recipe.augmentation.flip;
        let own = ranks.own(plan.accumulate);
        let turn = Turn { first: own.start as u64, count: own.len() as u64, of: plan.accumulate as u64 };
        Self { split, labels, seed: *seed, flip, turn, device: device.clone(), loading: RefCell::default() }
    }

    /// The `count` images that come after the first `shown`; a batch may reach from one epoch into the next. What follows
    /// is made ahead, so that asking for the next own batch of the same count, as training does, takes next to no time.
    ///
    /// # Errors
    /// When the dataset is damaged there.
    pub(crate) fn batch(&self, shown: u64, count: usize) -> Result<RealBatch, TrainError> {
        let fitting = self.loading.take().filter(|loading| loading.next(self.turn) == (shown, count));
        let mut loading = fitting.unwrap_or_else(|| self.load_from(shown, count));
        let batch = loading.loader.next().expect("its readers live as long as a loader")?;
        loading.taken += 1;
        self.loading.replace(Some(loading));
        let side = self.split.side() as usize;
        let images = TensorData::new(batch.values, [count, CHANNELS, side, side]);
        Ok(RealBatch { images: Tensor::from_data(images, &self.device), labels: self.labels.of(&batch.rows) })
    }

    fn load_from(&self, shown: u64, count: usize) -> Loading {
        let options = LoaderOptions {
            seed: self.seed,
            batch_size: count,
            flip: self.flip,
            turn: self.turn,
            readers: READERS,
            ahead: AHEAD,
        };
        // Who begins, or goes back, begins with the first of its own parts.
        let start = shown - self.turn.first * count as u64;
        Loading { loader: Loader::start(self.split, options, start), count, start, taken: 0 }
    }
}

impl Loading {
    /// How many images come before the batch that is taken next, and how many it has.
    fn next(&self, turn: Turn) -> (u64, usize) {
        (self.start + turn.batch(self.taken) * self.count as u64, self.count)
    }
}
