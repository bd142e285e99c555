//! The length of a network's gradient.

use burn::{
    module::{Module, ModuleVisitor, Param},
    optim::GradientsParams,
    tensor::Tensor,
};

/// ‖∇‖₂ over all parameters of `network`, as a tensor `[1]` that is not waited for.
pub(crate) fn gradient_norm<M: Module>(network: &M, gradients: &GradientsParams) -> Option<Tensor<1>> {
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
        let square = gradient.square().sum();
        self.sum = Some(match self.sum.take() {
            Some(sum) => sum + square,
            None => square,
        });
    }
}

#[cfg(test)]
mod tests {
    use burn::{nn::LinearConfig, tensor::Device};

    use super::*;

    /// y = w₁·3 + w₂·4 + b, summed over one row: ∇ = (3, 4, 1), whose length is √26.
    #[test]
    fn a_gradient_worked_out_by_hand() {
        let device = Device::flex().autodiff();
        let network = LinearConfig::new(2, 1).init(&device);
        let output = network.forward(Tensor::<2>::from_floats([[3.0, 4.0]], &device)).sum();
        let gradients = GradientsParams::from_grads(output.backward(), &network);
        let norm: f32 = gradient_norm(&network, &gradients).unwrap().into_scalar();
        assert!((norm - 26f32.sqrt()).abs() < 1e-6, "{norm}");
    }

    #[test]
    fn no_gradients_have_no_length() {
        let network = LinearConfig::new(2, 1).init(&Device::flex().autodiff());
        assert!(gradient_norm(&network, &GradientsParams::new()).is_none());
    }
}
