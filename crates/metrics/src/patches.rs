//! Patches of a pyramid's level, as points of the space in which sets of images are compared.

use rayon::prelude::*;

use crate::{
    images::{CHANNELS, Images},
    pyramid,
    random::{Philox, Stream},
};

/// Patches taken from each image at each level.
pub(crate) const PATCHES_PER_IMAGE: usize = 128;

/// Pixels across a patch, and down.
pub(crate) const PATCH_SIDE: usize = 7;

/// Numbers that describe a patch: its pixels, channel by channel, row by row.
pub(crate) const DIMENSIONS: usize = CHANNELS * PATCH_SIDE * PATCH_SIDE;

/// A channel that deviates less than this, in grey levels, is flat but for rounding: it is not scaled up.
const FLAT: f64 = 1e-3;

/// The described patches of a set of images at one level.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Descriptors {
    values: Vec<f32>,
}

impl Descriptors {
    /// Takes [`PATCHES_PER_IMAGE`] patches of each image and gives each colour channel, over the whole set, mean 0 and
    /// standard deviation 1.
    ///
    /// Where the patches lie depends on (seed, level, the image's index in the set) alone: sets are compared at the same
    /// positions. The side of the images must be [`PATCH_SIDE`] at least.
    pub(crate) fn of(images: &Images, level: usize, seed: u64) -> Self {
        let side = pyramid::sides(images.side())[level];
        let mut values = vec![0.0; images.len() * PATCHES_PER_IMAGE * DIMENSIONS];
        let of_images = values.par_chunks_mut(PATCHES_PER_IMAGE * DIMENSIONS).enumerate();
        of_images.zip(images.par_iter()).for_each(|((index, values), pixels)| {
            let planes = pyramid::level(pixels, images.side(), level);
            let corners = corners(side, level, index, seed);
            for (patch, corner) in values.chunks_exact_mut(DIMENSIONS).zip(corners) {
                copy_patch(&planes, side, corner, patch);
            }
        });
        normalize(&mut values);
        Self { values }
    }

    /// How many patches there are.
    pub(crate) fn len(&self) -> usize {
        self.values.len() / DIMENSIONS
    }

    /// The patches' numbers, [`DIMENSIONS`] a patch.
    pub(crate) fn values(&self) -> &[f32] {
        &self.values
    }
}

/// The upper left corners, (left, top), of an image's patches.
fn corners(side: usize, level: usize, index: usize, seed: u64) -> Vec<(usize, usize)> {
    let mut words = [0; 2 * PATCHES_PER_IMAGE];
    Philox::new(seed, Stream::Metrics).u32s(step(level, index), &mut words);
    // A product and a shift in place of a remainder: as even as 32 bits allow, and one draw a number.
    let positions = (side - PATCH_SIDE + 1) as u64;
    let position = |word: u32| ((u64::from(word) * positions) >> 32) as usize;
    words.chunks_exact(2).map(|pair| (position(pair[0]), position(pair[1]))).collect()
}

/// The counter of an image's patches in the stream of measures: level 0 begins at 2⁴⁸, far above the directions'.
fn step(level: usize, index: usize) -> u64 {
    (1 + level as u64) << 48 | index as u64
}

fn copy_patch(planes: &[f32], side: usize, (left, top): (usize, usize), patch: &mut [f32]) {
    for (line, values) in patch.chunks_exact_mut(PATCH_SIDE).enumerate() {
        let (channel, row) = (line / PATCH_SIDE, line % PATCH_SIDE);
        let start = (channel * side + top + row) * side + left;
        values.copy_from_slice(&planes[start..start + PATCH_SIDE]);
    }
}

fn normalize(values: &mut [f32]) {
    let moments = moments(values);
    values.par_chunks_mut(DIMENSIONS).for_each(|patch| {
        for (channel, (mean, deviation)) in patch.chunks_exact_mut(PATCH_SIDE * PATCH_SIDE).zip(moments) {
            channel.iter_mut().for_each(|value| *value = ((f64::from(*value) - mean) / deviation) as f32);
        }
    });
}

/// Each channel's mean and standard deviation; the latter is 1 where the channel is flat.
fn moments(values: &[f32]) -> [(f64, f64); CHANNELS] {
    // Summed image by image, so that the threads that share the work do not show in the last digit.
    let sums: Vec<_> = values.par_chunks(PATCHES_PER_IMAGE * DIMENSIONS).map(sums).collect();
    let count = (values.len() / CHANNELS) as f64;
    std::array::from_fn(|channel| {
        let mean = sums.iter().map(|sums| sums[channel].0).sum::<f64>() / count;
        let square = sums.iter().map(|sums| sums[channel].1).sum::<f64>() / count;
        let deviation = (square - mean * mean).max(0.0).sqrt();
        (mean, if deviation < FLAT { 1.0 } else { deviation })
    })
}

/// Each channel's sum and sum of squares.
fn sums(patches: &[f32]) -> [(f64, f64); CHANNELS] {
    let mut sums = [(0.0, 0.0); CHANNELS];
    for patch in patches.chunks_exact(DIMENSIONS) {
        for (channel, sum) in patch.chunks_exact(PATCH_SIDE * PATCH_SIDE).zip(&mut sums) {
            for value in channel.iter().map(|value| f64::from(*value)) {
                *sum = (sum.0 + value, sum.1 + value * value);
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(count: usize, side: usize) -> Images {
        let values = count * side * side * CHANNELS;
        Images::new(side, (0..values).map(|i| (i * i % 251) as u8).collect()).unwrap()
    }

    #[test]
    fn each_channel_has_mean_0_and_deviation_1() {
        let descriptors = Descriptors::of(&noise(3, 32), 1, 7);
        assert_eq!(descriptors.len(), 3 * PATCHES_PER_IMAGE);
        for (mean, deviation) in moments(descriptors.values()) {
            assert!(mean.abs() < 1e-5 && (deviation - 1.0).abs() < 1e-5, "{mean} {deviation}");
        }
    }

    #[test]
    fn flat_images_give_zeros() {
        let flat = Images::new(16, vec![200; 2 * 16 * 16 * 3]).unwrap();
        assert!(Descriptors::of(&flat, 0, 1).values().iter().all(|value| *value == 0.0));
    }

    #[test]
    fn patches_reach_every_edge_and_never_beyond() {
        let corners: Vec<_> = (0..100).flat_map(|index| corners(16, 0, index, 3)).collect();
        let (lefts, tops): (Vec<_>, Vec<_>) = corners.into_iter().unzip();
        for positions in [lefts, tops] {
            assert_eq!((positions.iter().min(), positions.iter().max()), (Some(&0), Some(&9)));
        }
    }

    #[test]
    fn a_patch_is_read_channel_by_channel_row_by_row() {
        let planes: Vec<f32> = (0..3 * 100).map(|i| i as f32).collect();
        let mut patch = [0.0; DIMENSIONS];
        copy_patch(&planes, 10, (2, 1), &mut patch);
        assert_eq!(patch[0], 12.0);
        assert_eq!(patch[PATCH_SIDE], 22.0);
        assert_eq!(patch[PATCH_SIDE * PATCH_SIDE], 112.0);
        assert_eq!(patch[DIMENSIONS - 1], 278.0);
    }
}
