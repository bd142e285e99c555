//! A network's gradients over the parts of a batch: averaged, measured, and clipped by their norm.

use burn::{
    module::{Module, ModuleVisitor, Param},
    optim::{GradientsAccumulator, GradientsParams},
    tensor::Tensor,
};

/// Gradients of equal parts of a batch, averaged.
///
/// The mean of the parts' gradients is the gradient of the batch's mean loss, since the parts are equal. BatchNorm's
/// statistics are those of a part.
pub struct AveragedGradients<M> {
    accumulator: GradientsAccumulator<M>,
    parts: usize,
}

impl<M: Module> AveragedGradients<M> {
    /// Before the first of so many parts.
    pub fn new(parts: usize) -> Self {
        Self { accumulator: GradientsAccumulator::new(), parts }
    }

    /// Adds a part's gradients of its loss.
    pub fn add(&mut self, network: &M, loss: Tensor<1>) {
        // Before the backward pass: scaling one number is cheaper than scaling every gradient.
        let loss = if self.parts > 1 { loss / self.parts as f64 } else { loss };
        self.accumulator.accumulate(network, GradientsParams::from_grads(loss.backward(), network));
    }

    /// The whole batch's gradients and their norm ‖∇‖₂ over all parameters, `[1]`, that is not waited for; `None` where
    /// there are no gradients.
    ///
    /// Gradients longer than `limit` are scaled to it, ∇ ← ∇ · min(1, limit / ‖∇‖₂) (Pascanu et al., "On the difficulty
    /// of training recurrent neural networks", 2013, algorithm 1), unless it is 0; the norm is the one before that.
    pub fn finish(mut self, network: &M, limit: f64) -> (GradientsParams, Option<Tensor<1>>) {
        let mut gradients = self.accumulator.grads();
        let norm = norm(network, &gradients);
        if let Some(norm) = norm.clone().filter(|_| limit > 0.0) {
            // A norm of 0 gives the factor 1, by way of infinity.
            let factor = norm.recip().mul_scalar(limit).clamp_max(1.0);
            network.visit(&mut Scaled { gradients: &mut gradients, factor });
        }
        (gradients, norm)
    }
}

fn norm<M: Module>(network: &M, gradients: &GradientsParams) -> Option<Tensor<1>> {
    let mut squares = SumOfSquares { gradients, sum: None };
    network.visit(&mut squares);
    squares.sum.map(Tensor::sqrt)
}

struct SumOfSquares<'a> {
    gradients: &'a GradientsParams,
    sum: Option<Tensor<1>>,
}

impl ModuleVisitor for SumOfSquares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(gradient) = self.gradients.get::<D>(param.id) else { return };
        let square = fast_conv::sum_of_squares(gradient);
        self.sum = Some(match self.sum.take() {
            Some(sum) => sum + square,
            None => square,
        });
    }
}

struct Scaled<'a> {
    gradients: &'a mut GradientsParams,
    factor: Tensor<1>,
}

impl ModuleVisitor for Scaled<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(gradient) = self.gradients.remove::<D>(param.id) else { return };
        self.gradients.register(param.id, gradient * self.factor.clone().reshape([1; D]));
    }
}

#[cfg(test)]
mod tests {
    use burn::{
        nn::{Linear, LinearConfig},
        tensor::Device,
    };

    use super::*;

    fn network() -> Linear {
        LinearConfig::new(2, 1).init(&Device::flex().autodiff())
    }

    /// y = w₁ a + w₂ b + c, summed over the rows: ∇ = (Σ a, Σ b, rows).
    fn check(parts: &[[f32; 2]], limit: f64, length: f32, expected: [f32; 3]) {
        let network = network();
        let mut averaged = AveragedGradients::new(parts.len());
        for part in parts {
            let output = network.forward(Tensor::<2>::from_floats([*part], &Device::flex().autodiff()));
            averaged.add(&network, output.sum());
        }
        let (gradients, norm) = averaged.finish(&network, limit);
        let norm: f32 = norm.unwrap().into_scalar();
        assert!((norm - length).abs() < 1e-5, "{norm} instead of {length}");
        let weight = gradients.get::<2>(network.weight.id).unwrap().into_data().try_to_vec::<f32>().unwrap();
        let bias: f32 = gradients.get::<1>(network.bias.as_ref().unwrap().id).unwrap().into_scalar();
        for (found, expected) in [weight[0], weight[1], bias].into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-5, "{found} instead of {expected}");
        }
    }

    #[test]
    fn gradients_worked_out_by_hand() {
        check(&[[3.0, 4.0]], 0.0, 26f32.sqrt(), [3.0, 4.0, 1.0]);
        check(&[[3.0, 4.0], [1.0, -4.0]], 0.0, 5f32.sqrt(), [2.0, 0.0, 1.0]);
    }

    #[test]
    fn longer_gradients_are_scaled_to_the_limit_and_shorter_ones_are_left() {
        let length = 26f32.sqrt();
        check(&[[3.0, 4.0]], 100.0, length, [3.0, 4.0, 1.0]);
        check(&[[3.0, 4.0]], f64::from(length) / 2.0, length, [1.5, 2.0, 0.5]);
    }

    #[test]
    fn no_gradients_have_no_length() {
        let (gradients, norm) = AveragedGradients::new(1).finish(&network(), 1.0);
        assert!(gradients.is_empty() && norm.is_none());
    }
}
