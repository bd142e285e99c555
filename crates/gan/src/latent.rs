//! Latents: the noise that a generator turns into samples.

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::{classes::Classes, philox::Philox};

/// How many numbers make a latent, and where they are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LatentConfig {
    /// Numbers in one latent: the generator's input channels.
    pub size: u32,
    /// Each number is drawn from it independently.
    pub distribution: LatentDistribution,
}

/// The distribution of a latent's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LatentDistribution {
    /// N(0, 1).
    Normal,
    /// Uniform in [-1, 1).
    Uniform,
}

impl LatentConfig {
    /// Draws a batch of latents, a pure function of `philox` and `step`.
    ///
    /// # Shapes
    /// - output: `[batch, size]`; its first rows do not depend on `batch`
    pub fn sample(&self, philox: &Philox, step: u64, batch: usize, device: &Device) -> Tensor<2> {
        let mut values = vec![0.0; batch * self.size as usize];
        match self.distribution {
            LatentDistribution::Normal => philox.fill_normal(step, &mut values),
            LatentDistribution::Uniform => {
                philox.fill_uniform(step, &mut values);
                values.iter_mut().for_each(|value| *value = 2.0 * *value - 1.0);
            }
        }
        Tensor::from_data(TensorData::new(values, [batch, self.size as usize]), device)
    }

    /// The same with a class's row behind each, drawn as often as training met the class; without classes the same.
    ///
    /// # Shapes
    /// - output: `[batch, size + classes + 1]`
    pub fn sample_with_classes(
        &self,
        classes: &Classes,
        philox: &Philox,
        step: u64,
        batch: usize,
        device: &Device,
    ) -> Tensor<2> {
        let latents = self.sample(philox, step, batch, device);
        if classes.is_empty() {
            return latents;
        }
        classes.append_rows(latents, &classes.draw(philox, step, batch), device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::philox::Stream;

    fn draw(distribution: LatentDistribution, batch: usize) -> Vec<f32> {
        let config = LatentConfig { size: 5, distribution };
        let latents = config.sample(&Philox::new(3, Stream::TrainingLatents), 9, batch, &Device::flex());
        assert_eq!(latents.dims(), [batch, 5]);
        latents.into_data().try_to_vec().unwrap()
    }

    #[test]
    fn rows_do_not_depend_on_the_batch() {
        for distribution in [LatentDistribution::Normal, LatentDistribution::Uniform] {
            assert_eq!(draw(distribution, 3), draw(distribution, 7)[..15]);
        }
    }

    #[test]
    fn uniform_latents_fill_both_signs() {
        let values = draw(LatentDistribution::Uniform, 200);
        assert!(values.iter().all(|value| (-1.0..1.0).contains(value)));
        assert!(values.iter().any(|&value| value < -0.9) && values.iter().any(|&value| value > 0.9));
    }
}
