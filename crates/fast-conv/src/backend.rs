//! The passes as operations of burn's flex backend, and how they are differentiated.

// The generated trait is public inside this private module.
#![allow(unreachable_pub, missing_docs, unsafe_code)]

use std::mem::MaybeUninit;

use burn::{
    backend::autodiff::NodeId,
    tensor::{Bytes, Shape, Tensor},
};
use burn_flex::Layout;

use crate::{
    geometry::{FeatureMap, Geometry},
    passes,
    prelude::*,
    simd::Level,
    storage,
};

/// The three passes of a convolution over a backend's tensors.
#[backend_extension(Autodiff, Flex, Cube: cfg(feature = "cube"), Fusion: cfg(feature = "cube"))]
pub trait Convolutions: Backend {
    /// `big` to `small`.
    #[fusion(dtype = big, shape = Shape::new(batch_of(*geometry, geometry.small)))]
    fn convolve(big: FloatTensor<Self>, weights: FloatTensor<Self>, geometry: Geometry) -> FloatTensor<Self>;
    /// `small` to `big`.
    #[fusion(dtype = small, shape = Shape::new(batch_of(*geometry, geometry.big)))]
    fn transpose(small: FloatTensor<Self>, weights: FloatTensor<Self>, geometry: Geometry) -> FloatTensor<Self>;
    /// `big` and `small` to weights.
    #[fusion(dtype = big, shape = Shape::new(weights_of(*geometry)))]
    fn weight_gradient(big: FloatTensor<Self>, small: FloatTensor<Self>, geometry: Geometry) -> FloatTensor<Self>;
}

/// [`Convolutions::convolve`] for tensors on a flex device, with autodiff or without.
pub(crate) fn convolve(big: Tensor<4>, weights: Tensor<4>, geometry: Geometry) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::convolve(big.into_dispatch(), weights.into_dispatch(), geometry))
}

/// [`Convolutions::transpose`] likewise.
pub(crate) fn transpose(small: Tensor<4>, weights: Tensor<4>, geometry: Geometry) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::transpose(small.into_dispatch(), weights.into_dispatch(), geometry))
}

impl Convolutions for Flex {
    fn convolve(big: FlexTensor, weights: FlexTensor, geometry: Geometry) -> FlexTensor {
        compute(geometry, [big, weights], batch_of(geometry, geometry.small), |[big, weights], small| {
            passes::convolve(geometry, Level::detect(), big, weights, small);
        })
    }

    fn transpose(small: FlexTensor, weights: FlexTensor, geometry: Geometry) -> FlexTensor {
        compute(geometry, [small, weights], batch_of(geometry, geometry.big), |[small, weights], big| {
            passes::transpose(geometry, Level::detect(), small, weights, big);
        })
    }

    fn weight_gradient(big: FlexTensor, small: FlexTensor, geometry: Geometry) -> FlexTensor {
        compute(geometry, [big, small], weights_of(geometry), |[big, small], weights| {
            passes::weight_gradient(geometry, Level::detect(), big, small, weights);
        })
    }
}

fn batch_of(geometry: Geometry, map: FeatureMap) -> [usize; 4] {
    [geometry.batch, map.channels, map.height, map.width]
}

fn weights_of(geometry: Geometry) -> [usize; 4] {
    let [height, width] = geometry.kernel;
    [geometry.small.channels, geometry.big.channels / geometry.groups, height, width]
}

/// Makes a tensor of `shape` from inputs as the geometry rounds them.
fn compute(
    geometry: Geometry,
    inputs: [FlexTensor; 2],
    shape: [usize; 4],
    fill: impl FnOnce([&[f32]; 2], &mut [MaybeUninit<f32>]),
) -> FlexTensor {
    let dtype = inputs[0].dtype();
    let inputs = inputs.map(|tensor| tensor.to_contiguous());
    let inputs = inputs.each_ref().map(|tensor| geometry.precision.rounded(storage::values(tensor)));
    // SAFETY: the passes write every value of what they compute; a test has them write over NaN.
    let output = unsafe {
        storage::written(shape.iter().product(), |output| fill(inputs.each_ref().map(|values| &values[..]), output))
    };
    FlexTensor::new(Bytes::from_elems(output), Layout::contiguous(Shape::from(shape)), dtype)
}

/// Which operator a node of the tape applied, and so which two passes its gradients need.
#[derive(Clone, Copy, Debug)]
enum Operator {
    Convolve,
    Transpose,
}

/// A backward step. The input and the weights are each kept only if the other's gradient is wanted: the operators are
/// linear in both, so that a gradient depends on the other argument alone.
#[derive(Debug)]
struct Gradient;

/// The operator, the tape's names for the input and the weights, and the shape.
type State = (Operator, Option<NodeId>, Option<NodeId>, Geometry);

impl<B: Convolutions> Backward<B, 2> for Gradient {
    type State = State;

    fn backward(self, ops: Ops<State, 2>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let [input_node, weights_node] = ops.parents;
        let output = gradients.consume::<B>(&ops.node);
        let (operator, input, weights, geometry) = ops.state;
        if let (Some(node), Some(weights)) = (input_node, weights) {
            let weights: FloatTensor<B> = checkpointer.retrieve_node_output(weights);
            let gradient = match operator {
                Operator::Convolve => B::transpose(output.clone(), weights, geometry),
                Operator::Transpose => B::convolve(output.clone(), weights, geometry),
            };
            gradients.register::<B>(node.id, gradient);
        }
        if let (Some(node), Some(input)) = (weights_node, input) {
            let input: FloatTensor<B> = checkpointer.retrieve_node_output(input);
            let gradient = match operator {
                Operator::Convolve => B::weight_gradient(input, output, geometry),
                Operator::Transpose => B::weight_gradient(output, input, geometry),
            };
            gradients.register::<B>(node.id, gradient);
        }
    }
}

impl<B: Convolutions, C: CheckpointStrategy> Convolutions for Autodiff<B, C> {
    fn convolve(big: FloatTensor<Self>, weights: FloatTensor<Self>, geometry: Geometry) -> FloatTensor<Self> {
        record::<B, C>(Operator::Convolve, big, weights, geometry)
    }

    fn transpose(small: FloatTensor<Self>, weights: FloatTensor<Self>, geometry: Geometry) -> FloatTensor<Self> {
        record::<B, C>(Operator::Transpose, small, weights, geometry)
    }

    /// Off the tape: burn's autodiff has no second derivatives, so nothing would ever ask for this one's gradient.
    fn weight_gradient(big: FloatTensor<Self>, small: FloatTensor<Self>, geometry: Geometry) -> FloatTensor<Self> {
        FloatTensor::<Self>::new(B::weight_gradient(big.into_primitive(), small.into_primitive(), geometry))
    }
}

/// Applies an operator, and notes it on the tape if either argument is tracked.
fn record<B: Convolutions, C: CheckpointStrategy>(
    operator: Operator,
    input: FloatTensor<Autodiff<B, C>>,
    weights: FloatTensor<Autodiff<B, C>>,
    geometry: Geometry,
) -> FloatTensor<Autodiff<B, C>> {
    let (input_tracked, weights_tracked) = (input.is_tracked(), weights.is_tracked());
    let apply = |input, weights| match operator {
        Operator::Convolve => B::convolve(input, weights, geometry),
        Operator::Transpose => B::transpose(input, weights, geometry),
    };
    match Gradient.prepare::<C>([input.node(), weights.node()]).compute_bound().stateful() {
        OpsKind::Tracked(mut prepared) => {
            let kept_input = weights_tracked.then(|| prepared.checkpoint(&input));
            let kept_weights = input_tracked.then(|| prepared.checkpoint(&weights));
            let output = apply(input.into_primitive(), weights.into_primitive());
            prepared.finish((operator, kept_input, kept_weights, geometry), output)
        }
        OpsKind::UnTracked(prepared) => prepared.finish(apply(input.into_primitive(), weights.into_primitive())),
    }
}
