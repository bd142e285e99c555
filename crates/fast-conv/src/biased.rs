//! A convolution's bias and the leaky ReLU behind it, in one pass forwards and one backwards.

// The generated trait is public inside this private module.
#![allow(unreachable_pub, missing_docs)]

use burn::tensor::{Bytes, DType, Shape, Tensor};
use burn_flex::Layout;
use rayon::prelude::*;

use crate::{
    activation::{factor, leaky_relu},
    device::is_flex,
    prelude::*,
    storage,
};
#[cfg(feature = "cube")]
use crate::{cube, device::takes_features};

/// `y = x + bias` of each channel where that is positive, else `slope · (x + bias)`. A slope of 0 is ReLU.
///
/// The same bits as the sum and [`leaky_relu`] behind it, and the same gradient of x; the bias's differs by rounding. In
/// place where nothing else needs x. Devices other than flex and GPUs, and types other than f32, take the two steps.
///
/// # Shapes
/// - x and result: `[batch, channels, height, width]`
/// - bias: `[channels]`
///
/// # Panics
/// If the shapes do not fit, or the slope is negative or not a number: y would not tell the sign of `x + bias`.
pub fn biased_leaky_relu(x: Tensor<4>, bias: Tensor<1>, slope: f32) -> Tensor<4> {
    assert!(slope >= 0.0, "biased_leaky_relu: the slope is {slope}, and must not be negative");
    let channels = x.dims()[1];
    assert_eq!(bias.dims(), [channels], "biased_leaky_relu: x has {channels} channels");
    let single = x.dtype() == DType::F32 && bias.dtype() == DType::F32;
    #[cfg(feature = "cube")]
    if single && takes_features(&x) {
        return cube::shift_and_rectify(x, bias, slope);
    }
    if !single || !is_flex(&x.device()) || x.shape().num_elements() == 0 {
        return leaky_relu(x + bias.reshape([1, channels, 1, 1]), slope);
    }
    Tensor::from_dispatch(Dispatch::shift_and_rectify(x.into_dispatch(), bias.into_dispatch(), slope))
}

/// The pass and its derivative over a backend's tensors.
#[backend_extension(Autodiff, Flex)]
pub trait BiasedActivations: Backend {
    /// `y` from `x` and the bias.
    fn shift_and_rectify(x: FloatTensor<Self>, bias: FloatTensor<Self>, slope: f32) -> FloatTensor<Self>;
    /// The gradients of x and of the bias, from `y` and its gradient.
    fn shift_and_rectify_gradient(
        y: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        slope: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

/// Values that a task handles at least: the coarsest layers have 16 pixels a channel.
const TASK: usize = 1 << 13;

impl BiasedActivations for Flex {
    fn shift_and_rectify(x: FlexTensor, bias: FlexTensor, slope: f32) -> FlexTensor {
        let (bias, area) = (bias.to_contiguous(), area(&x));
        let bias = storage::values(&bias);
        storage::in_place(x, |x| {
            x.par_chunks_mut(area).with_min_len(TASK.div_ceil(area)).enumerate().for_each(|(line, x)| {
                let bias = bias[line % bias.len()];
                for x in x {
                    let shifted = *x + bias;
                    *x = shifted * factor(shifted, slope);
                }
            });
        })
    }

    fn shift_and_rectify_gradient(y: FlexTensor, gradient: FlexTensor, slope: f32) -> (FlexTensor, FlexTensor) {
        let (y, area, channels) = (y.to_contiguous(), area(&y), y.layout().shape()[1]);
        let y = storage::values(&y);
        // Each channel of each image is summed on its own, and these in their order: the same bits on any number of threads.
        let mut sums = vec![0.0f64; y.len() / area];
        let gradient = storage::in_place(gradient, |gradient| {
            let lines = gradient.par_chunks_mut(area).zip(y.par_chunks(area)).zip(&mut sums);
            lines.with_min_len(TASK.div_ceil(area)).for_each(|((gradient, y), sum)| *sum = rectify(gradient, y, slope));
        });
        let of_channel = |channel: usize| sums.iter().skip(channel).step_by(channels).sum::<f64>() as f32;
        let bias: Vec<f32> = (0..channels).map(of_channel).collect();
        let layout = Layout::contiguous(Shape::from([channels]));
        (gradient, FlexTensor::new(Bytes::from_elems(bias), layout, DType::F32))
    }
}

/// Pixels of a channel.
fn area(x: &FlexTensor) -> usize {
    let shape = x.layout().shape();
    shape[2] * shape[3]
}

/// Turns the gradient of y into that of x, and returns its sum: in sixteen parts, as a vector register does it.
fn rectify(gradient: &mut [f32], y: &[f32], slope: f32) -> f64 {
    let mut lanes = [0.0f32; 16];
    let mut add = |gradient: &mut [f32], y: &[f32]| {
        for (sum, (gradient, y)) in lanes.iter_mut().zip(gradient.iter_mut().zip(y)) {
            *gradient *= factor(*y, slope);
            *sum += *gradient;
        }
    };
    let ((gradient, gradient_rest), (y, y_rest)) = (gradient.as_chunks_mut::<16>(), y.as_chunks::<16>());
    gradient.iter_mut().zip(y).for_each(|(gradient, y)| add(gradient, y));
    add(gradient_rest, y_rest);
    lanes.into_iter().map(f64::from).sum()
}

#[derive(Debug)]
struct Derivative;

impl<B: BiasedActivations> Backward<B, 2> for Derivative {
    type State = (FloatTensor<B>, f32);

    fn backward(self, ops: Ops<Self::State, 2>, gradients: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let [x_node, bias_node] = ops.parents;
        let gradient = gradients.consume::<B>(&ops.node);
        let (y, slope) = ops.state;
        let (x, bias) = B::shift_and_rectify_gradient(y, gradient, slope);
        for (node, gradient) in [(x_node, x), (bias_node, bias)] {
            if let Some(node) = node {
                gradients.register::<B>(node.id, gradient);
            }
        }
    }
}

impl<B: BiasedActivations, C: CheckpointStrategy> BiasedActivations for Autodiff<B, C> {
    fn shift_and_rectify(x: FloatTensor<Self>, bias: FloatTensor<Self>, slope: f32) -> FloatTensor<Self> {
        match Derivative.prepare::<C>([x.node(), bias.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let y = B::shift_and_rectify(x.into_primitive(), bias.into_primitive(), slope);
                prepared.finish((y.clone(), slope), y)
            }
            OpsKind::UnTracked(prepared) => {
                prepared.finish(B::shift_and_rectify(x.into_primitive(), bias.into_primitive(), slope))
            }
        }
    }

    /// Off the tape: burn's autodiff has no second derivatives, so nothing would ever ask for this one's gradient.
    fn shift_and_rectify_gradient(
        y: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        slope: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (x, bias) = B::shift_and_rectify_gradient(y.into_primitive(), gradient.into_primitive(), slope);
        (FloatTensor::<Self>::new(x), FloatTensor::<Self>::new(bias))
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};
    use proptest::prelude::*;

    use super::*;

    fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    fn in_two_steps(x: Tensor<4>, bias: Tensor<1>, slope: f32) -> Tensor<4> {
        let channels = x.dims()[1];
        leaky_relu(x + bias.reshape([1, channels, 1, 1]), slope)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn it_is_the_sum_and_the_activation_behind_it(
            [batch, channels, height, width] in [1usize..6, 1usize..9, 1usize..20, 1usize..20],
            slope in prop_oneof![Just(0.0f32), 0.01f32..1.5],
        ) {
            let device = Device::flex();
            let even = Distribution::Uniform(-1.0, 1.0);
            let x: Tensor<4> = Tensor::random([batch, channels, height, width], even, &device);
            let (bias, upstream) = (Tensor::<1>::random([channels], even, &device), (x.clone() * 9.0).cos().autodiff());
            let pass = |operator: fn(Tensor<4>, Tensor<1>, f32) -> Tensor<4>| {
                let (x, bias) = (x.clone().autodiff().require_grad(), bias.clone().autodiff().require_grad());
                let y = operator(x.clone(), bias.clone(), slope);
                let gradients = (y.clone() * upstream.clone()).sum().backward();
                (values(y.inner()), values(x.grad(&gradients).unwrap()), values(bias.grad(&gradients).unwrap()))
            };
            let (found, expected) = (pass(biased_leaky_relu), pass(in_two_steps));
            prop_assert_eq!(found.0, expected.0);
            prop_assert_eq!(found.1, expected.1);
            for (found, expected) in found.2.into_iter().zip(expected.2) {
                let slack = 1e-6 * (batch * height * width) as f32;
                prop_assert!((found - expected).abs() <= slack, "{found} instead of {expected}");
            }
        }
    }

    #[test]
    fn the_argument_is_left_alone_while_others_hold_it() {
        let device = Device::flex();
        let x = Tensor::<1>::from_floats([-2.0, 0.0, 1.0, 3.0], &device).reshape([1, 2, 1, 2]);
        let bias = Tensor::from_floats([1.0, -2.0], &device);
        assert_eq!(values(biased_leaky_relu(x.clone(), bias, 0.5)), [-0.5, 1.0, -0.5, 1.0]);
        assert_eq!(values(x), [-2.0, 0.0, 1.0, 3.0]);
    }
}
