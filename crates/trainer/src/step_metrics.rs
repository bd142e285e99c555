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
