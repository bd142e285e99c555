//! The schemes against the short convolution that they compute, and each map against its transpose.

use super::*;
use crate::simd::{Job, LANES, Level};

struct Apply<'a, T>(&'a [f64], &'a mut Vec<f64>, std::marker::PhantomData<T>);

impl<T: Line> Job for Apply<'_, T> {
    unsafe fn run<L: Lanes>(self) {
        // SAFETY: `run`'s own promise; the array has 16 floats.
        unsafe {
            let mut x = [L::splat(0.0); MAX_SIZE];
            for (x, value) in x.iter_mut().zip(self.0) {
                *x = L::splat(*value as f32);
            }
            let result = T::apply(x);
            for lanes in result.iter().take(T::SHAPE[1]) {
                let mut values = [0.0f32; LANES];
                lanes.store(values.as_mut_ptr());
                self.1.push(f64::from(values[LANES - 1]));
            }
        }
    }
}

fn apply<T: Line>(x: &[f64]) -> Vec<f64> {
    assert_eq!(x.len(), T::SHAPE[0]);
    let mut result = Vec::new();
    Level::detect().run(Apply::<T>(x, &mut result, std::marker::PhantomData));
    result
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-5
}

/// `y_i = Σ_j d_{i+j} g_j` on small whole numbers.
fn check_convolution<S: Scheme>() {
    let d: Vec<f64> = (0..S::SIZE).map(|i| (i * i % 7) as f64 - 2.0).collect();
    let g: Vec<f64> = (0..S::TAPS).map(|j| 3.0 - 2.0 * j as f64).collect();
    let (input, kernel) = (apply::<S::Input>(&d), apply::<S::Kernel>(&g));
    let product: Vec<f64> = input.iter().zip(&kernel).map(|(a, b)| a * b).collect();
    for (i, found) in apply::<S::Output>(&product).into_iter().enumerate() {
        let expected: f64 = (0..S::TAPS).map(|j| d[i + j] * g[j]).sum();
        assert!(close(found, expected), "output {i}: {found} instead of {expected}");
    }
}

/// `⟨P x, y⟩ = ⟨x, Pᵀ y⟩` for every pair of unit vectors.
fn check_transposed<P: Line, T: Line>() {
    let unit = |length: usize, one: usize| (0..length).map(|i| f64::from(u8::from(i == one))).collect::<Vec<_>>();
    let [from, to] = P::SHAPE;
    assert_eq!(T::SHAPE, [to, from]);
    for i in 0..from {
        for j in 0..to {
            let (forth, back) = (apply::<P>(&unit(from, i))[j], apply::<T>(&unit(to, j))[i]);
            assert!(close(forth, back), "entry ({j}, {i}): {forth} and {back}");
        }
    }
}

#[test]
fn both_schemes_convolve() {
    check_convolution::<TwoTaps>();
    check_convolution::<ThreeTaps>();
}

#[test]
fn transposed_maps_are_transposed() {
    fn check<S: Scheme>() {
        check_transposed::<S::Input, S::InputTransposed>();
        check_transposed::<S::Output, S::OutputTransposed>();
        check_transposed::<S::Kernel, S::KernelTransposed>();
    }
    check::<TwoTaps>();
    check::<ThreeTaps>();
}
