//! Sixteen floats in one AVX-512 register.

use std::arch::x86_64::*;

use super::{Job, LANES, Lanes, Tile};

/// Runs a job with AVX-512 enabled.
///
/// # Safety
/// The processor has AVX-512F.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn run(job: impl Job) {
    // SAFETY: the caller's promise.
    unsafe { job.run::<Register>() }
}

/// One register.
#[derive(Clone, Copy, Debug)]
pub(super) struct Register(__m512);

impl Lanes for Register {
    const TILE: Tile = Tile::EightByTwo;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: called inside `run` alone, so AVX-512F is present.
        unsafe { Self(_mm512_set1_ps(value)) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: called inside `run` alone, so AVX-512F is present; the caller gives 16 floats to read.
        unsafe { Self(_mm512_loadu_ps(from)) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: called inside `run` alone, so AVX-512F is present; the caller gives 16 floats to write.
        unsafe { _mm512_storeu_ps(to, self.0) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: called inside `run` alone, so AVX-512F is present.
        unsafe { Self(_mm512_add_ps(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn subtract(self, other: Self) -> Self {
        // SAFETY: called inside `run` alone, so AVX-512F is present.
        unsafe { Self(_mm512_sub_ps(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn multiply(self, other: Self) -> Self {
        // SAFETY: called inside `run` alone, so AVX-512F is present.
        unsafe { Self(_mm512_mul_ps(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn multiply_add(self, factor: Self, sum: Self) -> Self {
        // SAFETY: called inside `run` alone, so AVX-512F is present.
        unsafe { Self(_mm512_fmadd_ps(self.0, factor.0, sum.0)) }
    }

    /// Singles, then doubles, are exchanged inside each quarter; two rounds of quarters finish.
    #[inline(always)]
    unsafe fn transpose(rows: [Self; LANES]) -> [Self; LANES] {
        // SAFETY: called inside `run` alone, so AVX-512F is present.
        unsafe {
            // Loops and not `from_fn`: its closure would not inherit the enabled instructions.
            let (mut singles, mut doubles, mut columns) = (rows, rows, rows);
            for i in (0..LANES).step_by(2) {
                let (a, b) = (rows[i].0, rows[i + 1].0);
                singles[i].0 = _mm512_unpacklo_ps(a, b);
                singles[i + 1].0 = _mm512_unpackhi_ps(a, b);
            }
            // doubles[4g + c] holds in quarter q: rows 4g to 4g + 3 of column 4q + c.
            for i in (0..LANES).step_by(2) {
                let first = i / 4 * 4 + i % 4 / 2;
                let (a, b) = (singles[first].0, singles[first + 2].0);
                doubles[i].0 = _mm512_shuffle_ps::<0x44>(a, b);
                doubles[i + 1].0 = _mm512_shuffle_ps::<0xEE>(a, b);
            }
            for c in 0..4 {
                let [a, b, e, f] = [doubles[c].0, doubles[4 + c].0, doubles[8 + c].0, doubles[12 + c].0];
                let (upper, lower) = (even_quarters(a, b), even_quarters(e, f));
                columns[c].0 = even_quarters(upper, lower);
                columns[8 + c].0 = odd_quarters(upper, lower);
                let (upper, lower) = (odd_quarters(a, b), odd_quarters(e, f));
                columns[4 + c].0 = even_quarters(upper, lower);
                columns[12 + c].0 = odd_quarters(upper, lower);
            }
            columns
        }
    }
}

/// Quarters 0 and 2 of both.
#[inline(always)]
unsafe fn even_quarters(a: __m512, b: __m512) -> __m512 {
    // SAFETY: called inside `run` alone, so AVX-512F is present.
    unsafe { _mm512_shuffle_f32x4::<0x88>(a, b) }
}

/// Quarters 1 and 3 of both.
#[inline(always)]
unsafe fn odd_quarters(a: __m512, b: __m512) -> __m512 {
    // SAFETY: called inside `run` alone, so AVX-512F is present.
    unsafe { _mm512_shuffle_f32x4::<0xDD>(a, b) }
}
