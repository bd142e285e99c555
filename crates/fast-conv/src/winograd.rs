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

/// Walks through the pixels of an image in their order, and says where each lies in a plane. Counting spares the two divisions
/// that a pixel's number would take.
#[derive(Clone, Copy, Debug)]
struct Pixels {
    plane: [usize; 2],
    left: usize,
    /// The first column behind the image.
    right: usize,
    next: [usize; 2],
}

impl Pixels {
    fn new(plane: [usize; 2], [top, left]: [usize; 2], width: usize) -> Self {
        Self { plane, left, right: left + width, next: [top, left] }
    }

    /// The next pixel's offset, if the plane reaches as far.
    #[inline(always)]
    fn offset(&mut self) -> Option<usize> {
        let [y, x] = self.next;
        self.next = if x + 1 == self.right { [y + 1, self.left] } else { [y, x + 1] };
        (y < self.plane[0] && x < self.plane[1]).then_some((y * self.plane[1] + x) * LANES)
    }
}

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
        // Strides are 1 and 2 (Plan::new), so that this divides by them, for each tile of each phase.
        let shift = self.stride - 1;
        let y = self.stride * (OUTPUTS * row + i) + (phase >> shift);
        let x = self.stride * (OUTPUTS * column + j) + (phase & shift);
        (y * self.plane[1] + x) * LANES
    }

    /// Where the big side's pixels lie in the padded plane.
    fn big_pixels(&self) -> Pixels {
        let Geometry { big, top, left, .. } = self.geometry;
        Pixels::new(self.plane, [top, left], big.width)
    }

    /// Where the small side's pixels lie in the plane of all tiles.
    fn small_pixels(&self) -> Pixels {
        Pixels::new(self.tiles.map(|tiles| tiles * OUTPUTS), [0, 0], self.geometry.small.width)
    }

    /// Clears what of the padded plane no pixel of the big side fills.
    #[inline(always)]
    unsafe fn clear_padding(&self, plane: *mut f32) {
        let Geometry { big, top, left, .. } = self.geometry;
        let [height, width] = self.plane;
        let right = (left + big.width).min(width);
        // SAFETY: the caller's plane has this height and width.
        let clear = |y: usize, columns: std::ops::Range<usize>| unsafe {
            plane.add((y * width + columns.start) * LANES).write_bytes(0, columns.len() * LANES);
        };
        for y in 0..height {
            if (top..top + big.height).contains(&y) {
                clear(y, 0..left.min(width));
                clear(y, right..width);
            } else {
                clear(y, 0..width);
            }
        }
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
