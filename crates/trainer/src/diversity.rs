//! How different generated images are from one another, measured against real ones.

use burn::tensor::{Device, Tensor};
use dataset::Split;
use gan::{Generator, Philox, Stream};
use generator::read_values;

use crate::{error::TrainError, plan::Plan, spread::spread_rows};

/// Images that are compared: enough to notice a collapse, and as many as one forward pass of a common batch.
const IMAGES: usize = 64;

/// A measure of diversity whose latents and real images never change in a run.
pub(crate) struct Diversity {
    latents: Tensor<2>,
    /// The real images' distance; `None` where they are all the same, and nothing can be said.
    real: Option<f32>,
}

impl Diversity {
    /// The measure of a plan: reads real images that are spread over the whole split.
    ///
    /// # Errors
    /// When the dataset is damaged.
    pub(crate) fn new(plan: &Plan, split: &Split, device: &Device) -> Result<Self, TrainError> {
        let rows = spread_rows(IMAGES, split.len());
        let count = rows.len();
        let mut values = vec![0.0; count * split.shape().values()];
        split.copy_chw_f32(&rows, &mut values)?;
        let philox = Philox::new(plan.seed, Stream::GridLatents);
        let classes = plan.generator_classes();
        let latents = plan.recipe.latent.sample_with_classes(&classes, &philox, 0, count, &device.clone().inner());
        Ok(Self { latents, real: Some(nearest_distance(&values, count)).filter(|distance| *distance > 0.0) })
    }

    /// A generator's nearest distance as a share of the real images': near 0 where it makes few different images,
    /// however different those few are.
    ///
    /// # Errors
    /// When the device fails.
    pub(crate) fn of(&self, generator: &Generator) -> Result<Option<f32>, TrainError> {
        let Some(real) = self.real else { return Ok(None) };
        let values = read_values("samples", generator.forward(self.latents.clone()))?;
        Ok(Some(nearest_distance(&values, self.latents.dims()[0]) / real))
    }
}

/// The mean over images of the distance (root of the mean square) to the nearest other one.
fn nearest_distance(values: &[f32], images: usize) -> f32 {
    let length = values.len() / images;
    let image = |index: usize| &values[index * length..(index + 1) * length];
    let mut nearest = vec![f32::INFINITY; images];
    for first in 0..images {
        for second in 0..first {
            let squares = image(first).iter().zip(image(second)).map(|(a, b)| (a - b) * (a - b));
            let distance = (squares.sum::<f32>() / length as f32).sqrt();
            nearest[first] = nearest[first].min(distance);
            nearest[second] = nearest[second].min(distance);
        }
    }
    nearest.iter().sum::<f32>() / images as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_worked_out_by_hand() {
        let check = |images: &[[f32; 2]], expected: f32| {
            assert_eq!(nearest_distance(&images.concat(), images.len()), expected, "{images:?}");
        };
        check(&[[1.0, 1.0], [1.0, 1.0]], 0.0);
        check(&[[0.0, 0.0], [1.0, 1.0]], 1.0);
        // Two different images, each made twice: far apart, and not diverse.
        check(&[[0.0, 0.0], [0.0, 0.0], [9.0, 9.0], [9.0, 9.0]], 0.0);
        check(&[[0.0, 0.0], [2.0, 2.0], [3.0, 3.0]], 4.0 / 3.0);
    }
}
