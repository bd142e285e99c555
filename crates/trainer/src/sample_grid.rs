//! The sample grid: the same latents, sampled again and again through training.

use std::{io::Cursor, path::Path};

use burn::tensor::{Device, Tensor};
use contracts::publish;
use gan::{Generator, Philox, Stream};
use image::{ImageFormat, RgbImage, imageops};

use crate::{error::TrainError, plan::Plan, readback};

/// Samples across, and down.
const SIDE: u32 = 8;

/// Latents that never change in a run.
pub(crate) struct SampleGrid {
    latents: Tensor<2>,
    resolution: u32,
}

impl SampleGrid {
    /// The grid of a plan, on a device without autodiff.
    pub(crate) fn new(plan: &Plan, device: &Device) -> Self {
        let philox = Philox::new(plan.seed, Stream::GridLatents);
        let latents = plan.recipe.latent.sample(&philox, 0, (SIDE * SIDE) as usize, &device.clone().inner());
        Self { latents, resolution: plan.resolution }
    }

    /// Pixels across, and down, of the whole grid.
    pub(crate) fn side(&self) -> u32 {
        SIDE * self.resolution
    }

    /// Samples the grid with a generator whose BatchNorm rests, and writes it as PNG, which is returned.
    ///
    /// # Errors
    /// When the device or the disk fails.
    pub(crate) fn sample(&self, generator: &Generator, path: &Path) -> Result<Vec<u8>, TrainError> {
        let values = readback::values("the sample grid", generator.forward(self.latents.clone()))?;
        let mut png = Cursor::new(Vec::new());
        arrange(&values, self.resolution).write_to(&mut png, ImageFormat::Png)?;
        publish::write_file(path, png.get_ref())?;
        Ok(png.into_inner())
    }
}

/// Lays out `[SIDE², 3, side, side]` in [-1, 1], row by row.
fn arrange(values: &[f32], side: u32) -> RgbImage {
    let plane = (side * side) as usize;
    let mut grid = RgbImage::new(SIDE * side, SIDE * side);
    for (index, planes) in (0..).zip(values.chunks_exact(3 * plane)) {
        let pixel = |x: u32, y: u32| {
            let at = (y * side + x) as usize;
            image::Rgb([0, 1, 2].map(|channel| byte(planes[channel * plane + at])))
        };
        let sample = RgbImage::from_fn(side, side, pixel);
        let (column, row) = (index % SIDE, index / SIDE);
        imageops::replace(&mut grid, &sample, i64::from(column * side), i64::from(row * side));
    }
    grid
}

/// −1 to 1 as 0 to 255: the inverse of how the dataset is read.
fn byte(value: f32) -> u8 {
    (value * 127.5 + 127.5).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_lie_row_by_row_with_their_planes_interleaved() {
        // Sample n is all red n / 64, its green 1 in the lower right pixel only.
        let mut values = Vec::new();
        for index in 0..64 {
            values.extend([index as f32 / 64.0; 4]);
            values.extend([-1.0, -1.0, -1.0, 1.0]);
            values.extend([-1.0; 4]);
        }
        let grid = arrange(&values, 2);
        assert_eq!(grid.dimensions(), (16, 16));
        assert_eq!(grid.get_pixel(2, 0).0, [byte(1.0 / 64.0), 0, 0]);
        assert_eq!(grid.get_pixel(1, 3).0, [byte(8.0 / 64.0), 255, 0]);
        assert_eq!(grid.get_pixel(15, 15).0, [byte(63.0 / 64.0), 255, 0]);
    }

    #[test]
    fn every_byte_survives_the_way_through_the_network_s_range() {
        for value in 0..=255_u8 {
            assert_eq!(byte((f32::from(value) - 127.5) / 127.5), value);
        }
        assert_eq!([byte(-1.5), byte(1.5)], [0, 255]);
    }
}
