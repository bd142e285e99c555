//! What a step measures of the networks, first on the device and then read.

use burn::tensor::Tensor;
use generator::{ReadbackError, read_values};
use serde::{Deserialize, Serialize};

/// A step's metrics while they are still on the device: each a tensor `[1]`, absent where nothing was measured.
///
/// Reading a tensor waits for the device, so a step hands these on unread: only the steps that have a line pay for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct DeviceMetrics {
    /// L_D, the discriminator's loss.
    pub(crate) discriminator_loss: Option<Tensor<1>>,
    /// L_G, the generator's loss.
    pub(crate) generator_loss: Option<Tensor<1>>,
    /// The mean D(x) over real images, from 0 to 1.
    pub(crate) real_score: Option<Tensor<1>>,
    /// The mean D(G(z)) over generated images, from 0 to 1.
    pub(crate) fake_score: Option<Tensor<1>>,
    /// ‖∇L_D‖₂ before clipping.
    pub(crate) discriminator_gradient: Option<Tensor<1>>,
    /// ‖∇L_G‖₂ before clipping.
    pub(crate) generator_gradient: Option<Tensor<1>>,
}

/// The mean of a metric over the equal parts of a batch.
#[derive(Default)]
pub(crate) struct BatchMean {
    sum: Option<Tensor<1>>,
    parts: u32,
}

impl BatchMean {
    /// Adds the mean of a part, `[1]`.
    pub(crate) fn add(&mut self, metric: Tensor<1>) {
        self.parts += 1;
        self.sum = Some(match self.sum.take() {
            Some(sum) => sum + metric,
            None => metric,
        });
    }

    /// The mean over the whole batch; `None` where there was no part.
    pub(crate) fn finish(self) -> Option<Tensor<1>> {
        let parts = self.parts;
        self.sum.map(|sum| if parts > 1 { sum.div_scalar(parts) } else { sum })
    }
}

/// A step's metrics as numbers: what a line of `metrics.jsonl` says of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct StepMetrics {
    /// L_D, the discriminator's loss.
    pub(crate) loss_discriminator: f32,
    /// L_G, the generator's loss.
    pub(crate) loss_generator: f32,
    /// The mean D(x) over real images, from 0 to 1.
    pub(crate) score_real: f32,
    /// The mean D(G(z)), from 0 to 1, before the generator's update.
    pub(crate) score_fake: f32,
    /// ‖∇L_D‖₂ before clipping.
    pub(crate) gradient_norm_discriminator: f32,
    /// ‖∇L_G‖₂ before clipping.
    pub(crate) gradient_norm_generator: f32,
    /// How different generated images are from one another, 1 being as different as real ones; not in every line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) diversity: Option<f32>,
    /// The probability with which images are augmented, where the discriminator decides that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) augmentation: Option<f32>,
}

impl DeviceMetrics {
    /// Waits for the device and reads them all at once.
    ///
    /// # Errors
    /// When the device fails, or a phase that should have measured did not run.
    pub(crate) fn read(self) -> Result<StepMetrics, ReadbackError> {
        let all = [
            self.discriminator_loss,
            self.generator_loss,
            self.real_score,
            self.fake_score,
            self.discriminator_gradient,
            self.generator_gradient,
        ];
        let all: Vec<Tensor<1>> = all.into_iter().flatten().collect();
        // One tensor, because each read would wait for the device again.
        let values = read_values("the step's metrics", Tensor::cat(all, 0))?;
        match values[..] {
            [
                loss_discriminator,
                loss_generator,
                score_real,
                score_fake,
                gradient_norm_discriminator,
                gradient_norm_generator,
            ] => Ok(StepMetrics {
                loss_discriminator,
                loss_generator,
                score_real,
                score_fake,
                gradient_norm_discriminator,
                gradient_norm_generator,
                diversity: None,
                augmentation: None,
            }),
            _ => Err(ReadbackError {
                what: "the step's metrics",
                reason: format!("there are {} and 6 were due", values.len()),
            }),
        }
    }
}

impl StepMetrics {
    /// All metrics by their names in `metrics.jsonl`.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&'static str, f32)> {
        let all = [
            ("loss_discriminator", self.loss_discriminator),
            ("loss_generator", self.loss_generator),
            ("score_real", self.score_real),
            ("score_fake", self.score_fake),
            ("gradient_norm_discriminator", self.gradient_norm_discriminator),
            ("gradient_norm_generator", self.gradient_norm_generator),
        ];
        let further = [("diversity", self.diversity), ("augmentation", self.augmentation)];
        all.into_iter().chain(further.into_iter().filter_map(|(name, value)| Some((name, value?))))
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn a_mean_is_over_parts() {
        let mean = |parts: &[f32]| {
            let mut mean = BatchMean::default();
            parts.iter().for_each(|part| mean.add(Tensor::from_floats([*part], &Device::flex())));
            mean.finish().map(|mean| mean.into_scalar::<f32>())
        };
        assert_eq!(mean(&[]), None);
        assert_eq!(mean(&[0.3]), Some(0.3));
        assert_eq!(mean(&[1.0, 2.0, 6.0]), Some(3.0));
    }
}
