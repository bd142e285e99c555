//! The kernel of a transposed convolution that repeats pixels before it convolves, and its gradient.

// The generated trait is public inside this private module.
#![allow(unreachable_pub, missing_docs)]

use burn::tensor::{Bytes, DType, Shape, Tensor, ops::PadMode};
use burn_flex::Layout;
use rayon::prelude::*;

use crate::{device::is_flex, prelude::*, storage};

/// `f[a] + f[a − 1]` on both axes, f being the kernel turned by half a circle, and the channels in the order of a transposed
/// convolution: `[outputs, inputs, kernel, kernel]` to `[inputs, outputs, kernel + 1, kernel + 1]`.
pub(crate) fn widened(weight: Tensor<4>) -> Tensor<4> {
    if weight.dtype() != DType::F32 || !is_flex(&weight.device()) || weight.shape().num_elements() == 0 {
        return composed(weight);
    }
    Tensor::from_dispatch(Dispatch::widen(weight.into_dispatch()))
}

/// The same by burn's operators, in eight passes.
fn composed(weight: Tensor<4>) -> Tensor<4> {
    let turned = weight.swap_dims(0, 1).flip([2, 3]);
    let zeros = PadMode::Constant(0.0);
    let rows = turned.clone().pad([(0, 1), (0, 0)], zeros) + turned.pad([(1, 0), (0, 0)], zeros);
    rows.clone().pad([(0, 0), (0, 1)], zeros) + rows.pad([(0, 0), (1, 0)], zeros)
}

/// Both directions over a backend's tensors.
#[backend_extension(Autodiff, Flex)]
pub trait Widening: Backend {
    /// The wider kernel.
    fn widen(weight: FloatTensor<Self>) -> FloatTensor<Self>;
    /// Its transpose: the gradient of the kernel from that of the wider one.
    fn widen_transposed(gradient: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl Widening for Flex {
    fn widen(weight: FlexTensor) -> FlexTensor {
        each_kernel(
            weight,
            |side| side + 1,
            |kernel, side, wide| {
                let at = |y: usize, x: usize| kernel[(side - 1 - y) * side + side - 1 - x];
                // Rows first: sums in the order of the composed operators.
                let row = |y: usize, x: usize| {
                    let here = if y < side { at(y, x) } else { 0.0 };
                    here + if y > 0 { at(y - 1, x) } else { 0.0 }
                };
                for (index, value) in wide.iter_mut().enumerate() {
                    let (y, x) = (index / (side + 1), index % (side + 1));
                    let here = if x < side { row(y, x) } else { 0.0 };
                    *value = here + if x > 0 { row(y, x - 1) } else { 0.0 };
                }
            },
        )
    }

    fn widen_transposed(gradient: FlexTensor) -> FlexTensor {
        each_kernel(
            gradient,
            |wide| wide - 1,
            |gradient, wide, kernel| {
                let side = wide - 1;
                let row = |y: usize, x: usize| gradient[y * wide + x] + gradient[y * wide + x + 1];
                for (index, value) in kernel.iter_mut().rev().enumerate() {
                    let (y, x) = (index / side, index % side);
                    *value = row(y, x) + row(y + 1, x);
                }
            },
        )
    }
}

/// A tensor whose kernels have another side, each computed from its old self, and whose first two dimensions are swapped.
fn each_kernel(
    tensor: FlexTensor,
    side: impl Fn(usize) -> usize,
    compute: impl Fn(&[f32], usize, &mut [f32]) + Sync,
) -> FlexTensor {
    let tensor = tensor.to_contiguous();
    let shape = tensor.layout().shape();
    let (outer, inner, from) = (shape[0], shape[1], shape[2]);
    let to = side(from);
    let values = storage::values(&tensor);
    let mut output = vec![0.0f32; inner * outer * to * to];
    output.par_chunks_mut(outer * to * to).enumerate().for_each(|(column, output)| {
        for (row, output) in output.chunks_exact_mut(to * to).enumerate() {
            compute(&values[(row * inner + column) * from * from..][..from * from], from, output);
        }
    });
    let layout = Layout::contiguous(Shape::from([inner, outer, to, to]));
    FlexTensor::new(Bytes::from_elems(output), layout, tensor.dtype())
}

#[derive(Debug)]
struct Gradient;

impl<B: Widening> Backward<B, 1> for Gradient {
    type State = ();

    fn backward(self, ops: Ops<(), 1>, gradients: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let [node] = ops.parents;
        let gradient = gradients.consume::<B>(&ops.node);
        if let Some(node) = node {
            gradients.register::<B>(node.id, B::widen_transposed(gradient));
        }
    }
}

impl<B: Widening, C: CheckpointStrategy> Widening for Autodiff<B, C> {
    fn widen(weight: FloatTensor<Self>) -> FloatTensor<Self> {
        match Gradient.prepare::<C>([weight.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((), B::widen(weight.into_primitive())),
            OpsKind::UnTracked(prepared) => prepared.finish(B::widen(weight.into_primitive())),
        }
    }

    /// Off the tape: burn's autodiff has no second derivatives, so nothing would ever ask for this one's gradient.
    fn widen_transposed(gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        FloatTensor::<Self>::new(B::widen_transposed(gradient.into_primitive()))
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};

    use super::*;

    fn values(tensor: Tensor<4>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    #[test]
    fn kernel_and_gradient_are_bit_for_bit_the_composed_operators() {
        for [outputs, inputs, kernel] in [[3, 5, 3], [1, 1, 1], [4, 2, 5]] {
            let random = |shape: [usize; 4]| Tensor::random(shape, Distribution::Uniform(-1.0, 1.0), &Device::flex());
            let weight = random([outputs, inputs, kernel, kernel]);
            let upstream = random([inputs, outputs, kernel + 1, kernel + 1]).autodiff();
            let [found, expected] = [widened as fn(Tensor<4>) -> Tensor<4>, composed].map(|operator| {
                let weight = weight.clone().autodiff().require_grad();
                let wide = operator(weight.clone());
                let gradients = (wide.clone() * upstream.clone()).sum().backward();
                (values(wide.inner()), values(weight.grad(&gradients).unwrap()))
            });
            assert_eq!(found, expected, "kernel {kernel}");
        }
    }
}
