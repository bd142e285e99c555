//! Objectives: what the two networks minimize, from the discriminator's logits.
//!
//! D(x) = σ(x's logit). Logits are used throughout, so that log D(x) = −softplus(−logit) and
//! log(1 − D(x)) = −softplus(logit) neither overflow nor lose digits.

use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

/// Which loss each player minimizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objective {
    /// Both play the one value function: Goodfellow et al., "Generative adversarial nets" (2014), equation 1.
    Minimax,
    /// The generator maximizes log D(G(z)) instead, which does not vanish while it loses: the same paper, section 3.
    NonSaturating,
}

/// An objective and its regularization.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectiveConfig {
    /// Which loss each player minimizes.
    pub name: Objective,
    /// One-sided label smoothing ε: real images' target is 1 − ε, generated ones' stays 0. Salimans et al.,
    /// "Improved techniques for training GANs" (2016), section 3.4.
    pub label_smoothing: f64,
}

impl ObjectiveConfig {
    /// What the discriminator minimizes:
    ///
    /// −E\[(1 − ε) log D(x) + ε log(1 − D(x))\] − E\[log(1 − D(G(z)))\].
    ///
    /// With ε = 0 it is the negative of the value function (equation 1 of the 2014 paper), whose optimum is
    /// D = p / (p + q); with ε it is D = (1 − ε) p / (p + q).
    ///
    /// # Shapes
    /// - `real_logits`, `fake_logits`: `[batch]`
    /// - output: `[1]`
    pub fn discriminator_loss(&self, real_logits: Tensor<1>, fake_logits: Tensor<1>) -> Tensor<1> {
        // A target t costs t·softplus(−x) + (1 − t)·softplus(x) = softplus(−x) + (1 − t)·x.
        let real = softplus(real_logits.clone().neg()).mean();
        let fake = softplus(fake_logits).mean();
        // Not `smoothing · mean` always: adding 0 · x would be another sum where x is infinite.
        match self.label_smoothing {
            0.0 => real + fake,
            smoothing => real + real_logits.mean().mul_scalar(smoothing) + fake,
        }
    }

    /// What the generator minimizes: E\[log(1 − D(G(z)))\] (minimax) or −E\[log D(G(z))\] (non-saturating).
    ///
    /// # Shapes
    /// - `fake_logits`: `[batch]`
    /// - output: `[1]`
    pub fn generator_loss(&self, fake_logits: Tensor<1>) -> Tensor<1> {
        match self.name {
            Objective::Minimax => softplus(fake_logits).mean().neg(),
            Objective::NonSaturating => softplus(fake_logits.neg()).mean(),
        }
    }
}

/// log(1 + eˣ), elementwise, for any finite x; its gradient is σ(x) everywhere, zero included.
fn softplus<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    activation::log_sigmoid(x.neg()).neg()
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    fn logits(values: &[f32], device: &Device) -> Tensor<1> {
        Tensor::from_floats(values, device)
    }

    fn objective(name: Objective, label_smoothing: f64) -> ObjectiveConfig {
        ObjectiveConfig { name, label_smoothing }
    }

    fn near(found: f32, expected: f64) {
        assert!((f64::from(found) - expected).abs() < 1e-5, "found {found}, expected {expected}");
    }

    fn discriminator_loss(label_smoothing: f64, real: &[f32], fake: &[f32]) -> f32 {
        let device = Device::flex();
        let objective = objective(Objective::NonSaturating, label_smoothing);
        objective.discriminator_loss(logits(real, &device), logits(fake, &device)).into_scalar()
    }

    #[test]
    fn an_undecided_discriminator_costs_two_bits() {
        near(discriminator_loss(0.0, &[0.0, 0.0], &[0.0, 0.0, 0.0]), 2.0 * 2f64.ln());
        near(discriminator_loss(0.0, &[0.0], &[0.0]), 1.386_294);
    }

    #[test]
    fn generator_losses_at_known_logits() {
        let device = Device::flex();
        let loss = |name, values: &[f32]| -> f32 {
            objective(name, 0.0).generator_loss(logits(values, &device)).into_scalar()
        };
        near(loss(Objective::NonSaturating, &[0.0, 0.0]), 2f64.ln());
        near(loss(Objective::Minimax, &[0.0]), -(2f64.ln()));
        // ln 3 is the logit of D = 3/4.
        near(loss(Objective::NonSaturating, &[3f32.ln()]), -(0.75f64.ln()));
        near(loss(Objective::Minimax, &[3f32.ln()]), 0.25f64.ln());
    }

    /// At D = 1/2 both parts of the smoothed target cost ln 2, so that the loss stays 2 ln 2; at D(x) = 3/4 by hand.
    #[test]
    fn smoothing_mixes_both_targets() {
        near(discriminator_loss(0.1, &[0.0], &[0.0]), 2.0 * 2f64.ln());
        let real = -(0.9 * 0.75f64.ln() + 0.1 * 0.25f64.ln());
        near(discriminator_loss(0.1, &[3f32.ln()], &[0.0]), real + 2f64.ln());
    }

    /// Where p = q, one logit serves both; its loss is least at D = (1 − ε) / 2.
    #[test]
    fn smoothing_moves_the_optimum() {
        for (smoothing, optimum) in [(0.0, 0.5f64), (0.1, 0.45), (0.3, 0.35)] {
            let logit = (optimum / (1.0 - optimum)).ln() as f32;
            let slope =
                gradient(|x| objective(Objective::NonSaturating, smoothing).discriminator_loss(x.clone(), x), logit);
            near(slope, 0.0);
        }
    }

    fn gradient(loss: impl Fn(Tensor<1>) -> Tensor<1>, at: f32) -> f32 {
        let x = logits(&[at], &Device::flex().autodiff()).require_grad();
        let gradients = loss(x.clone()).backward();
        x.grad(&gradients).unwrap().into_scalar()
    }

    #[test]
    fn softplus_and_its_gradient_are_stable() {
        let table = [
            (0.0, std::f64::consts::LN_2, 0.5),
            (1.0, 1.313_262, 0.731_059),
            (-1.0, 0.313_262, 0.268_941),
            (60.0, 60.0, 1.0),
            (-60.0, 0.0, 0.0),
            (1e30, 1e30, 1.0),
            (-1e30, 0.0, 0.0),
        ];
        for (x, value, slope) in table {
            let found: f32 = softplus(logits(&[x], &Device::flex())).into_scalar();
            assert!((f64::from(found) - value).abs() <= 1e-6 * value.max(1.0), "softplus({x}) = {found}");
            near(gradient(softplus, x), slope);
        }
    }
}
