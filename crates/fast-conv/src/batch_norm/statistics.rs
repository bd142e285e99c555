//! Sums over the channels of a batch, in an order that the shape alone decides.

use burn::tensor::{Bytes, DType, Shape};
use burn_flex::{FlexTensor, Layout};
use rayon::prelude::*;

use crate::lanes::lane_sum;

/// What a channel's sums run over: how many images, channels and pixels an input has.
#[derive(Clone, Copy)]
pub(super) struct Size {
    batch: usize,
    pub(super) channels: usize,
    area: usize,
}

impl Size {
    /// The first three sides of `[batch, channels, height, width]`, the last two as one.
    pub(super) fn of(x: &FlexTensor) -> Self {
        let shape = x.layout().shape();
        Self { batch: shape[0], channels: shape[1], area: shape[2] * shape[3] }
    }

    /// Values that a channel's statistics are taken over.
    pub(super) fn count(self) -> f64 {
        (self.batch * self.area) as f64
    }

    /// Where a channel of an image lies.
    fn range(self, image: usize, channel: usize) -> std::ops::Range<usize> {
        let start = (image * self.channels + channel) * self.area;
        start..start + self.area
    }

    /// `Σ term` over a channel of two tensors, in an order that depends on the shape alone.
    pub(super) fn sum(self, channel: usize, [a, b]: [&[f32]; 2], term: impl Fn(f32, f32) -> f32) -> f64 {
        let image = |image| {
            let range = self.range(image, channel);
            lane_sum(&a[range.clone()], &b[range], &term)
        };
        (0..self.batch).map(image).sum()
    }

    /// Computes two values for each channel: `[2, channels]`.
    pub(super) fn per_channel(self, compute: impl Fn(usize) -> [f64; 2] + Sync + Send) -> FlexTensor {
        let pairs: Vec<[f64; 2]> = (0..self.channels).into_par_iter().map(compute).collect();
        let rows = [0, 1].map(|row| pairs.iter().map(|pair| pair[row] as f32).collect::<Vec<f32>>());
        let layout = Layout::contiguous(Shape::from([2, self.channels]));
        FlexTensor::new(Bytes::from_elems(rows.concat()), layout, DType::F32)
    }

    /// Calls with each channel of each image: its channel, where it starts, and its values.
    pub(super) fn map(self, values: &mut [f32], change: impl Fn(usize, usize, &mut [f32]) + Sync + Send) {
        // At least 4096 values a task: the coarsest layers have 16 pixels a channel.
        let lines = (1 << 12) / self.area.max(1) + 1;
        values.par_chunks_mut(self.area).with_min_len(lines).enumerate().for_each(|(line, values)| {
            change(line % self.channels, line * self.area, values);
        });
    }
}
