//! The sample grid: the same latents, sampled again and again through training; where there are classes, by class.

use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use contracts::publish;
use gan::{Classes, Generator, Philox, Stream};
use generator::read_values;
use pictures::{Encoding, Rgb, Sheet, Tile};

use crate::{error::TrainError, plan::Plan};

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
        let device = device.clone().inner();
        let latents = plan.recipe.latent.sample(&philox, 0, (SIDE * SIDE) as usize, &device);
        let classes = plan.generator_classes();
        let latents = if classes.is_empty() { latents } else { by_class(latents, &classes, &device) };
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
        let values = read_values("the sample grid", generator.forward(self.latents.clone()))?;
        let png = arrange(&values, self.resolution).encode(Encoding::Png)?;
        publish::write_file(path, &png)?;
        Ok(png)
    }
}

/// A block of rows for each class, of the same latents in each: what differs between blocks is the class. Where there are more
/// classes than rows, the first have a row each.
fn by_class(latents: Tensor<2>, classes: &Classes, device: &Device) -> Tensor<2> {
    let rows = rows_by_class(classes.len());
    let columns = || 0..SIDE as usize;
    let indices = rows.iter().flat_map(|(_, row)| columns().map(move |column| (row * SIDE as usize + column) as i64));
    let indices: Vec<i64> = indices.collect();
    let labels: Vec<_> = rows.iter().flat_map(|(class, _)| columns().map(move |_| Some(*class))).collect();
    let count = indices.len();
    let indices = Tensor::from_data(TensorData::new(indices, [count]), device);
    classes.append_rows(latents.select(0, indices), &labels, device)
}

/// For each row of the grid its class, and its place among that class's rows.
fn rows_by_class(classes: usize) -> Vec<(usize, usize)> {
    let class = |row: usize| row * classes.min(SIDE as usize) / SIDE as usize;
    (0..SIDE as usize).map(|row| (class(row), (0..row).filter(|before| class(*before) == class(row)).count())).collect()
}

/// Lays out `[SIDE², 3, side, side]` in [-1, 1], row by row.
fn arrange(values: &[f32], side: u32) -> Rgb {
    let samples = values.chunks_exact((3 * side * side) as usize);
    let tiles: Vec<Tile> = samples.filter_map(|planes| Rgb::from_planes(side, side, planes)).map(Tile::from).collect();
    Sheet { side, margin: 0, lines: 0, background: [0; 3] }.grid(SIDE as usize, &tiles)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_has_its_rows() {
        assert_eq!(rows_by_class(3), [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (2, 0), (2, 1)]);
        assert_eq!(rows_by_class(1).last(), Some(&(0, 7)));
        assert_eq!(rows_by_class(99), [0, 1, 2, 3, 4, 5, 6, 7].map(|class| (class, 0)));
    }

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
        assert_eq!(grid.sides(), (16, 16));
        let byte = |value: f32| (value * 127.5 + 127.5).round() as u8;
        assert_eq!(grid.pixel(2, 0), [byte(1.0 / 64.0), 0, 0]);
        assert_eq!(grid.pixel(1, 3), [byte(8.0 / 64.0), 255, 0]);
        assert_eq!(grid.pixel(15, 15), [byte(63.0 / 64.0), 255, 0]);
    }
}
