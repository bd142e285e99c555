//! How different generated pictures are from one another, measured against real ones.

use burn::tensor::{Device, Tensor};
use dataset::Split;
use gan::{Generator, Philox, Stream};

use crate::{error::TrainError, plan::Plan};

/// Pictures that are compared.
const PICTURES: usize = 64;

/// A measure of diversity whose latents and real pictures never change in a run.
pub(crate) struct Diversity {
    latents: Tensor<2>,
    /// What real pictures have; `None` where they are all the same, and nothing can be said.
    real: Option<f32>,
}

impl Diversity {
    /// The measure of a plan: reads real pictures that are spread over the whole split.
    ///
    /// # Errors
    /// When the dataset is damaged.
    pub(crate) fn new(plan: &Plan, split: &Split, device: &Device) -> Result<Self, TrainError> {
        let count = PICTURES.min(split.len());
        let rows: Vec<usize> = (0..count).map(|place| place * split.len() / count).collect();
        let mut values = vec![0.0; count * split.shape().values()];
        split.copy_chw_f32(&rows, &mut values)?;
        let philox = Philox::new(plan.seed, Stream::GridLatents);
        let latents = plan.recipe.latent.sample(&philox, 0, count, &device.clone().inner());
        Ok(Self { latents, real: Some(nearest_distance(&values, count)).filter(|distance| *distance > 0.0) })
    }

    /// A generator's nearest distance as a share of the real pictures': near 0 where it makes few different pictures,
    /// however different those few are.
    ///
    /// # Errors
    /// When the device fails.
    pub(crate) fn of(&self, generator: &Generator) -> Result<Option<f32>, TrainError> {
        let Some(real) = self.real else { return Ok(None) };
        let unreadable = |reason: String| TrainError::Readback { what: "samples", reason };
        let data = generator.forward(self.latents.clone()).try_into_data();
        let data = data.map_err(|error| unreadable(error.to_string()))?.convert::<f32>();
        let values = data.try_to_vec::<f32>().map_err(|error| unreadable(format!("{error:?}")))?;
        Ok(Some(nearest_distance(&values, self.latents.dims()[0]) / real))
    }
}

/// The mean over pictures of the distance (root of the mean square) to the nearest other one.
fn nearest_distance(values: &[f32], pictures: usize) -> f32 {
    let length = values.len() / pictures;
    let picture = |index: usize| &values[index * length..(index + 1) * length];
    let mut nearest = vec![f32::INFINITY; pictures];
    for first in 0..pictures {
        for second in 0..first {
            let squares = picture(first).iter().zip(picture(second)).map(|(a, b)| (a - b) * (a - b));
            let distance = (squares.sum::<f32>() / length as f32).sqrt();
            nearest[first] = nearest[first].min(distance);
            nearest[second] = nearest[second].min(distance);
        }
    }
    nearest.iter().sum::<f32>() / pictures as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_worked_out_by_hand() {
        let check = |pictures: &[[f32; 2]], expected: f32| {
            assert_eq!(nearest_distance(&pictures.concat(), pictures.len()), expected, "{pictures:?}");
        };
        check(&[[1.0, 1.0], [1.0, 1.0]], 0.0);
        check(&[[0.0, 0.0], [1.0, 1.0]], 1.0);
        // Two different pictures, each made twice: far apart, and not diverse.
        check(&[[0.0, 0.0], [0.0, 0.0], [9.0, 9.0], [9.0, 9.0]], 0.0);
        check(&[[0.0, 0.0], [2.0, 2.0], [3.0, 3.0]], 4.0 / 3.0);
    }
}
