//! The inverse DCT at the block's own size in SSE2's registers, which every x86-64 has: eight columns at a time, then eight rows.
//! Sums of two products are taken of pairs of sixteen bits at once.

use std::arch::x86_64::{
    __m128i, _mm_add_epi8, _mm_add_epi16, _mm_add_epi32, _mm_cvtsi128_si64, _mm_madd_epi16, _mm_mullo_epi16,
    _mm_packs_epi16, _mm_packs_epi32, _mm_set1_epi8, _mm_set1_epi32, _mm_setr_epi16, _mm_setzero_si128, _mm_srai_epi32,
    _mm_sub_epi16, _mm_sub_epi32, _mm_unpackhi_epi16, _mm_unpackhi_epi32, _mm_unpackhi_epi64, _mm_unpacklo_epi16,
    _mm_unpacklo_epi32, _mm_unpacklo_epi64,
};

use super::{super::Block, EXTRA_BITS, FACTOR_BITS, Samples};

const COLUMN_BITS: i32 = (FACTOR_BITS - EXTRA_BITS) as i32;
const ROW_BITS: i32 = (FACTOR_BITS + EXTRA_BITS + 3) as i32;

/// Eight rows of eight numbers of sixteen bits.
type Square = [__m128i; 8];

/// Eight numbers of 32 bits.
#[derive(Clone, Copy)]
struct Wide(__m128i, __m128i);

#[inline]
pub(super) fn full(block: &Block, quantization: &Block) -> Samples<8> {
    // SAFETY: SSE2 is part of x86-64.
    #[expect(unsafe_code, reason = "registers make the whole of decoding a third faster")]
    unsafe {
        in_registers(block, quantization)
    }
}

#[inline]
#[target_feature(enable = "sse2")]
fn in_registers(block: &Block, quantization: &Block) -> Samples<8> {
    let (values, factors) = (block.as_chunks::<8>().0, quantization.as_chunks::<8>().0);
    let row = |y: usize| _mm_mullo_epi16(loaded(&values[y]), loaded(&factors[y]));
    let rows = transposed(eight::<COLUMN_BITS>([row(0), row(1), row(2), row(3), row(4), row(5), row(6), row(7)]));
    let rows = transposed(eight::<ROW_BITS>(rows));
    let [[r0, r1], [r2, r3], [r4, r5], [r6, r7]] =
        [levels(rows[0], rows[1]), levels(rows[2], rows[3]), levels(rows[4], rows[5]), levels(rows[6], rows[7])];
    [r0, r1, r2, r3, r4, r5, r6, r7]
}

#[inline]
#[target_feature(enable = "sse2")]
fn loaded(v: &[i16; 8]) -> __m128i {
    _mm_setr_epi16(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7])
}

/// Two rows as samples, above a mean of 128.
#[inline]
#[target_feature(enable = "sse2")]
fn levels(first: __m128i, second: __m128i) -> [[u8; 8]; 2] {
    let both = _mm_add_epi8(_mm_packs_epi16(first, second), _mm_set1_epi8(-128));
    [_mm_cvtsi128_si64(both).to_le_bytes(), _mm_cvtsi128_si64(_mm_unpackhi_epi64(both, both)).to_le_bytes()]
}

/// The inverse DCT of each column, shifted down by so many bits.
#[inline]
#[target_feature(enable = "sse2")]
fn eight<const BITS: i32>(c: Square) -> Square {
    let (even2, even3) = rotated(c[2], c[6], (4433, 4433 - 15_137), (4433 + 6270, 4433));
    let (even0, even1) = (raised(_mm_add_epi16(c[0], c[4])), raised(_mm_sub_epi16(c[0], c[4])));
    let even = [sum(even0, even3), sum(even1, even2), difference(even1, even2), difference(even0, even3)];
    let (z3, z4) = (_mm_add_epi16(c[7], c[3]), _mm_add_epi16(c[5], c[1]));
    let (z3, z4) = rotated(z3, z4, (9633 - 16_069, 9633), (9633, 9633 - 3196));
    let (odd3, odd0) = rotated(c[7], c[1], (2446 - 7373, -7373), (-7373, 12_299 - 7373));
    let (odd2, odd1) = rotated(c[5], c[3], (16_819 - 20_995, -20_995), (-20_995, 25_172 - 20_995));
    let odd = [sum(odd0, z4), sum(odd1, z3), sum(odd2, z4), sum(odd3, z3)];
    let (up, down) =
        (|i: usize| narrowed::<BITS>(sum(even[i], odd[i])), |i: usize| narrowed::<BITS>(difference(even[i], odd[i])));
    [up(0), up(1), up(2), up(3), down(3), down(2), down(1), down(0)]
}

/// Two sums of two products: x·a + y·b for either pair of factors (a, b).
#[inline]
#[target_feature(enable = "sse2")]
fn rotated(x: __m128i, y: __m128i, first: (i16, i16), second: (i16, i16)) -> (Wide, Wide) {
    let (low, high) = (_mm_unpacklo_epi16(x, y), _mm_unpackhi_epi16(x, y));
    let with = |(a, b): (i16, i16)| {
        let factors = _mm_setr_epi16(a, b, a, b, a, b, a, b);
        Wide(_mm_madd_epi16(low, factors), _mm_madd_epi16(high, factors))
    };
    (with(first), with(second))
}

/// The numbers 2¹³ times as large.
#[inline]
#[target_feature(enable = "sse2")]
fn raised(x: __m128i) -> Wide {
    const BITS: i32 = 16 - FACTOR_BITS as i32;
    let zero = _mm_setzero_si128();
    Wide(_mm_srai_epi32::<BITS>(_mm_unpacklo_epi16(zero, x)), _mm_srai_epi32::<BITS>(_mm_unpackhi_epi16(zero, x)))
}

#[inline]
#[target_feature(enable = "sse2")]
fn sum(a: Wide, b: Wide) -> Wide {
    Wide(_mm_add_epi32(a.0, b.0), _mm_add_epi32(a.1, b.1))
}

#[inline]
#[target_feature(enable = "sse2")]
fn difference(a: Wide, b: Wide) -> Wide {
    Wide(_mm_sub_epi32(a.0, b.0), _mm_sub_epi32(a.1, b.1))
}

#[inline]
#[target_feature(enable = "sse2")]
fn narrowed<const BITS: i32>(x: Wide) -> __m128i {
    let half = _mm_set1_epi32(1 << (BITS - 1));
    _mm_packs_epi32(_mm_srai_epi32::<BITS>(_mm_add_epi32(x.0, half)), _mm_srai_epi32::<BITS>(_mm_add_epi32(x.1, half)))
}

/// Rows become columns.
#[inline]
#[target_feature(enable = "sse2")]
fn transposed(r: Square) -> Square {
    let (a0, a1) = (_mm_unpacklo_epi16(r[0], r[1]), _mm_unpackhi_epi16(r[0], r[1]));
    let (a2, a3) = (_mm_unpacklo_epi16(r[2], r[3]), _mm_unpackhi_epi16(r[2], r[3]));
    let (a4, a5) = (_mm_unpacklo_epi16(r[4], r[5]), _mm_unpackhi_epi16(r[4], r[5]));
    let (a6, a7) = (_mm_unpacklo_epi16(r[6], r[7]), _mm_unpackhi_epi16(r[6], r[7]));
    let (b0, b1) = (_mm_unpacklo_epi32(a0, a2), _mm_unpackhi_epi32(a0, a2));
    let (b2, b3) = (_mm_unpacklo_epi32(a4, a6), _mm_unpackhi_epi32(a4, a6));
    let (b4, b5) = (_mm_unpacklo_epi32(a1, a3), _mm_unpackhi_epi32(a1, a3));
    let (b6, b7) = (_mm_unpacklo_epi32(a5, a7), _mm_unpackhi_epi32(a5, a7));
    [
        _mm_unpacklo_epi64(b0, b2),
        _mm_unpackhi_epi64(b0, b2),
        _mm_unpacklo_epi64(b1, b3),
        _mm_unpackhi_epi64(b1, b3),
        _mm_unpacklo_epi64(b4, b6),
        _mm_unpackhi_epi64(b4, b6),
        _mm_unpacklo_epi64(b5, b7),
        _mm_unpackhi_epi64(b5, b7),
    ]
}
