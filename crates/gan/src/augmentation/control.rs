//! How strong augmentation is, where the discriminator decides that: Karras et al., "Training generative adversarial
//! networks with limited data" (2020), section 3.1 ("ADA").

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::AugmentationConfig;

/// Updates of the discriminator between adjustments, as in the paper.
const UPDATES: u32 = 4;

/// The strength of augmentation, and what it will be adjusted by next: part of a run's state.
///
/// Whole numbers, so that a checkpoint holds it exactly. The probability grows by the images shown since it was adjusted
/// last, over those in which it may go from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AugmentationStrength {
    /// Images by which it has grown, less those by which it has shrunk.
    images: u64,
    /// Real images judged since the last adjustment, those taken for real less those that were not.
    signs: i64,
    /// Real images judged since.
    judged: u64,
    /// Updates since.
    updates: u32,
}

impl AugmentationStrength {
    /// What is done to images at this strength: `config` with the probability that it has come to, or `config` itself where
    /// nothing is to be adjusted.
    pub fn applied_to(&self, config: AugmentationConfig) -> AugmentationConfig {
        if !config.is_controlled() {
            return config;
        }
        AugmentationConfig { probability: self.images as f64 / max_images(&config) as f64, target: 0.0, ..config }
    }

    /// Takes the sum of the logits' signs of an update's real images and their number, and adjusts the strength with every fourth
    /// update: up where r_t = E\[sign(D_train)\] (equation 1) is above the target, down where it is below. Nothing happens where
    /// there is none.
    pub fn judge(&mut self, config: &AugmentationConfig, signs: i64, images: u64) {
        if !config.is_controlled() {
            return;
        }
        self.signs += signs;
        self.judged += images;
        self.updates += 1;
        if self.updates < UPDATES {
            return;
        }
        let rate = self.signs as f64 / self.judged as f64;
        let images = if rate > config.target {
            (self.images + self.judged).min(max_images(config))
        } else if rate < config.target {
            self.images.saturating_sub(self.judged)
        } else {
            self.images
        };
        *self = Self { images, ..Self::default() };
    }
}

/// The sum of the signs of logits, a whole number, `[1]`, that is not waited for.
///
/// # Shapes
/// - `logits`: `[batch]`
pub fn sum_of_signs(logits: Tensor<1>) -> Tensor<1> {
    logits.clone().greater_elem(0.0).float().sum() - logits.lower_elem(0.0).float().sum()
}

/// Images in which the probability can go from 0 to 1.
fn max_images(config: &AugmentationConfig) -> u64 {
    (config.adjust_kimg * 1000.0).round().max(1.0) as u64
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    const CONFIG: AugmentationConfig = AugmentationConfig {
        flip: false,
        probability: 1.0,
        color: true,
        translation: 0.0,
        cutout: 0.0,
        target: 0.5,
        adjust_kimg: 0.04,
    };

    /// Updates of two real images each, as many as adjust once.
    fn judge(strength: &mut AugmentationStrength, config: &AugmentationConfig, logits: [f32; 2]) {
        let signs = sum_of_signs(Tensor::from_floats(logits, &Device::flex())).into_scalar::<f32>();
        (0..UPDATES).for_each(|_| strength.judge(config, signs as i64, 2));
    }

    #[test]
    fn it_grows_while_the_discriminator_is_sure_and_shrinks_while_it_is_not() {
        let mut strength = AugmentationStrength::default();
        let mut check = |logits, expected: f64| {
            judge(&mut strength, &CONFIG, logits);
            assert_eq!(strength.applied_to(CONFIG).probability, expected, "{logits:?}");
        };
        // Eight images of forty each time; r_t is 1, then ½, which is the target, then 0, then −1.
        check([2.0, 0.1], 0.2);
        check([2.0, 0.1], 0.4);
        check([2.0, 0.0], 0.4);
        check([2.0, -0.1], 0.2);
        check([-2.0, -0.1], 0.0);
        check([-2.0, -0.1], 0.0);
        (0..4).for_each(|_| judge(&mut strength, &CONFIG, [1.0; 2]));
        judge(&mut strength, &CONFIG, [1.0; 2]);
        judge(&mut strength, &CONFIG, [1.0; 2]);
        assert_eq!(strength.applied_to(CONFIG).probability, 1.0);
    }

    #[test]
    fn a_strength_that_is_not_adjusted_is_the_recipes() {
        let fixed = AugmentationConfig { target: 0.0, probability: 0.3, ..CONFIG };
        let mut strength = AugmentationStrength::default();
        judge(&mut strength, &fixed, [1.0; 2]);
        assert_eq!(strength, AugmentationStrength::default());
        assert_eq!(strength.applied_to(fixed), fixed);
    }

    #[test]
    fn it_is_read_back_between_adjustments() {
        let mut strength = AugmentationStrength::default();
        judge(&mut strength, &CONFIG, [1.0; 2]);
        strength.judge(&CONFIG, -1, 3);
        let json = serde_json::to_string(&strength).unwrap();
        assert_eq!(serde_json::from_str::<AugmentationStrength>(&json).unwrap(), strength);
    }
}
