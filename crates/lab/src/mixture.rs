//! Mixtures of Gaussians on the line: densities, and points that stand for them.

use std::f64::consts::TAU;

use burn::tensor::{Device, Tensor, TensorData};

/// A mixture of Gaussians, each as likely as the others.
#[derive(Clone, Debug)]
pub(crate) struct Mixture {
    parts: Vec<Gaussian>,
}

/// N(mean, std²).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gaussian {
    pub(crate) mean: f64,
    pub(crate) std: f64,
}

impl Gaussian {
    fn density(self, x: f64) -> f64 {
        (-((x - self.mean) / self.std).powi(2) / 2.0).exp() / (self.std * TAU.sqrt())
    }

    /// ln of the density, elementwise and on x's tape.
    pub(crate) fn log_density(self, x: Tensor<1>) -> Tensor<1> {
        let standard = x.sub_scalar(self.mean).div_scalar(self.std);
        standard.square().div_scalar(-2.0).sub_scalar((self.std * TAU.sqrt()).ln())
    }
}

impl Mixture {
    /// A mixture of N(mean, std²), at least one.
    pub(crate) fn new(parts: &[(f64, f64)]) -> Self {
        Self { parts: parts.iter().map(|&(mean, std)| Gaussian { mean, std }).collect() }
    }

    /// The density at x.
    pub(crate) fn density(&self, x: f64) -> f64 {
        self.parts.iter().map(|part| part.density(x)).sum::<f64>() / self.parts.len() as f64
    }

    /// ln of the density, elementwise and on x's tape.
    pub(crate) fn log_density(&self, x: &Tensor<1>) -> Tensor<1> {
        let logs: Vec<Tensor<1>> = self.parts.iter().map(|part| part.log_density(x.clone())).collect();
        let largest = logs.iter().skip(1).fold(logs[0].clone(), |largest, log| largest.max_pair(log.clone())).detach();
        let sum = logs.into_iter().map(|log| (log - largest.clone()).exp()).reduce(|sum, part| sum + part);
        sum.expect("a mixture has parts").log().sub_scalar((self.parts.len() as f64).ln()) + largest
    }

    /// Points that stand for equal shares of the mixture, each in its share's middle: a mean over them is an expectation,
    /// without a draw's noise.
    pub(crate) fn quantiles(&self, count: usize) -> Vec<f64> {
        const STEPS: usize = 40_000;
        let ends = |sign: f64| self.parts.iter().map(move |part| part.mean + sign * 8.0 * part.std);
        let (from, to) = (ends(-1.0).fold(f64::INFINITY, f64::min), ends(1.0).fold(f64::NEG_INFINITY, f64::max));
        let step = (to - from) / STEPS as f64;
        let (mut points, mut below, mut x) = (Vec::with_capacity(count), 0.0, from);
        for _ in 0..STEPS {
            let next = below + step * self.density(x + step / 2.0);
            while points.len() < count {
                let share = (points.len() as f64 + 0.5) / count as f64;
                if share > next {
                    break;
                }
                points.push(x + step * (share - below) / (next - below));
            }
            (below, x) = (next, x + step);
        }
        // Rounding may leave out a last point, whose share is at the very end.
        points.resize(count, to);
        points
    }

    /// The quantiles as a tensor.
    pub(crate) fn points(&self, count: usize, device: &Device) -> Tensor<1> {
        column(&self.quantiles(count), device)
    }
}

/// Numbers as a tensor: `[count]`.
pub(crate) fn column(values: &[f64], device: &Device) -> Tensor<1> {
    let values: Vec<f32> = values.iter().map(|value| *value as f32).collect();
    let count = values.len();
    Tensor::from_data(TensorData::new(values, [count]), device)
}

/// A tensor's numbers.
pub(crate) fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    let data = tensor.into_data().convert::<f64>();
    data.try_to_vec().expect("it was just converted")
}

/// `count` values from `from` to `to`, both among them.
pub(crate) fn spaced(from: f64, to: f64, count: usize) -> Vec<f64> {
    (0..count).map(|index| from + (to - from) * index as f64 / (count - 1) as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_normal_distribution() {
        let points = Mixture::new(&[(1.0, 2.0)]).quantiles(1000);
        // Φ⁻¹ at 0.9745, 0.5005 and 0.0255, by tables.
        for (index, standard) in [(974, 1.9517), (500, 0.001_253), (25, -1.9517)] {
            assert!((points[index] - 1.0 - 2.0 * standard).abs() < 2e-3, "{}", points[index]);
        }
        let mean = points.iter().sum::<f64>() / 1000.0;
        let variance = points.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 1000.0;
        assert!((mean - 1.0).abs() < 1e-6 && (variance - 4.0).abs() < 0.03, "{mean}, {variance}");
    }

    #[test]
    fn log_densities_are_those_of_densities() {
        let mixture = Mixture::new(&[(-3.0, 1.0), (3.0, 0.5)]);
        let x = [-9.0, -3.0, 0.0, 2.9];
        let found = numbers(mixture.log_density(&column(&x, &Device::flex())));
        for (x, found) in x.into_iter().zip(found) {
            assert!((found - mixture.density(x).ln()).abs() < 1e-4, "at {x}");
        }
    }
}
