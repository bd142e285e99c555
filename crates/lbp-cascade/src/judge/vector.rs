//! Several numbers in a register: what the convolutions compute with, on every processor to the same bits.
//!
//! Written out because the compiler finds these registers in plain loops one time and not another, which costs a factor of twenty.
#![allow(unsafe_code, reason = "twenty times as fast")]

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

/// Numbers that are computed with side by side. Products are rounded before they are added: fused, they would have other bits.
pub(super) trait Vector: Copy {
    /// How many.
    const LANES: usize;

    /// The same number in every lane.
    fn splat(value: f32) -> Self;

    /// Numbers of a slice from a place on.
    fn load(numbers: &[f32], at: usize) -> Self;

    /// Writes them to a place of a slice.
    fn store(self, numbers: &mut [f32], at: usize);

    /// Lane by lane, this plus the product of the others.
    fn plus_product(self, one: Self, other: Self) -> Self;

    /// Lane by lane, the greater of this and its product with `slope`.
    fn or_sloped(self, slope: Self) -> Self;
}

/// Sixteen numbers; named only where code is compiled for AVX-512 F, by who has seen that the processor has it.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(super) struct Avx512(__m512);

#[cfg(target_arch = "x86_64")]
impl Vector for Avx512 {
    const LANES: usize = 16;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        // SAFETY: the processor has AVX-512 F, as everywhere below.
        Self(unsafe { _mm512_set1_ps(value) })
    }

    #[inline(always)]
    fn load(numbers: &[f32], at: usize) -> Self {
        let numbers = &numbers[at..at + Self::LANES];
        // SAFETY: the slice is as long as the register.
        Self(unsafe { _mm512_loadu_ps(numbers.as_ptr()) })
    }

    #[inline(always)]
    fn store(self, numbers: &mut [f32], at: usize) {
        let numbers = &mut numbers[at..at + Self::LANES];
        // SAFETY: the slice is as long as the register.
        unsafe { _mm512_storeu_ps(numbers.as_mut_ptr(), self.0) };
    }

    #[inline(always)]
    fn plus_product(self, one: Self, other: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm512_add_ps(self.0, _mm512_mul_ps(one.0, other.0)) })
    }

    #[inline(always)]
    fn or_sloped(self, slope: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm512_max_ps(self.0, _mm512_mul_ps(self.0, slope.0)) })
    }
}

/// Eight numbers; named only where code is compiled for AVX2, by who has seen that the processor has it.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(super) struct Avx2(__m256);

#[cfg(target_arch = "x86_64")]
impl Vector for Avx2 {
    const LANES: usize = 8;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        // SAFETY: the processor has AVX2, as everywhere below.
        Self(unsafe { _mm256_set1_ps(value) })
    }

    #[inline(always)]
    fn load(numbers: &[f32], at: usize) -> Self {
        let numbers = &numbers[at..at + Self::LANES];
        // SAFETY: the slice is as long as the register.
        Self(unsafe { _mm256_loadu_ps(numbers.as_ptr()) })
    }

    #[inline(always)]
    fn store(self, numbers: &mut [f32], at: usize) {
        let numbers = &mut numbers[at..at + Self::LANES];
        // SAFETY: the slice is as long as the register.
        unsafe { _mm256_storeu_ps(numbers.as_mut_ptr(), self.0) };
    }

    #[inline(always)]
    fn plus_product(self, one: Self, other: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_add_ps(self.0, _mm256_mul_ps(one.0, other.0)) })
    }

    #[inline(always)]
    fn or_sloped(self, slope: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_max_ps(self.0, _mm256_mul_ps(self.0, slope.0)) })
    }
}

/// Eight numbers on any processor.
#[derive(Clone, Copy)]
pub(super) struct Portable([f32; 8]);

impl Vector for Portable {
    const LANES: usize = 8;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self([value; 8])
    }

    #[inline(always)]
    fn load(numbers: &[f32], at: usize) -> Self {
        Self(numbers[at..at + 8].try_into().expect("cut to that length"))
    }

    #[inline(always)]
    fn store(self, numbers: &mut [f32], at: usize) {
        numbers[at..at + 8].copy_from_slice(&self.0);
    }

    #[inline(always)]
    fn plus_product(self, one: Self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] + one.0[lane] * other.0[lane]))
    }

    #[inline(always)]
    fn or_sloped(self, slope: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane].max(self.0[lane] * slope.0[lane])))
    }
}
