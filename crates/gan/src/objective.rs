//! Objectives: what the two networks minimize, from the discriminator's logits.
//!
//! D(x) = σ(x's logit). Logits are used throughout, so that log D(x) = −softplus(−logit) and
//! log(1 − D(x)) = −softplus(logit) neither overflow nor lose digits.

use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

use crate::divergence::Divergence;

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
    /// The generator's gradient is that of KL(real ‖ samples) while the discriminator is the best one: Goodfellow, "On
    /// distinguishability criteria for estimating generative models" (2014), section 3, and "NIPS 2016 tutorial: generative
    /// adversarial networks", section 3.2.4, there with a factor ½. A few samples of a high logit have nearly all of it.
    ///
    /// L_D as minimax, L_G = −E\[eᶠ\]
    MaximumLikelihood,
    /// The f-GAN of KL(real ‖ samples): [`Divergence::KullbackLeibler`].
    ///
    /// L_D = E\[f*(g(f))\] − E\[g(r)\], L_G = −E\[f*(g(f))\], as for every f-GAN: Nowozin et al., "f-GAN" (2016), equation 8
    #[serde(rename = "kl")]
    KullbackLeibler,
    /// The f-GAN of KL(samples ‖ real): [`Divergence::ReverseKullbackLeibler`].
    #[serde(rename = "reverse-kl")]
    ReverseKullbackLeibler,
    /// The f-GAN of twice the Jensen-Shannon divergence: [`Divergence::JensenShannon`]. It is the minimax game, counted from
    /// another zero.
    JensenShannon,
    /// The f-GAN of Pearson's χ²: [`Divergence::Pearson`].
    Pearson,
    /// The f-GAN of the squared Hellinger distance: [`Divergence::SquaredHellinger`].
    SquaredHellinger,
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
    /// techniques for training GANs" (2016), section 3.4. Only the losses of a cross entropy have targets to be smoothed:
    /// minimax, non-saturating and maximum likelihood.
    pub label_smoothing: f64,
    /// The other side's β: samples' target is β in place of 0. The optimum's numerator has the samples' density then, so
    /// that samples where no real image is are held where they are; the same section advises against it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub fake_label_smoothing: f64,
}

fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

impl Objective {
    /// The f-divergence that the two players estimate and descend, where the objective is one's.
    pub fn divergence(self) -> Option<Divergence> {
        match self {
            Self::KullbackLeibler => Some(Divergence::KullbackLeibler),
            Self::ReverseKullbackLeibler => Some(Divergence::ReverseKullbackLeibler),
            Self::JensenShannon => Some(Divergence::JensenShannon),
            Self::Pearson => Some(Divergence::Pearson),
            Self::SquaredHellinger => Some(Divergence::SquaredHellinger),
            Self::Minimax
            | Self::NonSaturating
            | Self::MaximumLikelihood
            | Self::Hinge
            | Self::LeastSquares
            | Self::Wasserstein
            | Self::Relativistic => None,
        }
    }

    /// Whether the discriminator's loss is a cross entropy, which has targets.
    fn has_targets(self) -> bool {
        matches!(self, Self::Minimax | Self::NonSaturating | Self::MaximumLikelihood)
    }
}

impl ObjectiveConfig {
    /// What the discriminator minimizes: L_D of [`Objective`].
    ///
    /// With label smoothing a cross entropy is −E\[(1 − ε) log D(x) + ε log(1 − D(x))\] − E\[β log D(G(z)) + (1 − β) log(1 −
    /// D(G(z)))\], whose optimum is D = ((1 − ε) p + β q) / (p + q).
    ///
    /// # Shapes
    /// - `real_logits`, `fake_logits`: `[batch]`
    /// - output: `[1]`
    pub fn discriminator_loss(&self, real_logits: Tensor<1>, fake_logits: Tensor<1>) -> Tensor<1> {
        match self.name {
            Objective::Minimax | Objective::NonSaturating | Objective::MaximumLikelihood => {
                self.cross_entropy(real_logits, fake_logits)
            }
            Objective::Hinge => {
                let margin = |logits: Tensor<1>| activation::relu(logits.add_scalar(1.0)).mean();
                margin(real_logits.neg()) + margin(fake_logits)
            }
            Objective::LeastSquares => half_square(real_logits.sub_scalar(1.0)) + half_square(fake_logits),
            Objective::Wasserstein => fake_logits.mean() - real_logits.mean(),
            Objective::Relativistic => softplus(fake_logits - real_logits).mean(),
            Objective::KullbackLeibler
            | Objective::ReverseKullbackLeibler
            | Objective::JensenShannon
            | Objective::Pearson
            | Objective::SquaredHellinger => {
                let divergence = self.f_divergence();
                divergence.conjugate_of_activation(fake_logits).mean() - divergence.activation(real_logits).mean()
            }
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
            Objective::MaximumLikelihood => fake_logits.exp().mean().neg(),
            Objective::Hinge | Objective::Wasserstein => fake_logits.mean().neg(),
            Objective::LeastSquares => half_square(fake_logits.sub_scalar(1.0)),
            Objective::Relativistic => {
                let real_logits = real_logits.expect("a relativistic generator is compared with real images");
                softplus(real_logits - fake_logits).mean()
            }
            Objective::KullbackLeibler
            | Objective::ReverseKullbackLeibler
            | Objective::JensenShannon
            | Objective::Pearson
            | Objective::SquaredHellinger => self.f_divergence().conjugate_of_activation(fake_logits).mean().neg(),
        }
    }

    fn f_divergence(&self) -> Divergence {
        self.name.divergence().expect("asked of the f-divergences alone")
    }

    fn cross_entropy(&self, real_logits: Tensor<1>, fake_logits: Tensor<1>) -> Tensor<1> {
        // A target t costs t·softplus(−x) + (1 − t)·softplus(x) = softplus(−x) + (1 − t)·x.
        let real = softplus(real_logits.clone().neg()).mean();
        let fake = softplus(fake_logits.clone()).mean();
        // Not always `smoothing · mean`: 0 · x is no 0 where x has overflown.
        let loss = match self.label_smoothing {
            0.0 => real + fake,
            smoothing => real + real_logits.mean().mul_scalar(smoothing) + fake,
        };
        match self.fake_label_smoothing {
            0.0 => loss,
            smoothing => loss - fake_logits.mean().mul_scalar(smoothing),
        }
    }

    /// What keeps this objective from working, each beginning with a key.
    pub(crate) fn problems(&self) -> Vec<String> {
        let sides = [("label_smoothing", self.label_smoothing), ("fake_label_smoothing", self.fake_label_smoothing)];
        let problem = |(key, smoothing): (&str, f64)| {
            if !(0.0..0.5).contains(&smoothing) {
                return Some(format!("objective.{key} is {smoothing}: it must be at least 0 and below 0.5"));
            }
            (smoothing > 0.0 && !self.name.has_targets()).then(|| {
                format!(
                    "objective.{key} is {smoothing}: only minimax, non-saturating and maximum-likelihood have labels"
                )
            })
        };
        sides.into_iter().filter_map(problem).collect()
    }
}

fn half_square(x: Tensor<1>) -> Tensor<1> {
    x.square().mean().div_scalar(2.0)
}

/// log(1 + eˣ), elementwise, for any finite x; its gradient is σ(x) everywhere, zero included.
pub(crate) fn softplus<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    activation::log_sigmoid(x.neg()).neg()
}

#[cfg(test)]
mod tests;
