//! Objectives: what the two networks minimize, from the discriminator's logits.
//!
//! D(x) = σ(x's logit). Logits are used throughout, so that log D(x) = −softplus(−logit) and
//! log(1 − D(x)) = −softplus(logit) neither overflow nor lose digits.

use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

/// Which loss each player minimizes, in terms of logits r = D(x) of real images and f = D(G(z)) of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objective {
    /// Both play the one value function: Goodfellow et al., "Generative adversarial nets" (2014), equation 1.
    ///
    /// L_D = E\[softplus(−r)\] + E\[softplus(f)\], L_G = −E\[softplus(f)\]
    Minimax,
    /// The generator maximizes log D(G(z)) instead, which does not vanish while it loses: the same paper, section 3.
    ///
    /// L_D as minimax, L_G = E\[softplus(−f)\]
    NonSaturating,
    /// Lim and Ye, "Geometric GAN" (2017); Miyato et al., "Spectral normalization for GANs" (2018), equations 16 and
    /// 17.
    ///
    /// L_D = E\[max(0, 1 − r)\] + E\[max(0, 1 + f)\], L_G = −E\[f\]
    Hinge,
    /// Mao et al., "Least squares generative adversarial networks" (2017), equation 9: a = 0, b = c = 1.
    ///
    /// L_D = E\[(r − 1)²\] / 2 + E\[f²\] / 2, L_G = E\[(f − 1)²\] / 2
    LeastSquares,
    /// Arjovsky et al., "Wasserstein GAN" (2017), equation 2; D must be kept from growing steep by a penalty.
    ///
    /// L_D = E\[f\] − E\[r\], L_G = −E\[f\]
    Wasserstein,
    /// Each real image is compared with a sample: Jolicoeur-Martineau, "The relativistic discriminator" (2019), as Huang et
    /// al., "The GAN is dead; long live the GAN!" (2024), equation 1, pair them.
    ///
    /// L_D = E\[softplus(f − r)\], L_G = E\[softplus(r − f)\]
    Relativistic,
}

/// An objective and its regularization.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectiveConfig {
    /// Which loss each player minimizes.
    pub name: Objective,
    /// One-sided label smoothing ε: real images' target is 1 − ε, samples' stays 0. Salimans et al., "Improved
    /// techniques for training GANs" (2016), section 3.4. Only minimax and non-saturating losses have targets to be
    /// smoothed.
    pub label_smoothing: f64,
}

impl ObjectiveConfig {
    /// What the discriminator minimizes: L_D of [`Objective`].
    ///
    /// With label smoothing ε, the first two objectives' is −E\[(1 − ε) log D(x) + ε log(1 − D(x))\] − E\[log(1 −
    /// D(G(z)))\], whose optimum is D = (1 − ε) p / (p + q).
    ///
    /// # Shapes
    /// - `real_logits`, `fake_logits`: `[batch]`
    /// - output: `[1]`
    pub fn discriminator_loss(&self, real_logits: Tensor<1>, fake_logits: Tensor<1>) -> Tensor<1> {
        match self.name {
            Objective::Minimax | Objective::NonSaturating => self.cross_entropy(real_logits, fake_logits),
            Objective::Hinge => {
                let margin = |logits: Tensor<1>| activation::relu(logits.add_scalar(1.0)).mean();
                margin(real_logits.neg()) + margin(fake_logits)
            }
            Objective::LeastSquares => half_square(real_logits.sub_scalar(1.0)) + half_square(fake_logits),
            Objective::Wasserstein => fake_logits.mean() - real_logits.mean(),
            Objective::Relativistic => softplus(fake_logits - real_logits).mean(),
        }
    }

    /// Whether the generator's loss compares samples with real images.
    pub fn needs_real_logits(&self) -> bool {
        self.name == Objective::Relativistic
    }

    /// What the generator minimizes: L_G of [`Objective`].
    ///
    /// # Shapes
    /// - `real_logits`, where [`ObjectiveConfig::needs_real_logits`], and `fake_logits`: `[batch]`
    /// - output: `[1]`
    ///
    /// # Panics
    /// When real logits are needed and there are none.
    pub fn generator_loss(&self, real_logits: Option<Tensor<1>>, fake_logits: Tensor<1>) -> Tensor<1> {
        match self.name {
            Objective::Minimax => softplus(fake_logits).mean().neg(),
            Objective::NonSaturating => softplus(fake_logits.neg()).mean(),
            Objective::Hinge | Objective::Wasserstein => fake_logits.mean().neg(),
            Objective::LeastSquares => half_square(fake_logits.sub_scalar(1.0)),
            Objective::Relativistic => {
                let real_logits = real_logits.expect("a relativistic generator is compared with real images");
                softplus(real_logits - fake_logits).mean()
            }
        }
    }

    fn cross_entropy(&self, real_logits: Tensor<1>, fake_logits: Tensor<1>) -> Tensor<1> {
        // A target t costs t·softplus(−x) + (1 − t)·softplus(x) = softplus(−x) + (1 − t)·x.
        let real = softplus(real_logits.clone().neg()).mean();
        let fake = softplus(fake_logits).mean();
        // Not always `smoothing · mean`: 0 · x is no 0 where x has overflown.
        match self.label_smoothing {
            0.0 => real + fake,
            smoothing => real + real_logits.mean().mul_scalar(smoothing) + fake,
        }
    }

    /// What keeps this objective from working, each beginning with a key.
    pub(crate) fn problems(&self) -> Vec<String> {
        let smoothing = self.label_smoothing;
        if !(0.0..0.5).contains(&smoothing) {
            return vec![format!("objective.label_smoothing is {smoothing}: it must be at least 0 and below 0.5")];
        }
        let has_targets = matches!(self.name, Objective::Minimax | Objective::NonSaturating);
        if smoothing > 0.0 && !has_targets {
            return vec![format!(
                "objective.label_smoothing is {smoothing}: only minimax and non-saturating have labels"
            )];
        }
        Vec::new()
    }
}

fn half_square(x: Tensor<1>) -> Tensor<1> {
    x.square().mean().div_scalar(2.0)
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
            objective(name, 0.0).generator_loss(None, logits(values, &device)).into_scalar()
        };
        near(loss(Objective::NonSaturating, &[0.0, 0.0]), 2f64.ln());
        near(loss(Objective::Minimax, &[0.0]), -(2f64.ln()));
        // ln 3 is the logit of D = 3/4.
        near(loss(Objective::NonSaturating, &[3f32.ln()]), -(0.75f64.ln()));
        near(loss(Objective::Minimax, &[3f32.ln()]), 0.25f64.ln());
    }

    #[test]
    fn the_other_objectives_at_known_logits() {
        let device = Device::flex();
        let check = |name, discriminator: f64, generator: f64| {
            let objective = objective(name, 0.0);
            let (real, fake) = (logits(&[2.0, 0.5], &device), logits(&[-3.0, 0.0], &device));
            near(objective.discriminator_loss(real.clone(), fake.clone()).into_scalar(), discriminator);
            near(objective.generator_loss(Some(real), fake).into_scalar(), generator);
        };
        // Margins 0 and ½ of the real ones, 0 and 1 of the samples.
        check(Objective::Hinge, 0.25 + 0.5, 1.5);
        // Squares 1 and ¼, 9 and 0; 16 and 1.
        check(Objective::LeastSquares, (0.625 + 4.5) / 2.0, 8.5 / 2.0);
        check(Objective::Wasserstein, -1.5 - 1.25, 1.5);
        // softplus of −5 and −½, and of 5 and ½.
        check(Objective::Relativistic, (0.006_715 + 0.474_077) / 2.0, (5.006_715 + 0.974_077) / 2.0);
    }

    #[test]
    fn only_labels_can_be_smoothed() {
        assert_eq!(objective(Objective::NonSaturating, 0.1).problems(), [""; 0]);
        assert_eq!(objective(Objective::Hinge, 0.0).problems(), [""; 0]);
        for (name, smoothing) in [(Objective::Hinge, 0.1), (Objective::Minimax, 0.5), (Objective::Minimax, f64::NAN)] {
            assert!(objective(name, smoothing).problems()[0].starts_with("objective.label_smoothing is "), "{name:?}");
        }
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
