//! Batches for training, made ahead by threads in an order that their number does not change.

use std::{
    sync::{
        Arc,
        mpsc::{self, Receiver, SyncSender},
    },
    thread::{self, JoinHandle},
};

use crate::{
    error::DatasetError,
    order::{EpochOrder, mix},
    split::Split,
};

/// How a stream of batches is made. The batches follow from the first four; the others change only its speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoaderOptions {
    /// The key of the order and of the flips.
    pub seed: u64,
    /// Images of a batch, 1 or more.
    pub batch_size: usize,
    /// Whether every second image, drawn by (seed, position), is mirrored left to right.
    pub flip: bool,
    /// Which of the batches are made.
    pub turn: Turn,
    /// Threads that work ahead, 1 or more.
    pub readers: usize,
    /// Batches that each of them makes ahead, 1 or more.
    pub ahead: usize,
}

/// Of every `of` batches in a row, `count` from the one numbered `first` on: what one of several processes makes that share them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The first of them that is made.
    pub first: u64,
    /// How many are, 1 or more.
    pub count: u64,
    /// Of how many.
    pub of: u64,
}

impl Default for Turn {
    /// Every batch.
    fn default() -> Self {
        Self { first: 0, count: 1, of: 1 }
    }
}

impl Turn {
    /// The number of the batch that is made as the `made`-th, both counted from 0.
    pub fn batch(self, made: u64) -> u64 {
        made / self.count * self.of + self.first + made % self.count
    }
}

/// Images for one step of training.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The position of its first image, counted from the start of training.
    pub first: u64,
    /// The rows that its images are, in order.
    pub rows: Vec<usize>,
    /// Shape [batch size, 3, side, side], from −1 to 1.
    pub values: Vec<f32>,
}

/// The endless stream of batches of a split, each epoch shuffled anew.
///
/// A batch depends on the options and its position alone, so a stream begun at any position, with any number of readers,
/// continues as if it had never stopped.
pub struct Loader {
    /// Each reader's batches; reader r makes the r-th, the (r + readers)-th, … of those that are made.
    queues: Vec<Receiver<Result<Batch, DatasetError>>>,
    readers: Vec<JoinHandle<()>>,
    next: usize,
}

impl Loader {
    /// Begins the stream at `position`: how many images were shown before. Turns are counted from there.
    ///
    /// # Panics
    /// When the split is empty, a count of the options is 0, or a turn has more batches than there are.
    pub fn start(split: &Split, options: LoaderOptions, position: u64) -> Self {
        assert!(!split.is_empty(), "an empty split has no batches");
        assert!(options.batch_size > 0 && options.readers > 0 && options.ahead > 0, "{options:?}");
        let Turn { first, count, of } = options.turn;
        assert!(count > 0 && first + count <= of, "{options:?}");
        let maker =
            Arc::new(BatchMaker { split: split.clone(), order: EpochOrder::new(options.seed, split.len()), options });
        let (mut queues, mut readers) = (Vec::new(), Vec::new());
        for reader in 0..options.readers {
            let (sender, receiver) = mpsc::sync_channel(options.ahead);
            let maker = Arc::clone(&maker);
            readers.push(thread::spawn(move || maker.work(position, reader as u64, &sender)));
            queues.push(receiver);
        }
        Self { queues, readers, next: 0 }
    }
}

impl Iterator for Loader {
    type Item = Result<Batch, DatasetError>;

    /// The next batch; `None` only after a reader's death.
    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.queues[self.next].recv().ok()?;
        self.next = (self.next + 1) % self.queues.len();
        Some(batch)
    }
}

impl Drop for Loader {
    fn drop(&mut self) {
        // A reader stops when nobody takes its batches.
        self.queues.clear();
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
    }
}

struct BatchMaker {
    split: Split,
    order: EpochOrder,
    options: LoaderOptions,
}

impl BatchMaker {
    fn work(&self, position: u64, mut made: u64, queue: &SyncSender<Result<Batch, DatasetError>>) {
        let LoaderOptions { turn, batch_size, readers, .. } = self.options;
        while queue.send(self.batch(position + turn.batch(made) * batch_size as u64)).is_ok() {
            made += readers as u64;
        }
    }

    fn batch(&self, first: u64) -> Result<Batch, DatasetError> {
        let (count, image) = (self.options.batch_size, self.split.shape().values());
        let rows: Vec<usize> = (first..).take(count).map(|position| self.order.row(position)).collect();
        let mut values = vec![0.0; count * image];
        for ((position, row), out) in (first..).zip(&rows).zip(values.chunks_exact_mut(image)) {
            self.split.copy_one(*row, self.is_flipped(position), out)?;
        }
        Ok(Batch { first, rows, values })
    }

    fn is_flipped(&self, position: u64) -> bool {
        const FLIPS: u64 = 0x666c_6970;
        self.options.flip && mix(mix(self.options.seed ^ FLIPS) ^ position) & 1 == 1
    }
}
