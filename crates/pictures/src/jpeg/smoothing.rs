//! What progressive files without all of their scans look like: coefficients that no scan brought are estimated from the means of the blocks
//! around, as T.81 proposes it in K.8, here with libjpeg-turbo's windows of 5 × 5 blocks.

use super::{
    Block,
    frame::{Component, Frame, WATCHED},
    segments::NATURAL_ORDER,
};

/// Weights of means, in 2⁻⁸ths: two blocks above, one above, the row itself, and below.
type Window = [[i32; 5]; 5];

/// The means around a block.
type Means = [[i32; 5]; 5];

const DC: Window =
    [[-2, -6, -8, -6, -2], [-6, 6, 42, 6, -6], [-8, 42, 152, 42, -8], [-6, 6, 42, 6, -6], [-2, -6, -8, -6, -2]];
const AC01: Window =
    [[-1, -1, 0, 1, 1], [-3, 13, 0, -13, 3], [-3, 38, 0, -38, 3], [-3, 13, 0, -13, 3], [-1, -1, 0, 1, 1]];
const AC02: Window = [[0; 5], [0, 2, -5, 2, 0], [1, 7, -14, 7, 1], [0, 2, -5, 2, 0], [0; 5]];
const AC03: Window = [[0; 5], [0, 1, 0, -1, 0], [0, 2, 0, -2, 0], [0, 1, 0, -1, 0], [0; 5]];
const AC11: Window = [[-1, 0, 0, 0, 1], [0, 9, 0, -9, 0], [0; 5], [0, -9, 0, 9, 0], [1, 0, 0, 0, -1]];
const AC12: Window = [[0; 5], [0, 1, -3, 1, 0], [0; 5], [0, -1, 3, -1, 0], [0; 5]];

/// Where no AC coefficient is known, by their order in files; the mean is smoothed too.
const ALONE: [Window; WATCHED] =
    [DC, AC01, turned(AC01), turned(AC02), AC11, AC02, AC03, AC12, turned(AC12), turned(AC03)];

const SLOPE: Window = [[0; 5], [0; 5], [-7, 50, 0, -50, 7], [0; 5], [0; 5]];
const CURVE: Window = [[0; 5], [0; 5], [-1, 13, -24, 13, -1], [0; 5], [0; 5]];
const TWIST: Window = [[0, -1, 0, 1, 0], [-1, 10, 0, -10, 1], [0; 5], [1, -10, 0, 10, -1], [0, 1, 0, -1, 0]];

/// Where some are known: these of the others, from the second on.
const BESIDE_OTHERS: [Window; 5] = [SLOPE, turned(SLOPE), turned(CURVE), TWIST, CURVE];

/// Across becomes down.
const fn turned(window: Window) -> Window {
    let mut turned = [[0; 5]; 5];
    let mut at = 0;
    while at < 25 {
        turned[at % 5][at / 5] = window[at / 5][at % 5];
        at += 1;
    }
    turned
}

/// Whether blocks are smoothed: some coefficient is not known to its last bit, all means are known, and no estimate
/// divides by zero.
pub(super) fn is_due(frame: &Frame) -> bool {
    let is_possible = |component: &Component| {
        let factors = NATURAL_ORDER[..WATCHED].iter().map(|at| component.quantization[usize::from(*at)]);
        component.precision[0].is_some() && factors.into_iter().all(|factor| factor != 0)
    };
    let is_incomplete = |component: &Component| component.precision[1..].iter().any(|bit| *bit != Some(0));
    frame.is_progressive && frame.components.iter().all(is_possible) && frame.components.iter().any(is_incomplete)
}

/// The smoothed blocks of a row of units.
pub(super) fn row(frame: &Frame, coefficients: &[Vec<Block>], row: usize, smoothed: &mut [Vec<Block>]) {
    for ((component, blocks), smoothed) in frame.components.iter().zip(coefficients).zip(smoothed) {
        let (across, down) = component.sampling;
        let stride = across * frame.units;
        // Of the last row of units those that hold pixels.
        let rows = down.min(component.block_rows - row * down);
        for y in 0..rows {
            // Counted as if all rows of units were as high as this one, by libjpeg too.
            let (above, below) = (row * rows + y, (frame.unit_rows - 1 - row) * rows + rows - 1 - y);
            let line = |offset: isize| {
                let at = (row * down + y).saturating_add_signed(offset.clamp(-(above as isize), below as isize));
                &blocks[at * stride..][..component.blocks]
            };
            let lines = [line(-2), line(-1), line(0), line(1), line(2)];
            for x in 0..component.blocks {
                let mean = |line: &[Block], offset: usize| {
                    i32::from(line[(x + offset).saturating_sub(2).min(component.blocks - 1)][0])
                };
                let means = lines.map(|line| [0, 1, 2, 3, 4].map(|offset| mean(line, offset)));
                smoothed[y * stride + x] = estimated(&lines[2][x], component, &means);
            }
        }
    }
}

/// The block with estimates of what is 0 and may be something else.
fn estimated(block: &Block, component: &Component, means: &Means) -> Block {
    let mut block = *block;
    let is_alone = component.precision[1..].iter().all(Option::is_none);
    let windows = if is_alone { &ALONE[1..] } else { &BESIDE_OTHERS };
    for ((window, at), bit) in windows.iter().zip(&NATURAL_ORDER[1..]).zip(&component.precision[1..]) {
        let at = usize::from(*at);
        if *bit != Some(0) && block[at] == 0 {
            let estimate = estimate(window, component, at, means);
            let most = bit.map_or(i64::MAX, |bit| (1 << bit) - 1);
            block[at] = estimate.clamp(-most, most) as i16;
        }
    }
    if is_alone {
        block[0] = estimate(&ALONE[0], component, 0, means) as i16;
    }
    block
}

/// The coefficient at `at`, from the means around: rounded, halves away from zero.
fn estimate(window: &Window, component: &Component, at: usize, means: &Means) -> i64 {
    let factor = |at: usize| i64::from(component.quantization[at] as u16);
    let sum: i32 = window.as_flattened().iter().zip(means.as_flattened()).map(|(weight, mean)| weight * mean).sum();
    let (sum, divisor) = (factor(0) * i64::from(sum), factor(at) << 8);
    (sum.abs() + divisor / 2) / divisor * sum.signum()
}
