//! Real pictures, a batch at a time, in an order that the number of images shown decides.

use burn::tensor::{Device, Tensor, TensorData};
use dataset::{CHANNELS, EpochOrder, Split};

use crate::error::TrainError;

/// The training pictures as one endless stream: every epoch shows each once, in an order of its own.
pub(crate) struct Pictures<'a> {
    split: &'a Split,
    order: EpochOrder,
    device: Device,
}

impl<'a> Pictures<'a> {
    /// The stream of `split` under `seed`, for a device.
    pub(crate) fn new(split: &'a Split, seed: u64, device: &Device) -> Self {
        Self { split, order: EpochOrder::new(seed, split.len()), device: device.clone() }
    }

    /// The `count` pictures that come after the first `shown`; a batch may reach from one epoch into the next.
    ///
    /// # Shapes
    /// - output: `[count, 3, side, side]` in [-1, 1]
    ///
    /// # Errors
    /// When the dataset is damaged there.
    pub(crate) fn batch(&self, shown: u64, count: usize) -> Result<Tensor<4>, TrainError> {
        let rows: Vec<usize> = (shown..shown + count as u64).map(|position| self.order.row(position)).collect();
        let mut values = vec![0.0; count * self.split.shape().values()];
        self.split.copy_chw_f32(&rows, &mut values)?;
        let side = self.split.side() as usize;
        Ok(Tensor::from_data(TensorData::new(values, [count, CHANNELS, side, side]), &self.device))
    }
}
