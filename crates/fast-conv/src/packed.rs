//! Where the operands of the matrix products lie: `[position][block][row][16]`.
#![allow(unsafe_code)]

use crate::{scratch::Scratch, simd::LANES};

/// An operand of the matrix products: a stack of matrices whose columns come in blocks of sixteen. Value (position,
/// row, column) lies at `position · position_stride + (column / 16) · block_stride + row · 16 + column % 16`.
///
/// It is a pointer with strides, shared by the threads that fill different parts of it; whoever reads or writes
/// through it vouches that the address is its own thread's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packed {
    start: *mut f32,
    position_stride: usize,
    block_stride: usize,
}

// SAFETY: it only carries an address; every access through it is unsafe and argued where it happens.
unsafe impl Send for Packed {}
// SAFETY: as above.
unsafe impl Sync for Packed {}

/// Floats between two positions' matrices beyond their own. Without them positions lie at power-of-two distances in
/// most networks, and a transform, which writes one value to each position, would fight over one set of the caches. An
/// odd number of cache lines spreads them over all sets.
const SKEW: usize = 5 * LANES;

impl Packed {
    /// Floats that an operand takes.
    pub(crate) fn length(positions: usize, blocks: usize, rows: usize) -> usize {
        positions * (blocks * rows * LANES + SKEW)
    }

    /// Lays an operand over scratch of at least [`Packed::length`] floats.
    pub(crate) fn over(scratch: &mut Scratch, blocks: usize, rows: usize) -> Self {
        let block_stride = rows * LANES;
        Self { start: scratch.as_mut_ptr(), position_stride: blocks * block_stride + SKEW, block_stride }
    }

    /// The sixteen floats at a position, block and row.
    ///
    /// # Safety
    /// All three lie inside the operand, and its scratch is alive.
    #[inline(always)]
    pub(crate) unsafe fn at(&self, position: usize, block: usize, row: usize) -> *mut f32 {
        // SAFETY: the caller's promise.
        unsafe { self.start.add(position * self.position_stride + block * self.block_stride + row * LANES) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operands_do_not_overlap_and_fit() {
        let mut scratch = Scratch::new(Packed::length(3, 2, 5));
        let operand = Packed::over(&mut scratch, 2, 5);
        let mut starts = Vec::new();
        for position in 0..3 {
            for block in 0..2 {
                for row in 0..5 {
                    // SAFETY: inside the operand.
                    let address = unsafe { operand.at(position, block, row) };
                    starts.push((address as usize - operand.start as usize) / size_of::<f32>());
                }
            }
        }
        starts.sort_unstable();
        assert!(starts.windows(2).all(|pair| pair[1] - pair[0] >= LANES));
        assert!(starts[starts.len() - 1] + LANES <= Packed::length(3, 2, 5));
    }
}
