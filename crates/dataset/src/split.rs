//! One part of an opened dataset, as training and evaluation read it.

use std::{borrow::Cow, sync::Arc};

use crate::{
    batch::row_of,
    error::DatasetError,
    image::{CHANNELS, ImageShape},
    row::Row,
    shard::MappedShard,
    split_name::SplitName,
};

/// One part of an opened dataset. Cheap to clone, and shared between threads.
#[derive(Clone)]
pub struct Split {
    name: SplitName,
    shape: ImageShape,
    shards: Arc<[MappedShard]>,
    /// Where each batch's rows begin, ascending.
    batches: Arc<[BatchLocation]>,
    len: usize,
}

#[derive(Clone, Copy)]
struct BatchLocation {
    first_row: usize,
    shard: usize,
    batch: usize,
}

impl Split {
    pub(crate) fn new(name: SplitName, shape: ImageShape, shards: Vec<MappedShard>) -> Self {
        let (mut batches, mut len) = (Vec::new(), 0);
        for (number, shard) in shards.iter().enumerate() {
            for (batch, rows) in shard.batch_rows().enumerate() {
                batches.push(BatchLocation { first_row: len, shard: number, batch });
                len += rows;
            }
        }
        Self { name, shape, shards: shards.into(), batches: batches.into(), len }
    }

    /// Whether all shards hold what was written.
    ///
    /// # Errors
    /// When one does not.
    pub(crate) fn check(&self) -> Result<(), DatasetError> {
        self.shards.iter().try_for_each(MappedShard::check)
    }

    /// Which part this is.
    pub fn name(&self) -> SplitName {
        self.name
    }

    /// How many images it has.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has no images at all.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The shape of every image.
    pub fn shape(&self) -> ImageShape {
        self.shape
    }

    /// Pixels across, and down, of every image.
    pub fn side(&self) -> u32 {
        self.shape.side()
    }

    /// The pixels of one image: side × side × 3 values, row by row, RGB interleaved. They are the mapped file's own
    /// bytes for sides up to 128, and decoded above.
    ///
    /// # Errors
    /// When there is no such row, or the shard is damaged there.
    pub fn pixels(&self, row: usize) -> Result<Cow<'_, [u8]>, DatasetError> {
        let (shard, batch, row_in_batch) = self.locate(row)?;
        let damaged = |error: DatasetError| shard.damaged(format!("has a bad image at row {row}: {error}"));
        self.shape.decode(shard.image(batch, row_in_batch)?).map_err(damaged)
    }

    /// Copies images as a batch of numbers, shape [rows, 3, side, side], 0 to 255 mapped to −1 to 1.
    ///
    /// # Errors
    /// When `out` has another length, there is no such row, or a shard is damaged.
    pub fn copy_chw_f32(&self, rows: &[usize], out: &mut [f32]) -> Result<(), DatasetError> {
        let values = self.shape.values();
        if out.len() != rows.len() * values {
            let expected = rows.len() * values;
            return Err(DatasetError::BatchSize { images: rows.len(), expected, found: out.len() });
        }
        rows.iter().zip(out.chunks_exact_mut(values)).try_for_each(|(row, image)| self.copy_one(*row, false, image))
    }

    /// Copies one image as [`copy_chw_f32`](Self::copy_chw_f32) does, mirrored left to right or not. `out` has room for it.
    pub(crate) fn copy_one(&self, row: usize, flipped: bool, out: &mut [f32]) -> Result<(), DatasetError> {
        planes_of(&self.pixels(row)?, out);
        if flipped {
            out.chunks_exact_mut(self.side() as usize).for_each(<[f32]>::reverse);
        }
        Ok(())
    }

    /// What is known of one image.
    ///
    /// # Errors
    /// When there is no such row, or the shard is damaged.
    pub fn row(&self, row: usize) -> Result<Row, DatasetError> {
        let (shard, batch, row_in_batch) = self.locate(row)?;
        row_of(&shard.record_batch(batch)?, row_in_batch).map_err(|problem| shard.damaged(format!("has {problem}")))
    }

    /// What is known of all images, in order; a batch is decoded at a time, and no more than a shard is mapped for it.
    ///
    /// # Errors
    /// When a shard is damaged there: that row is an error.
    pub fn rows(&self) -> impl Iterator<Item = Result<Row, DatasetError>> {
        self.shards.iter().flat_map(|shard| {
            let own = shard.check().and_then(|()| shard.mapped_anew());
            let batches = 0..shard.batch_rows().count();
            // One that cannot be mapped again is read where it is.
            batches.flat_map(move |batch| rows_of(own.as_ref().unwrap_or(shard), batch))
        })
    }

    /// The shard, the batch within it and the row within that.
    fn locate(&self, row: usize) -> Result<(&MappedShard, usize, usize), DatasetError> {
        if row >= self.len {
            return Err(DatasetError::NoSuchRow { split: self.name, row, rows: self.len });
        }
        let after = self.batches.partition_point(|batch| batch.first_row <= row);
        let at = self.batches[after - 1];
        Ok((&self.shards[at.shard], at.batch, row - at.first_row))
    }
}

/// What is known of a batch's images, or what is wrong with it.
fn rows_of(shard: &MappedShard, batch: usize) -> Vec<Result<Row, DatasetError>> {
    let batch = match shard.record_batch(batch) {
        Ok(batch) => batch,
        Err(error) => return vec![Err(error)],
    };
    let row = |n| row_of(&batch, n).map_err(|problem| shard.damaged(format!("has {problem}")));
    (0..batch.num_rows()).map(row).collect()
}

/// Splits interleaved bytes into three planes of numbers: v ↦ (v − 127.5) / 127.5.
fn planes_of(pixels: &[u8], out: &mut [f32]) {
    let plane = out.len() / CHANNELS;
    for (channel, plane) in out.chunks_exact_mut(plane).enumerate() {
        for (value, pixel) in plane.iter_mut().zip(pixels.chunks_exact(CHANNELS)) {
            *value = (f32::from(pixel[channel]) - 127.5) / 127.5;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_become_planes_between_minus_one_and_one() {
        let mut planes = [0.0; 6];
        planes_of(&[0, 255, 51, 255, 0, 204], &mut planes);
        assert_eq!(planes, [-1.0, 1.0, 1.0, -1.0, -0.6, 0.6]);
    }
}
