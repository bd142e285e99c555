//! f-divergences, and the variational bound by which two networks estimate and descend them.

use burn::tensor::Tensor;

use crate::objective::softplus;

/// An f-divergence D_f(P ‖ Q) = ∫ q f(p / q) of real images P and samples Q, f convex with f(1) = 0.
///
/// Nowozin, Cseke and Tomioka, "f-GAN: training generative neural samplers using variational divergence minimization" (2016).
/// Equation 4: D_f(P ‖ Q) ≥ E_P\[T(x)\] − E_Q\[f*(T(x))\] for every T, with equality at T = f′(p / q) (equation 5). T is
/// g_f(v), v being the discriminator's logit (equation 8); g_f maps any logit to where f* is finite, and rises with it, so
/// that in all of them a higher logit looks more real.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Divergence {
    /// KL(P ‖ Q): f(u) = u ln u, g(v) = v, f*(t) = e^(t − 1).
    KullbackLeibler,
    /// KL(Q ‖ P): f(u) = −ln u, g(v) = −e^(−v), f*(t) = −1 − ln(−t).
    ReverseKullbackLeibler,
    /// 2 JS(P, Q) = KL(P ‖ M) + KL(Q ‖ M), M = (P + Q) / 2: f(u) = u ln u − (u + 1) ln((u + 1) / 2),
    /// g(v) = ln 2 − ln(1 + e^(−v)), f*(t) = −ln(2 − e^t).
    JensenShannon,
    /// Pearson's χ²: f(u) = (u − 1)², g(v) = v, f*(t) = t² / 4 + t.
    Pearson,
    /// The squared Hellinger distance, ∫ (√p − √q)²: f(u) = (√u − 1)², g(v) = 1 − e^(−v), f*(t) = t / (1 − t).
    SquaredHellinger,
}

impl Divergence {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::KullbackLeibler,
        Self::ReverseKullbackLeibler,
        Self::JensenShannon,
        Self::Pearson,
        Self::SquaredHellinger,
    ];

    /// g_f(v), elementwise: the output activation of table 6 there.
    pub fn activation(self, logits: Tensor<1>) -> Tensor<1> {
        match self {
            Self::KullbackLeibler | Self::Pearson => logits,
            Self::ReverseKullbackLeibler => logits.neg().exp().neg(),
            Self::JensenShannon => softplus(logits.neg()).neg().add_scalar(2f64.ln()),
            Self::SquaredHellinger => logits.neg().exp().neg().add_scalar(1.0),
        }
    }

    /// f*(t), elementwise: the convex conjugate sup_u (u t − f(u)), where it is finite (table 6).
    pub fn conjugate(self, t: Tensor<1>) -> Tensor<1> {
        match self {
            Self::KullbackLeibler => t.sub_scalar(1.0).exp(),
            Self::ReverseKullbackLeibler => t.neg().log().add_scalar(1.0).neg(),
            Self::JensenShannon => t.exp().neg().add_scalar(2.0).log().neg(),
            Self::Pearson => t.clone().square().div_scalar(4.0) + t,
            Self::SquaredHellinger => t.clone() / t.neg().add_scalar(1.0),
        }
    }

    /// f*(g_f(v)), elementwise, as one formula: the two by themselves lose digits where t is near the end of f*'s domain.
    pub fn conjugate_of_activation(self, logits: Tensor<1>) -> Tensor<1> {
        match self {
            Self::KullbackLeibler | Self::Pearson => self.conjugate(logits),
            Self::ReverseKullbackLeibler => logits.sub_scalar(1.0),
            Self::JensenShannon => softplus(logits).sub_scalar(2f64.ln()),
            Self::SquaredHellinger => logits.exp().sub_scalar(1.0),
        }
    }

    /// f(u), where u = p / q is above 0.
    pub fn f(self, ratio: f64) -> f64 {
        match self {
            Self::KullbackLeibler => ratio * ratio.ln(),
            Self::ReverseKullbackLeibler => -ratio.ln(),
            Self::JensenShannon => ratio * ratio.ln() - (ratio + 1.0) * (ratio.midpoint(1.0)).ln(),
            Self::Pearson => (ratio - 1.0).powi(2),
            Self::SquaredHellinger => (ratio.sqrt() - 1.0).powi(2),
        }
    }

    /// The logit of the best discriminator where ln(p / q) is this, elementwise: g_f(v) = f′(p / q).
    pub fn optimal_logit(self, log_ratio: Tensor<1>) -> Tensor<1> {
        match self {
            Self::KullbackLeibler => log_ratio.add_scalar(1.0),
            Self::ReverseKullbackLeibler | Self::JensenShannon => log_ratio,
            Self::Pearson => log_ratio.exp().sub_scalar(1.0).mul_scalar(2.0),
            Self::SquaredHellinger => log_ratio.div_scalar(2.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, Device, TensorData};

    use super::*;

    fn tensor(values: Vec<f64>) -> Tensor<1> {
        let count = values.len();
        Tensor::from_data(TensorData::new(values, [count]), (&Device::flex(), DType::F64))
    }

    fn numbers(tensor: Tensor<1>) -> Vec<f64> {
        tensor.into_data().try_to_vec().unwrap()
    }

    /// P = N(0, 1) against Q = N(1, 4): (x, p(x) dx, q(x) dx), ten deviations far.
    fn gaussians() -> [Vec<f64>; 3] {
        let density = |x: f64, mean: f64, std: f64| (-((x - mean) / std).powi(2) / 2.0).exp() / std;
        let step = 0.01;
        let weight = step / std::f64::consts::TAU.sqrt();
        let x: Vec<f64> = (0..4200).map(|index| -20.0 + step * f64::from(index)).collect();
        let p = x.iter().map(|x| weight * density(*x, 0.0, 1.0)).collect();
        let q = x.iter().map(|x| weight * density(*x, 1.0, 2.0)).collect();
        [x, p, q]
    }

    /// In closed form: KL and reverse KL of Gaussians; χ² = 2 √(4 / 7) e^(1 / 7) − 1; H² = 2 − 2 √(4 / 5) e^(−1 / 20). The
    /// Jensen-Shannon divergence has none.
    const OF_GAUSSIANS: [(Divergence, f64); 5] = [
        (Divergence::KullbackLeibler, 0.443_147),
        (Divergence::ReverseKullbackLeibler, 1.306_853),
        (Divergence::JensenShannon, 2.0 * 0.128_174),
        (Divergence::Pearson, 0.744_027),
        (Divergence::SquaredHellinger, 0.298_390),
    ];

    /// E_P[g(v)] − E_Q[f*(g(v))] at these logits, and ∫ q f(p / q).
    fn bound(divergence: Divergence, logits: impl Fn(Vec<f64>) -> Tensor<1>) -> f64 {
        let [_, p, q] = gaussians();
        let ratios: Vec<f64> = p.iter().zip(&q).map(|(p, q)| (p / q).ln()).collect();
        let logits = logits(ratios);
        let real = divergence.activation(logits.clone()) * tensor(p);
        let fake = divergence.conjugate_of_activation(logits) * tensor(q);
        (real.sum() - fake.sum()).into_scalar()
    }

    #[test]
    fn the_bound_is_the_divergence_at_the_best_logits_and_below_it_elsewhere() {
        for (divergence, expected) in OF_GAUSSIANS {
            let [_, p, q] = gaussians();
            let by_f: f64 = p.iter().zip(&q).map(|(p, q)| q * divergence.f(p / q)).sum();
            assert!((by_f - expected).abs() < 2e-6, "{divergence:?}: ∫ q f(p / q) is {by_f}");
            let best = bound(divergence, |ratios| divergence.optimal_logit(tensor(ratios)));
            assert!((best - expected).abs() < 2e-6, "{divergence:?}: {best}");
            for offset in [-0.3, 0.3] {
                let other = bound(divergence, |ratios| divergence.optimal_logit(tensor(ratios)).add_scalar(offset));
                assert!(other < best - 1e-4, "{divergence:?}, {offset} off: {other}");
            }
        }
    }

    #[test]
    fn the_composition_is_the_conjugate_of_the_activation() {
        let logits = || tensor(vec![-3.0, -1.0, -0.1, 0.0, 0.5, 2.0, 4.0]);
        for divergence in Divergence::ALL {
            let whole = numbers(divergence.conjugate_of_activation(logits()));
            let in_steps = numbers(divergence.conjugate(divergence.activation(logits())));
            for (whole, in_steps) in whole.into_iter().zip(in_steps) {
                assert!((whole - in_steps).abs() < 1e-10 * whole.abs().max(1.0), "{divergence:?}: {whole}, {in_steps}");
            }
        }
    }

    /// f*(t) = u t − f(u) at t = f′(u), by Legendre; f′ by a central difference.
    #[test]
    fn conjugates_are_those_of_f() {
        for divergence in Divergence::ALL {
            assert_eq!(divergence.f(1.0), 0.0, "{divergence:?}");
            for ratio in [0.2f64, 0.9, 1.0, 2.5] {
                let slope = (divergence.f(ratio + 1e-6) - divergence.f(ratio - 1e-6)) / 2e-6;
                let found = numbers(divergence.conjugate(tensor(vec![slope])))[0];
                let expected = ratio * slope - divergence.f(ratio);
                assert!((found - expected).abs() < 1e-7, "{divergence:?} at {ratio}: {found}, not {expected}");
                let best = divergence.activation(divergence.optimal_logit(tensor(vec![ratio.ln()])));
                assert!((numbers(best)[0] - slope).abs() < 1e-7, "{divergence:?} at {ratio}");
            }
        }
    }
}
