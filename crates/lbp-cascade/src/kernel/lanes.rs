//! 32 windows side by side in plain arrays, which compilers turn into registers such as SSE2's or NEON's.

use crate::{
    cascade::CLOCKWISE,
    level_sums::LANES,
    program::{Mask, Node, Stumps},
};

/// A value of each window.
type Lanes = [u16; LANES];

/// Which of 32 windows from `at` pass a stage.
///
/// # Panics
/// If `sums` does not reach from `at` as far as the stumps and 32 windows do.
pub(super) fn pass(stumps: Stumps<'_>, sums: &[u16], at: usize) -> Mask {
    let mut totals = [0.0; LANES];
    for (node, leaves) in stumps.nodes.iter().zip(stumps.leaves) {
        for (total, code) in totals.iter_mut().zip(codes(node, &sums[at..])) {
            *total += leaves[usize::from(!node.holds(code as u8))];
        }
    }
    totals.iter().rev().fold(0, |passed, total| passed << 1 | Mask::from(*total >= stumps.threshold))
}

/// The local binary patterns of 32 windows, as [`Feature::code`](crate::Feature::code) has them.
fn codes(node: &Node, windows: &[u16]) -> Lanes {
    let corners = node
        .corners
        .map(|corner| windows[corner as usize..].first_chunk().expect("the caller's sums reach as far as all windows"));
    let across: [[Lanes; 3]; 4] =
        std::array::from_fn(|y| std::array::from_fn(|x| subtract(corners[4 * y + x + 1], corners[4 * y + x])));
    let block = |x: usize, y: usize| subtract(&across[y + 1][x], &across[y][x]);
    let middle = block(1, 1);
    let mut codes = [0; LANES];
    for (x, y) in CLOCKWISE {
        let around = block(x, y);
        for (code, (around, middle)) in codes.iter_mut().zip(around.iter().zip(&middle)) {
            *code = *code << 1 | u16::from(around >= middle);
        }
    }
    codes
}

fn subtract(from: &Lanes, what: &Lanes) -> Lanes {
    let mut differences = *from;
    for (difference, what) in differences.iter_mut().zip(what) {
        *difference = difference.wrapping_sub(*what);
    }
    differences
}
