//! Adam with decoupled weight decay (Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019, algorithm 2).

/// Decay of the mean of gradients.
const BETA1: f32 = 0.9;
/// Decay of the mean of their squares.
const BETA2: f32 = 0.99;
/// Keeps the step finite.
const EPSILON: f32 = 1e-8;
/// The share of a weight that goes away in a step of rate 1.
const DECAY: f32 = 1e-2;

/// The moving means of gradients and of their squares.
pub struct Adam {
    means: Vec<f32>,
    squares: Vec<f32>,
    step: i32,
}

impl Adam {
    /// Nothing seen yet.
    pub fn new(weights: usize) -> Self {
        Self { means: vec![0.0; weights], squares: vec![0.0; weights], step: 0 }
    }

    /// Moves the weights against the gradient.
    pub fn step(&mut self, weights: &mut [f32], gradient: &[f32], rate: f32) {
        self.step += 1;
        let (first, second) = (1.0 - BETA1.powi(self.step), 1.0 - BETA2.powi(self.step));
        let moments = self.means.iter_mut().zip(&mut self.squares);
        for ((weight, gradient), (mean, square)) in weights.iter_mut().zip(gradient).zip(moments) {
            *mean = BETA1 * *mean + (1.0 - BETA1) * gradient;
            *square = BETA2 * *square + (1.0 - BETA2) * gradient * gradient;
            *weight -= rate * (*mean / first / ((*square / second).sqrt() + EPSILON) + DECAY * *weight);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_is_as_long_as_the_rate() {
        let mut weights = [1.0, -1.0];
        Adam::new(2).step(&mut weights, &[0.3, -7.0], 0.1);
        assert!((weights[0] - (0.9 - 1e-3)).abs() < 1e-6 && (weights[1] + 0.9 - 1e-3).abs() < 1e-6, "{weights:?}");
    }
}
