//! The inverse DCT of blocks in integers, at the block's size (Loeffler, Ligtenberg and Moschytz, "Practical fast 1-D DCT algorithms with
//! 11 multiplications", 1989) and at a half, a quarter and an eighth of it, with the factors and the roundings of libjpeg's
//! accurate method: factors in 2⁻¹³ths, two bits more between columns and rows than in the end.

use std::num::Wrapping;

use super::Block;
#[cfg(not(target_arch = "x86_64"))]
use full as whole;
#[cfg(target_arch = "x86_64")]
use x86::full as whole;

#[cfg(target_arch = "x86_64")]
mod x86;

type Number = Wrapping<i32>;

/// A block's samples.
type Samples<const N: usize> = [[u8; N]; N];

const FACTOR_BITS: usize = 13;
const EXTRA_BITS: usize = 2;

/// Makes samples of blocks side by side, `size` of them across and down for each, in rows of `stride`. The blocks are zeros then, ready for
/// the next: later they would have to be fetched again.
pub(super) fn row(size: usize, blocks: &mut [Block], quantization: &Block, samples: &mut [u8], stride: usize) {
    match size {
        8 => each(blocks, quantization, samples, stride, whole),
        4 => each(blocks, quantization, samples, stride, |block, by| separate(block, by, four, FACTOR_BITS + 1)),
        2 => each(blocks, quantization, samples, stride, |block, by| separate(block, by, two, FACTOR_BITS + 2)),
        _ => each(blocks, quantization, samples, stride, |block, by| [[mean(block, by)]]),
    }
}

/// Blocks of one level need no more than that. `inverse` gets a block's coefficients and what they are multiplied by.
#[inline(always)]
fn each<const N: usize>(
    blocks: &mut [Block],
    quantization: &Block,
    samples: &mut [u8],
    stride: usize,
    inverse: impl Fn(&Block, &Block) -> Samples<N>,
) {
    let mut rows = samples.chunks_mut(stride);
    let mut rows: [&mut [u8]; N] = std::array::from_fn(|_| rows.next().unwrap_or_default());
    for (at, block) in blocks.iter_mut().enumerate() {
        let made = if is_flat(block) { [[mean(block, quantization); N]; N] } else { inverse(block, quantization) };
        *block = [0; 64];
        for (row, made) in rows.iter_mut().zip(made) {
            row[at * N..(at + 1) * N].copy_from_slice(&made);
        }
    }
}

/// The level of a block of one, and the mean of any.
#[inline(always)]
fn mean(block: &Block, quantization: &Block) -> u8 {
    level(number(block[0].wrapping_mul(quantization[0])), 3)
}

#[inline(always)]
fn is_flat(block: &Block) -> bool {
    let rows = block.as_chunks::<8>().0;
    let mut all = rows[0];
    all[0] = 0;
    for row in &rows[1..] {
        for x in 0..8 {
            all[x] |= row[x];
        }
    }
    all == [0; 8]
}

/// A column of coefficients as they were before they were divided.
#[inline(always)]
fn column(block: &Block, quantization: &Block, x: usize) -> [Number; 8] {
    let mut column = [Wrapping(0); 8];
    for (y, value) in column.iter_mut().enumerate() {
        *value = number(block[y * 8 + x].wrapping_mul(quantization[y * 8 + x]));
    }
    column
}

fn number(value: i16) -> Number {
    Wrapping(value.into())
}

/// The number shifted down by so many bits, rounded.
#[inline(always)]
fn rounded(value: Number, bits: usize) -> Number {
    (value + (Wrapping(1) << (bits - 1))) >> bits
}

/// A sample: the number shifted down, rounded, above a mean of 128.
#[inline(always)]
fn level(value: Number, bits: usize) -> u8 {
    (rounded(value, bits).0.clamp(-128, 127) + 128) as u8
}

const fn factor(value: i32) -> Number {
    Wrapping(value)
}

/// At the block's own size.
#[cfg_attr(all(target_arch = "x86_64", not(test)), expect(dead_code, reason = "done in registers instead"))]
fn full(block: &Block, quantization: &Block) -> Samples<8> {
    separate(block, quantization, eight, FACTOR_BITS)
}

/// Columns are made shorter, then rows. `inverse` gives numbers that are larger by so many bits.
#[inline(always)]
fn separate<const N: usize>(
    block: &Block,
    quantization: &Block,
    inverse: impl Fn([Number; 8]) -> [Number; N],
    bits: usize,
) -> Samples<N> {
    let mut rows = [[Wrapping(0); 8]; N];
    for x in 0..8 {
        let made = inverse(column(block, quantization, x));
        for (row, value) in rows.iter_mut().zip(made) {
            let shifted = rounded(value, bits - EXTRA_BITS).0;
            row[x] = Wrapping(shifted.clamp(i16::MIN.into(), i16::MAX.into()));
        }
    }
    let mut samples = [[0; N]; N];
    for (samples, row) in samples.iter_mut().zip(rows) {
        for (sample, value) in samples.iter_mut().zip(inverse(row)) {
            *sample = level(value, bits + EXTRA_BITS + 3);
        }
    }
    samples
}

/// Sums have sixteen bits, as in libjpeg-turbo's registers; only damaged files have larger ones.
#[inline(always)]
fn short(sum: Number) -> Number {
    number(sum.0 as i16)
}

/// Eight coefficients to eight samples, 2¹³ times as large.
#[inline(always)]
fn eight(c: [Number; 8]) -> [Number; 8] {
    let z1 = (c[2] + c[6]) * factor(4433);
    let (even2, even3) = (z1 - c[6] * factor(15_137), z1 + c[2] * factor(6270));
    let (even0, even1) = (short(c[0] + c[4]) << FACTOR_BITS, short(c[0] - c[4]) << FACTOR_BITS);
    let even = [even0 + even3, even1 + even2, even1 - even2, even0 - even3];
    let (z3, z4) = (short(c[7] + c[3]), short(c[5] + c[1]));
    let z5 = (z3 + z4) * factor(9633);
    let (z1, z2) = ((c[7] + c[1]) * factor(7373), (c[5] + c[3]) * factor(20_995));
    let (z3, z4) = (z5 - z3 * factor(16_069), z5 - z4 * factor(3196));
    let odd = [
        c[1] * factor(12_299) - z1 + z4,
        c[3] * factor(25_172) - z2 + z3,
        c[5] * factor(16_819) - z2 + z4,
        c[7] * factor(2446) - z1 + z3,
    ];
    let (up, down) = (|i: usize| even[i] + odd[i], |i: usize| even[i] - odd[i]);
    [up(0), up(1), up(2), up(3), down(3), down(2), down(1), down(0)]
}

/// Eight coefficients to four samples, 2¹⁴ times as large; coefficient 4 cancels out.
#[inline(always)]
fn four(c: [Number; 8]) -> [Number; 4] {
    let even = c[2] * factor(15_137) - c[6] * factor(6270);
    let mean = c[0] << (FACTOR_BITS + 1);
    let inner = c[5] * factor(11_893) - c[7] * factor(1730) - c[3] * factor(17_799) + c[1] * factor(8697);
    let outer = c[3] * factor(7373) - c[7] * factor(4176) - c[5] * factor(4926) + c[1] * factor(20_995);
    [mean + even + outer, mean - even + inner, mean - even - inner, mean + even - outer]
}

/// Eight coefficients to two samples, 2¹⁵ times as large; the even ones cancel out but for the first.
#[inline(always)]
fn two(c: [Number; 8]) -> [Number; 2] {
    let mean = c[0] << (FACTOR_BITS + 2);
    let odd = c[5] * factor(6967) - c[7] * factor(5906) - c[3] * factor(10_426) + c[1] * factor(29_692);
    [mean + odd, mean - odd]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_flat_block_is_its_mean_at_every_size() {
        for size in [1, 2, 4, 8] {
            let (mut block, mut quantization) = ([0; 64], [1; 64]);
            (block[0], quantization[0]) = (-20, 16);
            let mut samples = vec![0; size * size];
            row(size, &mut [block], &quantization, &mut samples, size);
            assert_eq!(samples, vec![88; size * size], "128 - 20 · 16 / 8");
        }
    }

    proptest! {
        /// Sound coefficients or damaged ones.
        #[test]
        fn registers_give_what_numbers_give(
            values in prop::collection::vec(-2048..2048_i16, 64), sparse in 1..64_usize, factor in any::<i16>(),
        ) {
            let block = std::array::from_fn(|i| if i % sparse == 0 { values[i] } else { 0 });
            for factor in [1, factor] {
                prop_assert_eq!(whole(&block, &[factor; 64]), full(&block, &[factor; 64]));
            }
        }

        /// Against the definition (T.81, A.3.3), to within a level and a half.
        #[test]
        fn samples_are_the_sums_of_cosines(values in prop::collection::vec(-300..300_i16, 64)) {
            let block: Block = std::array::from_fn(|i| values[i]);
            let made = full(&block, &[1; 64]);
            for (y, x) in (0..8).flat_map(|y| (0..8).map(move |x| (y, x))) {
                let wave = |frequency: usize, at: usize| {
                    let scale = if frequency == 0 { 0.5_f64.sqrt() } else { 1.0 };
                    scale * ((2 * at + 1) as f64 * frequency as f64 * std::f64::consts::PI / 16.0).cos()
                };
                let term = |i: usize| f64::from(block[i]) * wave(i / 8, y) * wave(i % 8, x) / 4.0;
                let expected = ((0..64).map(term).sum::<f64>() + 128.0).clamp(0.0, 255.0);
                prop_assert!((f64::from(made[y][x]) - expected).abs() < 1.5);
            }
        }
    }
}
