//! Leaky ReLU, which stands between most convolutions, in one pass forwards and one backwards.

// The generated trait is public inside this private module.
#![allow(unreachable_pub, missing_docs)]

use burn::tensor::{DType, Tensor, activation};
use rayon::prelude::*;

#[cfg(feature = "cube")]
use crate::{cube, device::takes_features};
use crate::{device::is_flex, prelude::*, storage};

/// `y = x` where x is positive, else `slope · x`. A slope of 0 is ReLU.
///
/// Burn's own keeps x, its sign and a scaled copy; this one keeps only y, and works in place where nothing else needs
/// x. On GPUs it takes features, of four dimensions. Other devices, and types other than f32, get burn's own.
///
/// # Shapes
/// - x and result: any, the same
///
/// # Panics
/// If the slope is negative or not a number: y would not tell the sign of x.
pub fn leaky_relu<const D: usize>(x: Tensor<D>, slope: f32) -> Tensor<D> {
    assert!(slope >= 0.0, "leaky_relu: the slope is {slope}, and must not be negative");
    #[cfg(feature = "cube")]
    if D == 4 && takes_features(&x) {
        return Tensor::from_dispatch(cube::rectify(Tensor::from_dispatch(x.into_dispatch()), slope).into_dispatch());
    }
    if x.dtype() != DType::F32 || !is_flex(&x.device()) {
        return activation::leaky_relu(x, f64::from(slope));
    }
    Tensor::from_dispatch(Dispatch::rectify(x.into_dispatch(), slope))
}

/// Leaky ReLU and its derivative over a backend's tensors.
#[backend_extension(Autodiff, Flex)]
pub trait Activations: Backend {
    /// `y` from `x`.
    fn rectify(x: FloatTensor<Self>, slope: f32) -> FloatTensor<Self>;
    /// The gradient of x from `y` and its gradient.
    fn rectify_gradient(y: FloatTensor<Self>, gradient: FloatTensor<Self>, slope: f32) -> FloatTensor<Self>;
}

/// Values that a task handles: 128 KiB, whose pass costs far more than a task's start.
const TASK: usize = 1 << 15;

impl Activations for Flex {
    fn rectify(x: FlexTensor, slope: f32) -> FlexTensor {
        storage::in_place(x, |x| {
            x.par_chunks_mut(TASK).for_each(|x| {
                for x in x {
                    *x *= factor(*x, slope);
                }
            });
        })
    }

    fn rectify_gradient(y: FlexTensor, gradient: FlexTensor, slope: f32) -> FlexTensor {
        let y = y.to_contiguous();
        let y = storage::values(&y);
        storage::in_place(gradient, |gradient| {
            gradient.par_chunks_mut(TASK).zip(y.par_chunks(TASK)).for_each(|(gradient, y)| {
                for (gradient, y) in gradient.iter_mut().zip(y) {
                    *gradient *= factor(*y, slope);
                }
            });
        })
    }
}

/// What x is multiplied by. The sign of y is that of x, so the derivative comes from y alone.
#[inline(always)]
pub(crate) fn factor(x: f32, slope: f32) -> f32 {
    if x > 0.0 { 1.0 } else { slope }
}

#[derive(Debug)]
struct Derivative;

impl<B: Activations> Backward<B, 1> for Derivative {
    type State = (FloatTensor<B>, f32);

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let [node] = ops.parents;
        let gradient = gradients.consume::<B>(&ops.node);
        let (y, slope) = ops.state;
        if let Some(node) = node {
            gradients.register::<B>(node.id, B::rectify_gradient(y, gradient, slope));
        }
    }
}

impl<B: Activations, C: CheckpointStrategy> Activations for Autodiff<B, C> {
    fn rectify(x: FloatTensor<Self>, slope: f32) -> FloatTensor<Self> {
        match Derivative.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let y = B::rectify(x.into_primitive(), slope);
                prepared.finish((y.clone(), slope), y)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::rectify(x.into_primitive(), slope)),
        }
    }

    /// Off the tape: burn's autodiff has no second derivatives, so nothing would ever ask for this one's gradient.
    fn rectify_gradient(y: FloatTensor<Self>, gradient: FloatTensor<Self>, slope: f32) -> FloatTensor<Self> {
        FloatTensor::<Self>::new(B::rectify_gradient(y.into_primitive(), gradient.into_primitive(), slope))
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};

    use super::*;

    fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    #[test]
    fn values_and_gradients_are_burn_s() {
        let device = Device::flex();
        for slope in [0.0f32, 0.2] {
            let x: Tensor<3> = Tensor::random([3, 50, 41], Distribution::Uniform(-1.0, 1.0), &device);
            // A view, which cannot be changed in place.
            let x = x.swap_dims(0, 2).narrow(1, 3, 40);
            let fast = x.clone().autodiff().require_grad();
            let reference = x.clone().autodiff().require_grad();
            let found = leaky_relu(fast.clone(), slope);
            let expected = activation::leaky_relu(reference.clone(), f64::from(slope));
            assert_eq!(values(found.clone().inner()), values(expected.clone().inner()));
            let upstream = x.cos().autodiff();
            let found = (found * upstream.clone()).sum().backward();
            let expected = (expected * upstream).sum().backward();
            assert_eq!(values(fast.grad(&found).unwrap()), values(reference.grad(&expected).unwrap()), "slope {slope}");
        }
    }

    #[test]
    fn the_argument_is_left_alone_while_others_hold_it() {
        let x: Tensor<1> = Tensor::from_floats([-1.0, 0.0, 2.0], &Device::flex());
        assert_eq!(values(leaky_relu(x.clone(), 0.5)), [-0.5, 0.0, 2.0]);
        assert_eq!(values(x.clone()), [-1.0, 0.0, 2.0]);
        assert_eq!(values(leaky_relu(x, 0.5)), [-0.5, 0.0, 2.0]);
    }
}
