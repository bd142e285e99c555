//! Real pictures, a batch at a time, in an order that the number of images shown decides, made ahead by other threads.

use std::cell::RefCell;

use burn::tensor::{Device, Tensor, TensorData};
use dataset::{CHANNELS, Loader, LoaderOptions, Split};

use crate::error::TrainError;

/// Threads that make batches: one copies a hundred thousand small pictures a second; two keep up where pictures are decoded.
const READERS: usize = 2;

/// Batches that each of them makes ahead.
const AHEAD: usize = 2;

/// The training pictures as one endless stream: every epoch shows each once, in an order of its own.
pub(crate) struct Pictures<'a> {
    split: &'a Split,
    seed: u64,
    device: Device,
    stream: RefCell<Option<Stream>>,
}

/// Batches on their way.
struct Stream {
    loader: Loader,
    count: usize,
    /// How many pictures come before the next batch.
    shown: u64,
}

impl<'a> Pictures<'a> {
    /// The stream of `split` under `seed`, for a device.
    pub(crate) fn new(split: &'a Split, seed: u64, device: &Device) -> Self {
        Self { split, seed, device: device.clone(), stream: RefCell::default() }
    }

    /// The `count` pictures that come after the first `shown`; a batch may reach from one epoch into the next. What follows
    /// is made ahead, so that asking for the next batch of the same count, as training does, takes next to no time.
    ///
    /// # Shapes
    /// - output: `[count, 3, side, side]` in [-1, 1]
    ///
    /// # Errors
    /// When the dataset is damaged there.
    pub(crate) fn batch(&self, shown: u64, count: usize) -> Result<Tensor<4>, TrainError> {
        let going = self.stream.take().filter(|stream| (stream.shown, stream.count) == (shown, count));
        let mut stream = going.unwrap_or_else(|| self.stream_from(shown, count));
        let batch = stream.loader.next().expect("its readers live as long as a loader")?;
        stream.shown += count as u64;
        self.stream.replace(Some(stream));
        let side = self.split.side() as usize;
        Ok(Tensor::from_data(TensorData::new(batch.values, [count, CHANNELS, side, side]), &self.device))
    }

    fn stream_from(&self, shown: u64, count: usize) -> Stream {
        let options = LoaderOptions { seed: self.seed, batch_size: count, flip: false, readers: READERS, ahead: AHEAD };
        Stream { loader: Loader::start(self.split, options, shown), count, shown }
    }
}
