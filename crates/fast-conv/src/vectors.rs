//! What a step does with all weights of a network beside Adam's update, in one pass over them.

// The generated trait is public inside this private module.
#![allow(unreachable_pub, missing_docs)]

use burn::tensor::{Bytes, DType, Shape, Tensor};
use burn_flex::Layout;
use rayon::prelude::*;

#[cfg(feature = "cube")]
use crate::{cube, device::is_listable};
use crate::{device::are_plain, lanes::lane_sum, prelude::*, storage};

/// A moving average's update: `newest + β (average − newest)`, exactly `newest` where both agree. The same bits as by burn's
/// operators, which take three passes and get whatever is not f32 on flex, off the tape.
///
/// # Shapes
/// - both tensors: any, the same
pub fn blend<const D: usize>(average: Tensor<D>, newest: Tensor<D>, beta: f64) -> Tensor<D> {
    if !are_plain([&average, &newest]) {
        let difference = average - newest.clone();
        return newest + difference.mul_scalar(beta);
    }
    Tensor::from_dispatch(Dispatch::blend(average.into_dispatch(), newest.into_dispatch(), beta))
}

/// `Σ x²` over all values, `[1]`: f32 within sixteen lanes of 2¹⁴ values each, f64 between them, in an order that the number of
/// values alone decides. Whatever is not f32 on flex, off the tape, gets burn's operators.
pub fn sum_of_squares<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    if !are_plain([&x]) {
        return x.square().sum();
    }
    Tensor::from_dispatch(Dispatch::sum_of_squares(x.into_dispatch()))
}

/// [`blend`] of many averages: on a GPU in one launch for as many as its kernels take.
///
/// # Shapes
/// - both tensors of a pair, average and newest, and its result: any, the same
pub fn blend_all<const D: usize>(pairs: Vec<[Tensor<D>; 2]>, beta: f64) -> Vec<Tensor<D>> {
    #[cfg(feature = "cube")]
    if !pairs.is_empty() && pairs.iter().flatten().all(is_listable) {
        let pairs = pairs.into_iter().map(|pair| pair.map(Tensor::into_dispatch)).collect();
        return cube::blend(pairs, beta).into_iter().map(Tensor::from_dispatch).collect();
    }
    pairs.into_iter().map(|[average, newest]| blend(average, newest, beta)).collect()
}

/// The length ‖x‖₂ of all these as one vector, `[1]`: the root of the sum of [`sum_of_squares`] of each, in their order; `None` of
/// none. On a GPU in two launches for as many as its kernels take.
pub fn norm_of_all<const D: usize>(tensors: Vec<Tensor<D>>) -> Option<Tensor<1>> {
    #[cfg(feature = "cube")]
    if !tensors.is_empty() && tensors.iter().all(is_listable) {
        let norm = cube::norm(tensors.into_iter().map(Tensor::into_dispatch).collect());
        return Some(Tensor::from_dispatch(norm));
    }
    tensors.into_iter().map(sum_of_squares).reduce(|sum, square| sum + square).map(Tensor::sqrt)
}

/// Passes over vectors of a backend's floats.
#[backend_extension(Flex)]
pub trait Vectors: Backend {
    /// `newest + β (average − newest)`.
    fn blend(average: FloatTensor<Self>, newest: FloatTensor<Self>, beta: f64) -> FloatTensor<Self>;
    /// `Σ x²`, `[1]`.
    fn sum_of_squares(x: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// Values that a task handles.
const TASK: usize = 1 << 14;

impl Vectors for Flex {
    fn blend(average: FlexTensor, newest: FlexTensor, beta: f64) -> FlexTensor {
        let (newest, beta) = (newest.to_contiguous(), beta as f32);
        let newest = storage::values(&newest);
        storage::in_place(average, |average| {
            average.par_chunks_mut(TASK).zip(newest.par_chunks(TASK)).for_each(|(average, newest)| {
                for (average, newest) in average.iter_mut().zip(newest) {
                    *average = newest + (*average - newest) * beta;
                }
            });
        })
    }

    fn sum_of_squares(x: FlexTensor) -> FlexTensor {
        let x = x.to_contiguous();
        // Collected before they are added up: rayon's own sum would add in another order at another number of threads.
        let tasks = storage::values(&x).par_chunks(TASK);
        let sums: Vec<f64> = tasks.map(|values| lane_sum(values, values, |x, _| x * x)).collect();
        let sum = sums.into_iter().sum::<f64>() as f32;
        FlexTensor::new(Bytes::from_elems(vec![sum]), Layout::contiguous(Shape::from([1])), DType::F32)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};

    use super::*;

    fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    fn random(shape: [usize; 2]) -> Tensor<2> {
        Tensor::random(shape, Distribution::Uniform(-1.0, 1.0), &Device::flex())
    }

    #[test]
    fn a_blend_has_the_bits_of_burn_s_operators_and_leaves_what_others_hold() {
        let check = |average: Tensor<2>, newest: Tensor<2>, beta: f64| {
            let (held, before) = (average.clone(), values(average.clone()));
            let expected = newest.clone() + (average.clone() - newest.clone()).mul_scalar(beta);
            assert_eq!(values(blend(average, newest, beta)), values(expected), "β = {beta}");
            assert_eq!(values(held), before);
        };
        check(random([300, 71]), random([300, 71]), 0.998);
        check(random([300, 71]), random([300, 71]), 0.0);
        check(random([71, 300]).swap_dims(0, 1), random([71, 300]).swap_dims(0, 1), 0.5);
    }

    #[test]
    fn sums_of_squares_are_those_of_f64() {
        let check = |x: Tensor<2>| {
            let expected: f64 = values(x.clone()).into_iter().map(|x| f64::from(x) * f64::from(x)).sum();
            let found = f64::from(sum_of_squares(x).into_scalar::<f32>());
            assert!((found - expected).abs() <= 1e-6 * expected, "{found} instead of {expected}");
        };
        check(random([1, 1]));
        check(random([7, 5]));
        check(random([300, 71]));
        check(random([300, 71]).swap_dims(0, 1).slice([3..50, 1..300]));
        assert_eq!(values(sum_of_squares(Tensor::<1>::from_floats([3.0, -4.0], &Device::flex()))), [25.0]);
    }
}
