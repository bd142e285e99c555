//! Sixteen floats in two AVX registers.

use std::arch::x86_64::*;

use super::{Job, LANES, Lanes, Tile};

/// Runs a job with AVX2 and FMA enabled.
///
/// # Safety
/// The processor has both.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn run(job: impl Job) {
    // SAFETY: the caller's promise.
    unsafe { job.run::<Pair>() }
}

/// Lanes 0 to 7 and 8 to 15.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair(__m256, __m256);

impl Lanes for Pair {
    const TILE: Tile = Tile::SixByOne;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: called inside `run` alone, so AVX2 and FMA are present.
        unsafe { Self(_mm256_set1_ps(value), _mm256_set1_ps(value)) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: called inside `run` alone, so AVX2 and FMA are present; the caller gives 16 floats to read.
        unsafe { Self(_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8))) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: called inside `run` alone, so AVX2 and FMA are present; the caller gives 16 floats to write.
        unsafe {
            _mm256_storeu_ps(to, self.0);
            _mm256_storeu_ps(to.add(8), self.1);
        }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: called inside `run` alone, so AVX2 and FMA are present.
        unsafe { Self(_mm256_add_ps(self.0, other.0), _mm256_add_ps(self.1, other.1)) }
    }

    #[inline(always)]
    unsafe fn subtract(self, other: Self) -> Self {
        // SAFETY: called inside `run` alone, so AVX2 and FMA are present.
        unsafe { Self(_mm256_sub_ps(self.0, other.0), _mm256_sub_ps(self.1, other.1)) }
    }

    #[inline(always)]
    unsafe fn multiply(self, other: Self) -> Self {
        // SAFETY: called inside `run` alone, so AVX2 and FMA are present.
        unsafe { Self(_mm256_mul_ps(self.0, other.0), _mm256_mul_ps(self.1, other.1)) }
    }

    #[inline(always)]
    unsafe fn multiply_add(self, factor: Self, sum: Self) -> Self {
        // SAFETY: called inside `run` alone, so AVX2 and FMA are present.
        unsafe { Self(_mm256_fmadd_ps(self.0, factor.0, sum.0), _mm256_fmadd_ps(self.1, factor.1, sum.1)) }
    }

    #[inline(always)]
    unsafe fn transpose(rows: [Self; LANES]) -> [Self; LANES] {
        // SAFETY: called inside `run` alone, so AVX2 and FMA are present.
        unsafe {
            let mut columns = rows;
            let zero = [_mm256_setzero_ps(); 8];
            let (mut upper_left, mut upper_right, mut lower_left, mut lower_right) = (zero, zero, zero, zero);
            // Loops and not `from_fn`: its closure would not inherit the enabled instructions.
            for row in 0..8 {
                (upper_left[row], upper_right[row]) = (rows[row].0, rows[row].1);
                (lower_left[row], lower_right[row]) = (rows[row + 8].0, rows[row + 8].1);
            }
            let (upper_left, lower_left) = (eight(upper_left), eight(lower_left));
            let (upper_right, lower_right) = (eight(upper_right), eight(lower_right));
            for row in 0..8 {
                columns[row] = Self(upper_left[row], lower_left[row]);
                columns[row + 8] = Self(upper_right[row], lower_right[row]);
            }
            columns
        }
    }
}

/// Transposes 8 × 8 floats: neighbouring singles, then doubles, then halves are exchanged.
#[inline(always)]
unsafe fn eight(rows: [__m256; 8]) -> [__m256; 8] {
    // SAFETY: called inside `run` alone, so AVX2 and FMA are present.
    unsafe {
        let (mut singles, mut doubles, mut columns) = (rows, rows, rows);
        for i in (0..8).step_by(2) {
            singles[i] = _mm256_unpacklo_ps(rows[i], rows[i + 1]);
            singles[i + 1] = _mm256_unpackhi_ps(rows[i], rows[i + 1]);
        }
        for i in (0..8).step_by(2) {
            let first = i / 4 * 4 + i % 4 / 2;
            doubles[i] = _mm256_shuffle_ps::<0x44>(singles[first], singles[first + 2]);
            doubles[i + 1] = _mm256_shuffle_ps::<0xEE>(singles[first], singles[first + 2]);
        }
        for i in 0..4 {
            columns[i] = _mm256_permute2f128_ps::<0x20>(doubles[i], doubles[i + 4]);
            columns[i + 4] = _mm256_permute2f128_ps::<0x31>(doubles[i], doubles[i + 4]);
        }
        columns
    }
}
