//! Eight pixels of brightness and two colours at once, in SSE2's registers.

use std::arch::x86_64::{
    __m128i, _mm_add_epi16, _mm_add_epi32, _mm_cvtsi64_si128, _mm_cvtsi128_si64, _mm_madd_epi16, _mm_mulhi_epi16,
    _mm_packs_epi32, _mm_packus_epi16, _mm_set1_epi16, _mm_set1_epi32, _mm_setr_epi16, _mm_setzero_si128,
    _mm_srai_epi16, _mm_srai_epi32, _mm_sub_epi16, _mm_unpackhi_epi16, _mm_unpackhi_epi64, _mm_unpacklo_epi8,
    _mm_unpacklo_epi16,
};

use super::{BLUE, GREEN, HALF, RED, STEP};

#[inline]
pub(super) fn ycc_step(y: &[u8; STEP], cb: &[u8; STEP], cr: &[u8; STEP]) -> [u8; 3 * STEP] {
    // SAFETY: SSE2 is part of x86-64.
    #[expect(unsafe_code, reason = "registers make the whole of decoding a tenth faster")]
    unsafe {
        in_registers(y, cb, cr)
    }
}

#[inline]
#[target_feature(enable = "sse2")]
fn in_registers(y: &[u8; STEP], cb: &[u8; STEP], cr: &[u8; STEP]) -> [u8; 3 * STEP] {
    let mean = _mm_set1_epi16(128);
    let (y, cb, cr) = (widened(y), _mm_sub_epi16(widened(cb), mean), _mm_sub_epi16(widened(cr), mean));
    let red = _mm_add_epi16(_mm_add_epi16(y, cr), part(cr, RED));
    let green = _mm_add_epi16(_mm_sub_epi16(y, cr), mixed(cb, cr));
    let blue = _mm_add_epi16(_mm_add_epi16(y, _mm_add_epi16(cb, cb)), part(cb, BLUE));
    let levels = |values| _mm_packus_epi16(values, values);
    let red_green = _mm_unpacklo_epi8(levels(red), levels(green));
    let blue = _mm_unpacklo_epi8(levels(blue), _mm_setzero_si128());
    let (first, last) = (_mm_unpacklo_epi16(red_green, blue), _mm_unpackhi_epi16(red_green, blue));
    // Two pixels each, four bytes a pixel; then three.
    let pairs = |four| [_mm_cvtsi128_si64(four) as u64, _mm_cvtsi128_si64(_mm_unpackhi_epi64(four, four)) as u64];
    let close = |pair: u64| pair & 0xff_ffff | pair >> 8 & 0xffff_ff00_0000;
    let ([a, b], [c, d]) = (pairs(first).map(close), pairs(last).map(close));
    let mut pixels = [0; 3 * STEP];
    let words = [a | b << 48, b >> 16 | c << 32, c >> 32 | d << 16];
    for (bytes, word) in pixels.as_chunks_mut().0.iter_mut().zip(words) {
        *bytes = word.to_le_bytes();
    }
    pixels
}

#[inline]
#[target_feature(enable = "sse2")]
fn widened(samples: &[u8; STEP]) -> __m128i {
    _mm_unpacklo_epi8(_mm_cvtsi64_si128(i64::from_le_bytes(*samples)), _mm_setzero_si128())
}

/// As [`super::part`].
#[inline]
#[target_feature(enable = "sse2")]
fn part(values: __m128i, factor: i16) -> __m128i {
    let upper = _mm_mulhi_epi16(_mm_add_epi16(values, values), _mm_set1_epi16(factor));
    _mm_srai_epi16::<1>(_mm_add_epi16(upper, _mm_set1_epi16(1)))
}

/// As [`super::mixed`].
#[inline]
#[target_feature(enable = "sse2")]
fn mixed(cb: __m128i, cr: __m128i) -> __m128i {
    let (a, b) = GREEN;
    let (factors, half) = (_mm_setr_epi16(a, b, a, b, a, b, a, b), _mm_set1_epi32(HALF));
    let shifted = |pairs| _mm_srai_epi32::<16>(_mm_add_epi32(_mm_madd_epi16(pairs, factors), half));
    _mm_packs_epi32(shifted(_mm_unpacklo_epi16(cb, cr)), shifted(_mm_unpackhi_epi16(cb, cr)))
}
