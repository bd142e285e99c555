//! The inverse DCT of blocks in integers, at the block's size (Loeffler, Ligtenberg and Moschytz, "Practical fast 1-D DCT algorithms with
//! 11 multiplications", 1989) and at a half, a quarter and an eighth of it, with the factors and the roundings of libjpeg's
//! accurate method: factors in 2⁻¹³ths, two bits more between columns and rows than in the end.

use std::num::Wrapping;

use super::Block;

type Number = Wrapping<i32>;

/// A block's samples.
type Samples<const N: usize> = [[u8; N]; N];

const FACTOR_BITS: usize = 13;
const EXTRA_BITS: usize = 2;

/// Makes samples of blocks side by side, `size` of them across and down for each, in rows of `stride`.
pub(super) fn row(size: usize, blocks: &[Block], quantization: &Block, samples: &mut [u8], stride: usize) {
    match size {
        8 => each(blocks, quantization, samples, stride, full),
        4 => each(blocks, quantization, samples, stride, half),
        2 => each(blocks, quantization, samples, stride, quarter),
        _ => each(blocks, quantization, samples, stride, |values| [[level(number(values[0]), 3)]]),
    }
}

#[inline(always)]
fn each<const N: usize>(
    blocks: &[Block],
    quantization: &Block,
    samples: &mut [u8],
    stride: usize,
    inverse: impl Fn(&Block) -> Samples<N>,
) {
    for (at, block) in blocks.iter().enumerate() {
        let is_flat = block[1..].iter().fold(0, |all, value| all | value) == 0;
        let made = if is_flat {
            [[level(number(block[0].wrapping_mul(quantization[0])), 3); N]; N]
        } else {
            inverse(&std::array::from_fn(|i| block[i].wrapping_mul(quantization[i])))
        };
        for (row, made) in samples.chunks_mut(stride).zip(made) {
            row[at * N..(at + 1) * N].copy_from_slice(&made);
        }
    }
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

fn full(values: &Block) -> Samples<8> {
    let mut columns = [[0_i16; 8]; 8];
    for x in 0..8 {
        let made = eight(std::array::from_fn(|y| number(values[y * 8 + x])));
        for y in 0..8 {
            columns[y][x] = rounded(made[y], FACTOR_BITS - EXTRA_BITS).0 as i16;
        }
    }
    columns.map(|row| eight(row.map(number)).map(|value| level(value, FACTOR_BITS + EXTRA_BITS + 3)))
}

/// Eight coefficients to eight samples, 2¹³ times as large.
#[inline(always)]
fn eight(c: [Number; 8]) -> [Number; 8] {
    let z1 = (c[2] + c[6]) * factor(4433);
    let (even2, even3) = (z1 - c[6] * factor(15_137), z1 + c[2] * factor(6270));
    let (even0, even1) = ((c[0] + c[4]) << FACTOR_BITS, (c[0] - c[4]) << FACTOR_BITS);
    let even = [even0 + even3, even1 + even2, even1 - even2, even0 - even3];
    let z5 = (c[7] + c[3] + c[5] + c[1]) * factor(9633);
    let (z1, z2) = ((c[7] + c[1]) * factor(7373), (c[5] + c[3]) * factor(20_995));
    let (z3, z4) = (z5 - (c[7] + c[3]) * factor(16_069), z5 - (c[5] + c[1]) * factor(3196));
    let odd = [
        c[1] * factor(12_299) - z1 + z4,
        c[3] * factor(25_172) - z2 + z3,
        c[5] * factor(16_819) - z2 + z4,
        c[7] * factor(2446) - z1 + z3,
    ];
    std::array::from_fn(|i| if i < 4 { even[i] + odd[i] } else { even[7 - i] - odd[7 - i] })
}

/// At half the size: coefficient 4 of each direction would cancel out.
fn half(values: &Block) -> Samples<4> {
    let mut columns = [[0_i16; 8]; 4];
    for x in 0..8 {
        let made = four(std::array::from_fn(|y| number(values[y * 8 + x])));
        for y in 0..4 {
            columns[y][x] = rounded(made[y], FACTOR_BITS - EXTRA_BITS + 1).0 as i16;
        }
    }
    columns.map(|row| four(row.map(number)).map(|value| level(value, FACTOR_BITS + EXTRA_BITS + 4)))
}

/// Eight coefficients to four samples, 2¹⁴ times as large.
#[inline(always)]
fn four(c: [Number; 8]) -> [Number; 4] {
    let even = c[2] * factor(15_137) - c[6] * factor(6270);
    let mean = c[0] << (FACTOR_BITS + 1);
    let inner =
        c[5] * factor(11_893) - c[7] * factor(1730) - c[3] * factor(17_799) + c[1] * factor(8697);
    let outer = c[3] * factor(7373) - c[7] * factor(4176) - c[5] * factor(4926) + c[1] * factor(20_995);
    [mean + even + outer, mean - even + inner, mean - even - inner, mean + even - outer]
}

/// At a quarter of the size: even coefficients cancel out but for the mean.
fn quarter(values: &Block) -> Samples<2> {
    let mut columns = [[0_i16; 8]; 2];
    for x in [0, 1, 3, 5, 7] {
        let made = two(std::array::from_fn(|y| number(values[y * 8 + x])));
        for y in 0..2 {
            columns[y][x] = rounded(made[y], FACTOR_BITS - EXTRA_BITS + 2).0 as i16;
        }
    }
    columns.map(|row| two(row.map(number)).map(|value| level(value, FACTOR_BITS + EXTRA_BITS + 5)))
}

/// Eight coefficients to two samples, 2¹⁵ times as large.
#[inline(always)]
fn two(c: [Number; 8]) -> [Number; 2] {
    let mean = c[0] << (FACTOR_BITS + 2);
    let odd = c[5] * factor(6967) - c[7] * factor(5906) - c[3] * factor(10_426) + c[1] * factor(29_692);
    [mean + odd, mean - odd]
}
