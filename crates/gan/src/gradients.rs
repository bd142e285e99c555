//! A network's gradients over the parts of a batch: added up, measured, and clipped by their norm.

use std::collections::HashMap;

use burn::{
    module::{Module, ModuleVisitor, Param, ParamId},
    optim::GradientsParams,
    tensor::Tensor,
};

/// A network's gradients of equal parts of a batch, added up.
///
/// Each part's are scaled, so that the sum over all parts is the gradient of the batch's mean loss. BatchNorm's statistics are
/// those of a part. In which order parts are added decides the last bits, and is the caller's to choose.
#[derive(Clone, Debug)]
pub struct Gradients {
    /// The parameters that have gradients, in the network's order.
    parameters: Vec<ParamId>,
    /// The gradient of each, flat, off the tape.
    values: Vec<Tensor<1>>,
}

impl Gradients {
    /// The gradients of a part's loss, one of so many parts.
    pub fn of_part<M: Module>(network: &M, loss: Tensor<1>, parts: usize) -> Self {
        // Before the backward pass: scaling one number is cheaper than scaling every gradient.
        let loss = if parts > 1 { loss / parts as f64 } else { loss };
        let mut taken = Taken {
            from: GradientsParams::from_grads(loss.backward(), network),
            gradients: Self { parameters: Vec::new(), values: Vec::new() },
        };
        network.visit(&mut taken);
        taken.gradients
    }

    /// The gradient of each parameter that has one, flat, in the network's order: the same order in every process.
    pub fn values(&self) -> &[Tensor<1>] {
        &self.values
    }

    /// The same parameters with other gradients, as [`Gradients::values`] lists them.
    ///
    /// # Panics
    /// When there is another number of them.
    pub fn with_values(self, values: Vec<Tensor<1>>) -> Self {
        assert_eq!(values.len(), self.values.len(), "a gradient for each parameter that has one");
        Self { values, ..self }
    }

    /// The whole batch's gradients and their norm ‖∇‖₂ over all parameters, `[1]`, that is not waited for; `None` where
    /// there are no gradients.
    ///
    /// Gradients longer than `limit` are scaled to it, ∇ ← ∇ · min(1, limit / ‖∇‖₂) (Pascanu et al., "On the difficulty
    /// of training recurrent neural networks", 2013, algorithm 1), unless it is 0; the norm is the one before that.
    pub fn finish<M: Module>(self, network: &M, limit: f64) -> (GradientsParams, Option<Tensor<1>>) {
        let mut handed = HandedBack {
            from: self.parameters.into_iter().zip(self.values).collect(),
            gradients: GradientsParams::new(),
        };
        network.visit(&mut handed);
        let mut gradients = handed.gradients;
        let norm = norm(network, &gradients);
        if let Some(norm) = norm.clone().filter(|_| limit > 0.0) {
            // A norm of 0 gives the factor 1, by way of infinity.
            let factor = norm.recip().mul_scalar(limit).clamp_max(1.0);
            network.visit(&mut Scaled { gradients: &mut gradients, factor });
        }
        (gradients, norm)
    }
}

/// Takes gradients out, in the order of the network's parameters.
struct Taken {
    from: GradientsParams,
    gradients: Gradients,
}

impl ModuleVisitor for Taken {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(gradient) = self.from.remove::<D>(param.id) else { return };
        self.gradients.parameters.push(param.id);
        self.gradients.values.push(gradient.flatten(0, D - 1));
    }
}

/// Hands gradients back in their parameters' shapes.
struct HandedBack {
    from: HashMap<ParamId, Tensor<1>>,
    gradients: GradientsParams,
}

impl ModuleVisitor for HandedBack {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(values) = self.from.remove(&param.id) else { return };
        self.gradients.register(param.id, values.reshape(param.dims()));
    }
}

fn norm<M: Module>(network: &M, gradients: &GradientsParams) -> Option<Tensor<1>> {
    let mut flat = Flat { gradients, values: Vec::new() };
    network.visit(&mut flat);
    fast_conv::norm_of_all(flat.values)
}

/// Reads gradients, in the order of the network's parameters.
struct Flat<'a> {
    gradients: &'a GradientsParams,
    values: Vec<Tensor<1>>,
}

impl ModuleVisitor for Flat<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.get::<D>(param.id) {
            self.values.push(gradient.flatten(0, D - 1));
        }
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
        let of_part = |part: &[f32; 2]| {
            let output = network.forward(Tensor::<2>::from_floats([*part], &Device::flex().autodiff()));
            Gradients::of_part(&network, output.sum(), parts.len())
        };
        let added = parts.iter().map(of_part).reduce(|sum, part| {
            let values = sum.values().iter().zip(part.values()).map(|(a, b)| a.clone() + b.clone()).collect();
            sum.with_values(values)
        });
        let (gradients, norm) = added.unwrap().finish(&network, limit);
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
        let none = Gradients { parameters: Vec::new(), values: Vec::new() };
        let (gradients, norm) = none.finish(&network(), 1.0);
        assert!(gradients.is_empty() && norm.is_none());
    }
}
