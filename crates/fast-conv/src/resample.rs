//! Bilinear resampling by a factor of two, up and down: each is the other's transpose, but for a factor.

// The generated trait is public inside this private module.
#![allow(unreachable_pub, missing_docs, unsafe_code)]

use std::mem::MaybeUninit;

use burn::tensor::{
    Bytes, DType, Shape, Tensor, module,
    ops::{ConvOptions, ConvTransposeOptions},
};
use burn_flex::Layout;
use rayon::prelude::*;

use crate::{device::is_flex, prelude::*, storage};

/// Twice the side: each output lies a quarter of a pixel from its nearest input, so that on each axis
///
/// `y[2i] = (x[i − 1] + 3 x[i]) / 4`, `y[2i + 1] = (3 x[i] + x[i + 1]) / 4`, with zeros beyond the edges.
///
/// Devices other than flex, and types other than f32, get burn's depthwise convolution.
///
/// # Shapes
/// - x: `[batch, channels, height, width]`
/// - result: `[batch, channels, 2 · height, 2 · width]`
pub fn upsample_bilinear(x: Tensor<4>) -> Tensor<4> {
    if fits(&x) {
        return Tensor::from_dispatch(Dispatch::enlarge(x.into_dispatch(), 1.0));
    }
    let channels = x.dims()[1];
    let kernel = depthwise_kernel(&x);
    module::conv_transpose2d(x, kernel, None, ConvTransposeOptions::new([2, 2], [1, 1], [0, 0], [1, 1], channels))
}

/// Half the side: `y[i] = (x[2i − 1] + 3 x[2i] + 3 x[2i + 1] + x[2i + 2]) / 8` on each axis, with zeros beyond the
/// edges.
///
/// Devices other than flex, and types other than f32, get burn's depthwise convolution.
///
/// # Shapes
/// - x: `[batch, channels, 2 · height, 2 · width]`
/// - result: `[batch, channels, height, width]`
///
/// # Panics
/// If a side is odd.
pub fn downsample_bilinear(x: Tensor<4>) -> Tensor<4> {
    let [_, channels, height, width] = x.dims();
    assert!(height % 2 == 0 && width % 2 == 0, "downsample_bilinear: {height} × {width} cannot be halved");
    if fits(&x) {
        return Tensor::from_dispatch(Dispatch::reduce(x.into_dispatch(), 0.25));
    }
    let kernel = depthwise_kernel(&x);
    module::conv2d(x, kernel, None, ConvOptions::new([2, 2], [1, 1], [1, 1], channels)).div_scalar(4.0)
}

fn fits(x: &Tensor<4>) -> bool {
    x.dtype() == DType::F32 && is_flex(&x.device()) && x.shape().num_elements() > 0
}

/// 1, 3, 3, 1 over 4 on each axis, `[channels, 1, 4, 4]`.
fn depthwise_kernel(x: &Tensor<4>) -> Tensor<4> {
    let axis = Tensor::<1>::from_data([0.25, 0.75, 0.75, 0.25], (&x.device(), x.dtype()));
    let kernel = axis.clone().reshape([4, 1]).matmul(axis.reshape([1, 4]));
    kernel.reshape([1, 1, 4, 4]).repeat_dim(0, x.dims()[1])
}

/// Both directions over a backend's tensors, with the kernel 1, 3, 3, 1 over 4 on each axis: at one scale, each is the other's
/// transpose.
#[backend_extension(Autodiff, Flex)]
pub trait Resampling: Backend {
    /// Twice the side, times `scale`.
    fn enlarge(x: FloatTensor<Self>, scale: f32) -> FloatTensor<Self>;
    /// Half the side: `scale` times the sum, not the mean, of four pixels.
    fn reduce(x: FloatTensor<Self>, scale: f32) -> FloatTensor<Self>;
}

impl Resampling for Flex {
    fn enlarge(x: FlexTensor, scale: f32) -> FlexTensor {
        each_plane(x, |side| 2 * side, |plane, sides, output| enlarge_plane(plane, sides, scale, output))
    }

    fn reduce(x: FlexTensor, scale: f32) -> FlexTensor {
        each_plane(x, |side| side / 2, |plane, sides, output| reduce_plane(plane, sides, scale, output))
    }
}

/// Values that a task handles at least: the coarsest features have 16 pixels a channel.
const TASK: usize = 1 << 13;

/// A tensor with another side, each channel of each image computed on its own.
fn each_plane(
    x: FlexTensor,
    side: impl Fn(usize) -> usize,
    compute: impl Fn(&[f32], [usize; 2], &mut [MaybeUninit<f32>]) + Sync,
) -> FlexTensor {
    let x = x.to_contiguous();
    let shape = x.layout().shape();
    let (batch, channels, from) = (shape[0], shape[1], [shape[2], shape[3]]);
    let to = from.map(side);
    let [area, new_area] = [from, to].map(|[height, width]| height * width);
    let fill = |output: &mut [MaybeUninit<f32>]| {
        let planes = storage::values(&x).par_chunks(area);
        let tasks = output.par_chunks_mut(new_area).zip(planes).with_min_len(TASK.div_ceil(area));
        tasks.for_each(|(output, plane)| compute(plane, from, output));
    };
    // SAFETY: both directions write every row of a plane, and every value of a row.
    let output = unsafe { storage::written(batch * channels * new_area, fill) };
    let layout = Layout::contiguous(Shape::from([batch, channels, to[0], to[1]]));
    FlexTensor::new(Bytes::from_elems(output), layout, x.dtype())
}

fn enlarge_plane(plane: &[f32], [height, width]: [usize; 2], scale: f32, output: &mut [MaybeUninit<f32>]) {
    let (most, least) = (0.75 * scale, 0.25 * scale);
    // A zero before the first value and one behind the last.
    let mut row = vec![0.0f32; width + 2];
    for (y, output) in output.chunks_exact_mut(2 * width).enumerate() {
        // The nearer row counts three times as much as the other, which is above for even rows.
        let near = &plane[y / 2 * width..][..width];
        let far = if y % 2 == 0 { (y / 2).checked_sub(1) } else { Some(y / 2 + 1).filter(|far| *far < height) };
        let inner = &mut row[1..=width];
        match far.map(|far| &plane[far * width..][..width]) {
            Some(far) => inner.iter_mut().zip(near.iter().zip(far)).for_each(|(row, (near, far))| {
                *row = 0.75 * near + 0.25 * far;
            }),
            None => inner.iter_mut().zip(near).for_each(|(row, near)| *row = 0.75 * near),
        }
        let (pairs, _) = output.as_chunks_mut::<2>();
        let (before, here, after) = (&row[..width], &row[1..=width], &row[2..]);
        for (pair, (before, (here, after))) in pairs.iter_mut().zip(before.iter().zip(here.iter().zip(after))) {
            *pair = [MaybeUninit::new(most * here + least * before), MaybeUninit::new(most * here + least * after)];
        }
    }
}

fn reduce_plane(plane: &[f32], [height, width]: [usize; 2], scale: f32, output: &mut [MaybeUninit<f32>]) {
    let (most, least) = (0.75 * scale, 0.25 * scale);
    // A zero before the first value and one behind the last.
    let mut row = vec![0.0f32; width + 2];
    for (y, output) in output.chunks_exact_mut(width / 2).enumerate() {
        let inner = &mut row[1..=width];
        inner.fill(0.0);
        for (tap, weight) in [0.25, 0.75, 0.75, 0.25].into_iter().enumerate() {
            let Some(from) = (2 * y + tap).checked_sub(1).filter(|from| *from < height) else { continue };
            inner.iter_mut().zip(&plane[from * width..][..width]).for_each(|(row, x)| *row += weight * x);
        }
        // Each output reads two pairs, one value apart: the pixel before it and its first one, its second one and the next.
        let ((first, _), (second, _)) = (row[..width].as_chunks::<2>(), row[2..].as_chunks::<2>());
        for (output, ([before, left], [right, after])) in output.iter_mut().zip(first.iter().zip(second)) {
            output.write(most * (left + right) + least * (before + after));
        }
    }
}

/// Which direction a node of the tape went; its gradient goes the other way.
#[derive(Clone, Copy, Debug)]
enum Direction {
    Enlarge,
    Reduce,
}

#[derive(Debug)]
struct Gradient;

impl<B: Resampling> Backward<B, 1> for Gradient {
    type State = (Direction, f32);

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let [node] = ops.parents;
        let gradient = gradients.consume::<B>(&ops.node);
        let Some(node) = node else { return };
        let gradient = match ops.state {
            (Direction::Enlarge, scale) => B::reduce(gradient, scale),
            (Direction::Reduce, scale) => B::enlarge(gradient, scale),
        };
        gradients.register::<B>(node.id, gradient);
    }
}

impl<B: Resampling, C: CheckpointStrategy> Resampling for Autodiff<B, C> {
    fn enlarge(x: FloatTensor<Self>, scale: f32) -> FloatTensor<Self> {
        record::<B, C>(Direction::Enlarge, x, scale)
    }

    fn reduce(x: FloatTensor<Self>, scale: f32) -> FloatTensor<Self> {
        record::<B, C>(Direction::Reduce, x, scale)
    }
}

/// Resamples, and notes the direction on the tape if x is tracked.
fn record<B: Resampling, C: CheckpointStrategy>(
    direction: Direction,
    x: FloatTensor<Autodiff<B, C>>,
    scale: f32,
) -> FloatTensor<Autodiff<B, C>> {
    let apply = |x| match direction {
        Direction::Enlarge => B::enlarge(x, scale),
        Direction::Reduce => B::reduce(x, scale),
    };
    match Gradient.prepare::<C>([x.node()]).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => prepared.finish((direction, scale), apply(x.into_primitive())),
        OpsKind::UnTracked(prepared) => prepared.finish(apply(x.into_primitive())),
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution, TensorData};

    use super::*;

    fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    fn random(shape: [usize; 4]) -> Tensor<4> {
        Tensor::random(shape, Distribution::Uniform(-1.0, 1.0), &Device::flex())
    }

    fn check_close(what: &str, found: Tensor<4>, expected: Tensor<4>) {
        assert_eq!(found.dims(), expected.dims(), "{what}");
        for (found, expected) in values(found).into_iter().zip(values(expected)) {
            assert!((found - expected).abs() < 1e-5, "{what}: {found} instead of {expected}");
        }
    }

    #[test]
    fn a_row_by_hand() {
        let row = |values: &[f32]| {
            Tensor::<4>::from_data(TensorData::new(values.to_vec(), [1, 1, 1, values.len()]), &Device::flex())
        };
        // Vertically the one row is ¾ of itself, twice.
        let up = values(upsample_bilinear(row(&[4.0, 8.0])));
        assert_eq!(up, [2.25, 3.75, 5.25, 4.5, 2.25, 3.75, 5.25, 4.5]);
        let down = Tensor::cat(vec![row(&[8.0, 8.0, 0.0, 16.0]); 2], 2);
        // Two equal rows reduce to ¾ of one, horizontally (0 + 24 + 24 + 0) / 8 and (8 + 0 + 48 + 0) / 8.
        assert_eq!(values(downsample_bilinear(down)), [4.5, 5.25]);
    }

    #[test]
    fn both_and_their_gradients_are_those_of_depthwise_convolutions() {
        for (resample, side) in [(upsample_bilinear as fn(Tensor<4>) -> Tensor<4>, 5), (downsample_bilinear, 6)] {
            let x = random([2, 3, side, side + 2]);
            let double = x.clone().cast(DType::F64).autodiff().require_grad();
            let single = x.autodiff().require_grad();
            let (found, expected) = (resample(single.clone()), resample(double.clone()));
            check_close("output", found.clone().inner(), expected.clone().inner().cast(DType::F32));
            let upstream = random(found.dims()).autodiff();
            let found = (found * upstream.clone()).sum().backward();
            let expected = (expected * upstream.cast(DType::F64)).sum().backward();
            let expected = double.grad(&expected).unwrap().cast(DType::F32);
            check_close("gradient", single.grad(&found).unwrap(), expected);
        }
    }

    /// Smooth brightness stays what it is, away from the edges.
    #[test]
    fn constants_stay_constant_inside() {
        let ones = Tensor::<4>::ones([1, 1, 8, 8], &Device::flex());
        let inside = |x: Tensor<4>, side: usize| values(x.slice([0..1, 0..1, 1..side - 1, 1..side - 1]));
        assert!(inside(upsample_bilinear(ones.clone()), 16).iter().all(|x| (x - 1.0).abs() < 1e-6));
        assert!(inside(downsample_bilinear(ones), 4).iter().all(|x| (x - 1.0).abs() < 1e-6));
    }
}
