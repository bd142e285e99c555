//! A channel's bias and leaky ReLU: one launch forwards and one backwards.

use burn::{
    backend::fusion::custom::TensorSpec,
    tensor::{self, DType, Shape},
};
use burn_cubecl::{
    CubeBackend,
    cubecl::{self, prelude::*},
    kernel::into_contiguous,
    tensor::CubeTensor,
};

use super::{
    address_type, empty_features, empty_like, offset, pixel_rows, rectifier, sides, sum_over_units, units,
    units_of_a_sum, values_of_a_channel,
};
use crate::prelude::*;

/// [`crate::leaky_relu`] of features on a GPU.
pub(crate) fn rectify(x: tensor::Tensor<4>, slope: f32) -> tensor::Tensor<4> {
    tensor::Tensor::from_dispatch(Dispatch::rectify_features(x.into_dispatch(), slope))
}

/// [`crate::biased_leaky_relu`] likewise.
pub(crate) fn shift_and_rectify(x: tensor::Tensor<4>, bias: tensor::Tensor<1>, slope: f32) -> tensor::Tensor<4> {
    tensor::Tensor::from_dispatch(Dispatch::shift_and_rectify_features(x.into_dispatch(), bias.into_dispatch(), slope))
}

/// The activations and their derivatives over a backend's features, `[batch, channels, height, width]`.
#[backend_extension(Autodiff, Cube, Fusion)]
pub trait FeatureActivations: Backend {
    /// `y` from `x`.
    #[fusion(dtype = x, shape = x)]
    fn rectify_features(x: FloatTensor<Self>, slope: f32) -> FloatTensor<Self>;
    /// The gradient of x from `y` and its gradient.
    #[fusion(dtype = y, shape = y)]
    fn rectify_features_gradient(y: FloatTensor<Self>, gradient: FloatTensor<Self>, slope: f32) -> FloatTensor<Self>;
    /// `y` from `x` and the bias of each channel.
    #[fusion(dtype = x, shape = x)]
    fn shift_and_rectify_features(x: FloatTensor<Self>, bias: FloatTensor<Self>, slope: f32) -> FloatTensor<Self>;
    /// The gradients of x and of the bias, from `y` and its gradient.
    #[fusion(meta = |y, _gradient, _slope| (y.clone(), TensorSpec::new(Shape::new([y.shape[1]]), DType::F32)))]
    fn shift_and_rectify_features_gradient(
        y: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        slope: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

impl FeatureActivations for CubeBackend {
    fn rectify_features(x: CubeTensor, slope: f32) -> CubeTensor {
        let y = empty_features(&x, sides(&x));
        let ((count, dim), x) = (units(&y), pixel_rows(x));
        // SAFETY: a unit beyond the output's end does nothing.
        unsafe {
            rectify_kernel::launch_unchecked(
                &y.client,
                count,
                dim,
                address_type([&x, &y]),
                x.into_tensor_arg(),
                y.clone().into_tensor_arg(),
                slope,
            );
        }
        y
    }

    fn rectify_features_gradient(y: CubeTensor, gradient: CubeTensor, slope: f32) -> CubeTensor {
        let output = empty_features(&y, sides(&y));
        let ((count, dim), [y, gradient]) = (units(&output), [y, gradient].map(pixel_rows));
        // SAFETY: as above.
        unsafe {
            rectify_gradient_kernel::launch_unchecked(
                &output.client,
                count,
                dim,
                address_type([&y, &gradient, &output]),
                y.into_tensor_arg(),
                gradient.into_tensor_arg(),
                output.clone().into_tensor_arg(),
                slope,
            );
        }
        output
    }

    fn shift_and_rectify_features(x: CubeTensor, bias: CubeTensor, slope: f32) -> CubeTensor {
        let y = empty_features(&x, sides(&x));
        let ((count, dim), x, bias) = (units(&y), pixel_rows(x), into_contiguous(bias));
        // SAFETY: as above.
        unsafe {
            shift_and_rectify_kernel::launch_unchecked(
                &y.client,
                count,
                dim,
                address_type([&x, &y]),
                x.into_tensor_arg(),
                bias.into_tensor_arg(),
                y.clone().into_tensor_arg(),
                slope,
            );
        }
        y
    }

    fn shift_and_rectify_features_gradient(
        y: CubeTensor,
        gradient: CubeTensor,
        slope: f32,
    ) -> (CubeTensor, CubeTensor) {
        let [_, channels, ..] = sides(&y);
        let output = empty_features(&y, sides(&y));
        let bias = empty_like(&y, Shape::new([channels]));
        let (units, [y, gradient]) = (units_of_a_sum(&y), [y, gradient].map(pixel_rows));
        // SAFETY: a cube for each channel, and indices within the shapes.
        unsafe {
            shift_and_rectify_gradient_kernel::launch_unchecked(
                &output.client,
                CubeCount::new_1d(channels as u32),
                CubeDim::new_1d(units),
                address_type([&y, &gradient, &output]),
                y.into_tensor_arg(),
                gradient.into_tensor_arg(),
                output.clone().into_tensor_arg(),
                bias.clone().into_tensor_arg(),
                slope,
                units as usize,
            );
        }
        (output, bias)
    }
}

#[cube(launch_unchecked, address_type = "dynamic")]
fn rectify_kernel(x: &Tensor<f32>, y: &mut Tensor<f32>, slope: f32) {
    if ABSOLUTE_POS >= y.len() {
        terminate!();
    }
    let count = values_of_a_channel(x);
    let value = x[offset(x, ABSOLUTE_POS / count, ABSOLUTE_POS % count)];
    y[ABSOLUTE_POS] = value * rectifier(value, slope);
}

#[cube(launch_unchecked, address_type = "dynamic")]
fn rectify_gradient_kernel(y: &Tensor<f32>, gradient: &Tensor<f32>, output: &mut Tensor<f32>, slope: f32) {
    if ABSOLUTE_POS >= output.len() {
        terminate!();
    }
    let count = values_of_a_channel(y);
    let (channel, position) = (ABSOLUTE_POS / count, ABSOLUTE_POS % count);
    let factor = rectifier(y[offset(y, channel, position)], slope);
    output[ABSOLUTE_POS] = gradient[offset(gradient, channel, position)] * factor;
}

#[cube(launch_unchecked, address_type = "dynamic")]
fn shift_and_rectify_kernel(x: &Tensor<f32>, bias: &Tensor<f32>, y: &mut Tensor<f32>, slope: f32) {
    if ABSOLUTE_POS >= y.len() {
        terminate!();
    }
    let count = values_of_a_channel(x);
    let (channel, position) = (ABSOLUTE_POS / count, ABSOLUTE_POS % count);
    let value = x[offset(x, channel, position)] + bias[channel];
    y[ABSOLUTE_POS] = value * rectifier(value, slope);
}

#[cube(launch_unchecked, address_type = "dynamic")]
fn shift_and_rectify_gradient_kernel(
    y: &Tensor<f32>,
    gradient: &Tensor<f32>,
    output: &mut Tensor<f32>,
    bias: &mut Tensor<f32>,
    slope: f32,
    #[comptime] units: usize,
) {
    let channel = CUBE_POS;
    let count = values_of_a_channel(y);
    let mut sum = 0.0f32;
    let mut position = UNIT_POS as usize;
    while position < count {
        let factor = rectifier(y[offset(y, channel, position)], slope);
        let value = gradient[offset(gradient, channel, position)] * factor;
        output[channel * count + position] = value;
        sum += value;
        position += units;
    }
    let sum = sum_over_units(sum, units);
    if UNIT_POS == 0 {
        bias[channel] = sum;
    }
}

/// Leaky ReLU's derivative.
#[derive(Debug)]
struct Slope;

impl<B: FeatureActivations> Backward<B, 1> for Slope {
    type State = (FloatTensor<B>, f32);

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let [node] = ops.parents;
        let gradient = gradients.consume::<B>(&ops.node);
        let (y, slope) = ops.state;
        if let Some(node) = node {
            gradients.register::<B>(node.id, B::rectify_features_gradient(y, gradient, slope));
        }
    }
}

/// The derivatives of the biased one.
#[derive(Debug)]
struct BiasedSlope;

impl<B: FeatureActivations> Backward<B, 2> for BiasedSlope {
    type State = (FloatTensor<B>, f32);

    fn backward(self, ops: Ops<Self::State, 2>, gradients: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let [x_node, bias_node] = ops.parents;
        let gradient = gradients.consume::<B>(&ops.node);
        let (y, slope) = ops.state;
        let Some(bias_node) = bias_node else {
            if let Some(node) = x_node {
                gradients.register::<B>(node.id, B::rectify_features_gradient(y, gradient, slope));
            }
            return;
        };
        let (x, bias) = B::shift_and_rectify_features_gradient(y, gradient, slope);
        gradients.register::<B>(bias_node.id, bias);
        if let Some(node) = x_node {
            gradients.register::<B>(node.id, x);
        }
    }
}

impl<B: FeatureActivations, C: CheckpointStrategy> FeatureActivations for Autodiff<B, C> {
    fn rectify_features(x: FloatTensor<Self>, slope: f32) -> FloatTensor<Self> {
        match Slope.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let y = B::rectify_features(x.into_primitive(), slope);
                prepared.finish((y.clone(), slope), y)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::rectify_features(x.into_primitive(), slope)),
        }
    }

    /// Off the tape, as the next: burn's autodiff has no second derivatives.
    fn rectify_features_gradient(y: FloatTensor<Self>, gradient: FloatTensor<Self>, slope: f32) -> FloatTensor<Self> {
        FloatTensor::<Self>::new(B::rectify_features_gradient(y.into_primitive(), gradient.into_primitive(), slope))
    }

    fn shift_and_rectify_features(x: FloatTensor<Self>, bias: FloatTensor<Self>, slope: f32) -> FloatTensor<Self> {
        match BiasedSlope.prepare::<C>([x.node(), bias.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let y = B::shift_and_rectify_features(x.into_primitive(), bias.into_primitive(), slope);
                prepared.finish((y.clone(), slope), y)
            }
            OpsKind::UnTracked(prepared) => {
                prepared.finish(B::shift_and_rectify_features(x.into_primitive(), bias.into_primitive(), slope))
            }
        }
    }

    fn shift_and_rectify_features_gradient(
        y: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        slope: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (x, bias) = B::shift_and_rectify_features_gradient(y.into_primitive(), gradient.into_primitive(), slope);
        (FloatTensor::<Self>::new(x), FloatTensor::<Self>::new(bias))
    }
}
