//! Winograd's convolution on the phases of a stride.
//!
//! With stride s the big side falls into s × s phases, its pixels of equal remainder, and a kernel of side k into as
//! many kernels of side ⌈k / s⌉ with stride 1, whose results add up. At stride 2 a 4 × 4 kernel is four 2 × 2 ones,
//! each of which makes a tile of 4 × 4 outputs with 5 × 5 multiplications instead of 64: 100 where the definition takes
//! 256. The phases add up inside the matrix product, as further columns.
#![allow(unsafe_code)]

mod scheme;
mod tile;
mod transforms;

use std::marker::PhantomData;

pub(crate) use self::scheme::{ThreeTaps, TwoTaps};
use self::{
    scheme::{OUTPUTS, Scheme},
    tile::{Square, load_tile, transform_2d, write_tile},
};
use crate::{
    geometry::Geometry,
    packed::Packed,
    simd::{LANES, Lanes},
};

/// `F(4 × 4, r × r)`: a scheme along both axes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Winograd<S> {
    scheme: PhantomData<S>,
    geometry: Geometry,
    stride: usize,
    /// Tiles along height and width.
    tiles: [usize; 2],
    /// Height and width of the padded big side that the tiles read.
    plane: [usize; 2],
    /// Blocks of sixteen channels of the big side.
    big_blocks: usize,
}

impl<S: Scheme> Winograd<S> {
    /// The scheme for a square kernel of at most the scheme's taps a phase and an equal stride on both axes.
    pub(crate) fn new(geometry: Geometry) -> Self {
        let stride = geometry.stride[0];
        let tiles = [geometry.small.height, geometry.small.width].map(|side| side.div_ceil(OUTPUTS));
        let plane = tiles.map(|tiles| stride * (OUTPUTS * tiles + S::SIZE - OUTPUTS));
        Self { scheme: PhantomData, geometry, stride, tiles, plane, big_blocks: geometry.big.channels.div_ceil(LANES) }
    }

    fn phases(&self) -> usize {
        self.stride * self.stride
    }

    /// Calls with each tile's number, row and column.
    #[inline(always)]
    fn each_tile(&self, mut visit: impl FnMut(usize, usize, usize)) {
        for row in 0..self.tiles[0] {
            for column in 0..self.tiles[1] {
                visit(row * self.tiles[1] + column, row, column);
            }
        }
    }

    /// Where value (i, j) of a tile of a phase lies in the padded plane.
    #[inline(always)]
    fn plane_offset(&self, phase: usize, [row, column]: [usize; 2], [i, j]: [usize; 2]) -> usize {
        let y = self.stride * (OUTPUTS * row + i) + phase / self.stride;
        let x = self.stride * (OUTPUTS * column + j) + phase % self.stride;
        (y * self.plane[1] + x) * LANES
    }

    /// Where a pixel of the big side lies in the padded plane, if a tile reads it.
    #[inline(always)]
    fn padded_offset(&self, pixel: usize) -> Option<usize> {
        let y = pixel / self.geometry.big.width + self.geometry.top;
        let x = pixel % self.geometry.big.width + self.geometry.left;
        (y < self.plane[0] && x < self.plane[1]).then_some((y * self.plane[1] + x) * LANES)
    }

    /// Row and column of a tap of a phase's kernel in the whole kernel, if it has that tap.
    #[inline(always)]
    fn tap(&self, phase: usize, [i, j]: [usize; 2]) -> Option<usize> {
        let (y, x) = (self.stride * i + phase / self.stride, self.stride * j + phase % self.stride);
        (y < self.geometry.kernel[0] && x < self.geometry.kernel[1]).then_some(y * self.geometry.kernel[1] + x)
    }

    /// The kernel of a phase from the taps of the whole one, transformed: `G g Gᵀ`.
    #[inline(always)]
    unsafe fn transform_kernel<L: Lanes>(&self, taps: *const f32, phase: usize) -> Square<L> {
        // SAFETY: `taps` holds sixteen floats for each tap and sixteen zeros.
        unsafe {
            // A tap that the phase lacks is read from the zeros behind the others.
            let tap = |i, j| self.tap(phase, [i, j]).unwrap_or(self.geometry.taps());
            transform_2d::<L, S::Kernel>(&load_tile(S::TAPS, |i, j| taps.add(tap(i, j) * LANES)))
        }
    }

    /// Transforms sixteen kernels of all phases and writes them into U or Uᵀ, at the block and row
    /// that `index` gives each phase.
    #[inline(always)]
    unsafe fn write_kernels<L: Lanes>(&self, taps: *const f32, to: Packed, index: impl Fn(usize) -> (usize, usize)) {
        for phase in 0..self.phases() {
            let (block, row) = index(phase);
            // SAFETY: the caller's blocks and rows are its own.
            unsafe {
                let kernel = self.transform_kernel::<L>(taps, phase);
                write_tile::<L>(&kernel, S::SIZE, to, block, row);
            }
        }
    }
}
