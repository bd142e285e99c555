//! 16 windows side by side in registers of 256 bits.
#![allow(unsafe_code, reason = "half of all time is spent here")]

use std::arch::x86_64::*;

use crate::{
    cascade::CLOCKWISE,
    program::{Mask, Node, Stumps},
};

/// Which of 32 windows from `at` pass a stage.
///
/// # Safety
/// The processor has AVX2, and `sums` reaches from `at` as far as the stumps and 32 windows do.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn pass(stumps: Stumps<'_>, sums: &[u16], at: usize) -> Mask {
    // SAFETY: the processor has AVX2, and both halves of the 32 windows lie within `sums`, as the caller promises.
    unsafe {
        let first = sums.as_ptr().add(at);
        pass_half(stumps, first) | pass_half(stumps, first.add(16)) << 16
    }
}

/// Which of 16 windows pass a stage.
///
/// # Safety
/// The processor has AVX2, and 16 windows from `first` may be read as far as the stumps reach.
#[target_feature(enable = "avx2")]
unsafe fn pass_half(stumps: Stumps<'_>, first: *const u16) -> Mask {
    let mut totals = [_mm256_setzero_pd(); 4];
    for (node, [left, right]) in stumps.nodes.iter().zip(stumps.leaves) {
        // SAFETY: as the caller promises: 16 windows from `first` reach as far as the stumps do.
        let codes = unsafe { codes(node, first) };
        let misses = misses(node, codes);
        let (left, right) = (_mm256_set1_pd(*left), _mm256_set1_pd(*right));
        for (total, misses) in totals.iter_mut().zip(widened(misses)) {
            *total = _mm256_add_pd(*total, _mm256_blendv_pd(left, right, _mm256_castsi256_pd(misses)));
        }
    }
    let threshold = _mm256_set1_pd(stumps.threshold);
    let mut passed = 0;
    for (quarter, total) in totals.into_iter().enumerate() {
        passed |= (_mm256_movemask_pd(_mm256_cmp_pd::<_CMP_GE_OQ>(total, threshold)) as Mask) << (4 * quarter);
    }
    passed
}

/// The local binary patterns, one in sixteen bits.
///
/// # Safety
/// As for [`pass_half`].
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn codes(node: &Node, first: *const u16) -> __m256i {
    // Plain loops: closures handed to functions elsewhere would not be compiled for these registers.
    let mut across = [[_mm256_setzero_si256(); 3]; 4];
    for (y, differences) in across.iter_mut().enumerate() {
        let mut row = [_mm256_setzero_si256(); 4];
        for (x, corner) in row.iter_mut().enumerate() {
            // SAFETY: as the caller promises: 16 sums from each corner are within the integral image.
            *corner = unsafe { _mm256_loadu_si256(first.add(node.corners[4 * y + x] as usize).cast()) };
        }
        for (x, difference) in differences.iter_mut().enumerate() {
            *difference = _mm256_sub_epi16(row[x + 1], row[x]);
        }
    }
    let middle = _mm256_sub_epi16(across[2][1], across[1][1]);
    let mut codes = _mm256_setzero_si256();
    for (i, (x, y)) in CLOCKWISE.into_iter().enumerate() {
        let around = _mm256_sub_epi16(across[y + 1][x], across[y][x]);
        // AVX2 compares signed numbers only; the greater of both is the outer one where that is at least as bright.
        let bright = _mm256_cmpeq_epi16(_mm256_max_epu16(around, middle), around);
        codes = _mm256_or_si256(codes, _mm256_and_si256(bright, _mm256_set1_epi16(128 >> i)));
    }
    codes
}

/// All bits of a lane where the node's subset does not hold the code: one of 32 bytes, and the bit in it.
#[inline]
#[target_feature(enable = "avx2")]
fn misses(node: &Node, codes: __m256i) -> __m256i {
    // SAFETY: the subset is eight words, two halves of 128 bits, and the loads ask for no alignment.
    let (lower, upper) = unsafe {
        let half = node.subset.as_ptr().cast::<__m128i>();
        (_mm_loadu_si128(half), _mm_loadu_si128(half.add(1)))
    };
    // A byte shuffle looks at four bits of the place; the fifth chooses the half.
    let place = _mm256_srli_epi16::<3>(codes);
    let from_lower = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(lower), place);
    let from_upper = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(upper), place);
    let in_upper = _mm256_cmpgt_epi16(place, _mm256_set1_epi16(15));
    let byte = _mm256_blendv_epi8(from_lower, from_upper, in_upper);
    let powers = _mm256_set1_epi64x(i64::from_le_bytes([1, 2, 4, 8, 16, 32, 64, 128]));
    let bit = _mm256_shuffle_epi8(powers, _mm256_and_si256(codes, _mm256_set1_epi16(7)));
    // The upper byte of a lane holds what place 0 holds, which no code asks for.
    let asked = _mm256_and_si256(_mm256_and_si256(byte, bit), _mm256_set1_epi16(0xFF));
    _mm256_cmpeq_epi16(asked, _mm256_setzero_si256())
}

/// Sixteen masks of sixteen bits as four times four of 64 bits.
#[inline]
#[target_feature(enable = "avx2")]
fn widened(masks: __m256i) -> [__m256i; 4] {
    let (lower, upper) = (_mm256_castsi256_si128(masks), _mm256_extracti128_si256::<1>(masks));
    [
        _mm256_cvtepi16_epi64(lower),
        _mm256_cvtepi16_epi64(_mm_srli_si128::<8>(lower)),
        _mm256_cvtepi16_epi64(upper),
        _mm256_cvtepi16_epi64(_mm_srli_si128::<8>(upper)),
    ]
}
