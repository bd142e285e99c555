//! Convolutions whose largest singular value is held near 1: Miyato et al., "Spectral normalization for generative
//! adversarial networks" (2018).

use burn::{
    module::{Module, ModuleMapper, Param, ParamId, Reparameterization, Reparameterizer},
    tensor::Tensor,
};

use crate::parameters::ParameterPath;

/// Iterations that bring vectors drawn at random near to the singular ones: as many as PyTorch's parametrization makes.
const FIRST_ITERATIONS: usize = 15;
/// A vector shorter than this is taken to be as long: PyTorch's.
const MIN_LENGTH: f64 = 1e-12;

/// What a convolution computes with in place of its weight W, `[outputs, …]` taken for a matrix of `outputs` rows:
///
/// W̄ = W / σ, σ = uᵀ W v, the paper's equations 7 and 8.
///
/// u and v are near the matrix's first singular vectors; [`iterate`] keeps them there as W moves. They hold still
/// otherwise, so that every forward pass between two of its calls is of the same function. Gradients flow through W and
/// σ, and not through u and v: equation 10.
#[derive(Module, Debug)]
struct SpectralNorm {
    /// ṽ of the paper's algorithm 1: `[inputs · taps]`. It stands first, because [`PowerIteration`] makes both of it.
    v: Param<Tensor<1>>,
    /// ũ: `[outputs]`.
    u: Param<Tensor<1>>,
}

impl Reparameterization for SpectralNorm {
    const NAME: &'static str = "spectral_norm";

    fn apply<const D: usize>(&self, base: Tensor<D>) -> Tensor<D> {
        let product = as_matrix(base.clone()).matmul(self.v.val().unsqueeze_dim(1));
        let sigma = product.mul(self.u.val().unsqueeze_dim(1)).sum();
        base.div(sigma.reshape([1; D]))
    }
}

/// The network with every convolution of it under spectral normalization, its vectors still to be filled in.
pub(crate) fn attach<M: Module>(network: M) -> M {
    network.apply_reparameterization(Attach)
}

/// The network after its first iterations from the vectors that were drawn.
pub(crate) fn settle<M: Module>(network: M) -> M {
    (0..FIRST_ITERATIONS).fold(network, |network, _| iterate(network))
}

/// The network after one power iteration of every convolution under spectral normalization; others stay as they are.
///
/// u ← W v / ‖W v‖, v ← Wᵀ u / ‖Wᵀ u‖: algorithm 1, in the order in which PyTorch has it.
pub(crate) fn iterate<M: Module>(network: M) -> M {
    network.map(&mut PowerIteration { path: ParameterPath::default(), matrix: None, u: None })
}

struct Attach;

impl Reparameterizer for Attach {
    type Reparam = SpectralNorm;

    fn reparameterize<const D: usize>(
        &mut self,
        _path: &str,
        param: Param<Tensor<D>>,
    ) -> (Param<Tensor<D>>, Option<SpectralNorm>) {
        let (shape, device) = (param.lazy_shape().to_vec(), param.lazy_device());
        let inputs: usize = shape.iter().skip(1).product();
        // Weights have four dimensions, biases one.
        let spectral = (D == 4).then(|| SpectralNorm {
            v: vector(ParamId::new(), Tensor::zeros([inputs], &device)),
            u: vector(ParamId::new(), Tensor::zeros([shape[0]], &device)),
        });
        (param, spectral)
    }
}

/// Walks over a network, which meets a weight first, then its v, then its u.
struct PowerIteration {
    path: ParameterPath,
    /// The last weight, off the tape.
    matrix: Option<Tensor<2>>,
    /// The new u that goes with the last v.
    u: Option<Tensor<1>>,
}

impl ModuleMapper for PowerIteration {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        match (self.path.layer(), self.path.field()) {
            (SpectralNorm::NAME, "v") => {
                let matrix = self.matrix.take().expect("a weight is met before its vectors");
                let v = off_the_tape(param.val()).reshape([-1, 1]);
                let u = unit(matrix.clone().matmul(v));
                let v = unit(matrix.transpose().matmul(u.clone()));
                self.u = Some(u.squeeze_dim(1));
                vector(param.id, v.reshape(param.dims()))
            }
            (SpectralNorm::NAME, "u") => {
                let u = self.u.take().expect("v is met before u");
                vector(param.id, u.reshape(param.dims()))
            }
            _ => {
                self.matrix = (D == 4).then(|| as_matrix(off_the_tape(param.base())));
                param
            }
        }
    }
}

/// A vector as a parameter that no optimizer moves.
fn vector<const D: usize>(id: ParamId, values: Tensor<D>) -> Param<Tensor<D>> {
    Param::initialized(id, values)
}

/// burn's `detach` alone leaves a tensor that wants gradients wanting them.
fn off_the_tape<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    tensor.detach().set_require_grad(false)
}

/// `[outputs, …]` as `[outputs, inputs · taps]`.
fn as_matrix<const D: usize>(weight: Tensor<D>) -> Tensor<2> {
    let outputs = weight.dims()[0];
    weight.reshape([outputs as i32, -1])
}

fn unit(vector: Tensor<2>) -> Tensor<2> {
    let length = vector.clone().square().sum().sqrt().clamp_min(MIN_LENGTH);
    vector.div(length.reshape([1, 1]))
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::{discriminator::Discriminator, parameters::parameters, recipe::tests::tiny};

    fn bounded(device: &Device) -> Discriminator {
        let overrides = "discriminator.norm = \"spectral\"".parse().unwrap();
        tiny().with_overrides(&overrides).unwrap().discriminator(16, 3, device).unwrap()
    }

    /// ‖W̄ x‖ ≤ ‖x‖ for every x, nearly: power iterations come from below.
    #[test]
    fn the_largest_singular_value_is_near_one_from_the_first() {
        let discriminator = bounded(&Device::flex());
        let weight = as_matrix(discriminator.head_weight());
        // A matrix of one row has its length for its singular value.
        let length = weight.square().sum().sqrt().into_scalar::<f32>();
        assert!((length - 1.0).abs() < 1e-5, "{length}");
        let matrix = as_matrix(discriminator.first_weight());
        let mut vector = Tensor::<2>::ones([matrix.dims()[1], 1], &Device::flex());
        for _ in 0..200 {
            vector = unit(matrix.clone().transpose().matmul(matrix.clone().matmul(vector)));
        }
        let largest = matrix.matmul(vector).square().sum().sqrt().into_scalar::<f32>();
        assert!((1.0 - 1e-3..1.1).contains(&largest), "{largest}");
    }

    #[test]
    fn only_an_iteration_moves_the_vectors_and_nothing_else_moves() {
        let device = Device::flex().autodiff();
        let values = |discriminator: &Discriminator| discriminator.to_safetensors().unwrap();
        let before = bounded(&device);
        before.forward(Tensor::ones([2, 3, 16, 16], &device));
        assert_eq!(values(&before), values(&bounded(&device)));
        let (old, new) = (parameters(&before), parameters(&before.clone().with_power_iteration()));
        assert_eq!(old.len(), 3 * 4);
        for (name, parameter) in old {
            let moved = parameter.values.into_data() != new[&name].values.clone().into_data();
            assert_eq!(moved, name.contains("spectral_norm") && !name.starts_with("head"), "{name}");
        }
        let other = tiny().discriminator(16, 3, &device).unwrap();
        assert_eq!(values(&other.clone().with_power_iteration()), values(&other));
    }
}
