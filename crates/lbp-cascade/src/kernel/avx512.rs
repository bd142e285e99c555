//! 32 windows side by side in registers of 512 bits.
#![allow(unsafe_code, reason = "half of all time is spent here")]

use std::arch::x86_64::*;

use crate::{
    cascade::CLOCKWISE,
    program::{Mask, Node, Stumps},
};

/// Which of 32 windows from `at` pass a stage.
///
/// # Safety
/// The processor has AVX-512 F and BW, and `sums` reaches from `at` as far as the stumps and 32 windows do.
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) unsafe fn pass(stumps: Stumps<'_>, sums: &[u16], at: usize) -> Mask {
    let mut totals = [_mm512_setzero_pd(); 4];
    for (node, [left, right]) in stumps.nodes.iter().zip(stumps.leaves) {
        // SAFETY: the processor has AVX-512, and 32 windows from `at` reach as far as the stumps do, as the caller promises.
        let codes = unsafe { codes(node, sums.as_ptr().add(at)) };
        let holds = holds(node, codes);
        let (left, right) = (_mm512_set1_pd(*left), _mm512_set1_pd(*right));
        for (eighth, total) in totals.iter_mut().enumerate() {
            let leaves = _mm512_mask_blend_pd((holds >> (8 * eighth)) as u8, right, left);
            *total = _mm512_add_pd(*total, leaves);
        }
    }
    let threshold = _mm512_set1_pd(stumps.threshold);
    let mut passed = 0;
    for (eighth, total) in totals.into_iter().enumerate() {
        passed |= Mask::from(_mm512_cmp_pd_mask::<_CMP_GE_OQ>(total, threshold)) << (8 * eighth);
    }
    passed
}

/// The local binary patterns, one in sixteen bits.
///
/// # Safety
/// The processor has AVX-512 F and BW, and 32 windows from `first` may be read as far as the node's corners.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn codes(node: &Node, first: *const u16) -> __m512i {
    // Plain loops: closures handed to functions elsewhere would not be compiled for these registers.
    let mut across = [[_mm512_setzero_si512(); 3]; 4];
    for (y, differences) in across.iter_mut().enumerate() {
        let mut row = [_mm512_setzero_si512(); 4];
        for (x, corner) in row.iter_mut().enumerate() {
            // SAFETY: as the caller promises: 32 sums from each corner are within the integral image.
            *corner = unsafe { _mm512_loadu_epi16(first.add(node.corners[4 * y + x] as usize).cast()) };
        }
        for (x, difference) in differences.iter_mut().enumerate() {
            *difference = _mm512_sub_epi16(row[x + 1], row[x]);
        }
    }
    let middle = _mm512_sub_epi16(across[2][1], across[1][1]);
    let mut bits = [_mm512_setzero_si512(); 8];
    for (i, (x, y)) in CLOCKWISE.into_iter().enumerate() {
        let bright = _mm512_cmpge_epu16_mask(_mm512_sub_epi16(across[y + 1][x], across[y][x]), middle);
        bits[i] = _mm512_maskz_mov_epi16(bright, _mm512_set1_epi16(128 >> i));
    }
    // Or of three.
    const ANY: i32 = 0b1111_1110;
    let halves = [
        _mm512_ternarylogic_epi64::<ANY>(bits[0], bits[1], bits[2]),
        _mm512_ternarylogic_epi64::<ANY>(bits[3], bits[4], bits[5]),
    ];
    _mm512_or_si512(_mm512_ternarylogic_epi64::<ANY>(halves[0], halves[1], bits[6]), bits[7])
}

/// Which codes the node's subset holds: one of sixteen words of sixteen bits each, and the bit in it.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn holds(node: &Node, codes: __m512i) -> Mask {
    // SAFETY: the subset is eight words, 256 bits, and the load asks for no alignment.
    let subset = unsafe { _mm256_loadu_si256(node.subset.as_ptr().cast()) };
    let words = _mm512_permutexvar_epi16(_mm512_srli_epi16::<4>(codes), _mm512_castsi256_si512(subset));
    let bit = _mm512_sllv_epi16(_mm512_set1_epi16(1), _mm512_and_si512(codes, _mm512_set1_epi16(15)));
    _mm512_test_epi16_mask(words, bit)
}
