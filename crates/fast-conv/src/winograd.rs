//! Winograd's convolution on the phases of a stride.
//!
//! With stride s the big side falls into s × s phases, its pixels of equal remainder, and a kernel of side k into as
//! many kernels of side ⌈k / s⌉ with stride 1, whose results add up. At stride 2 a 4 × 4 kernel is four 2 × 2 ones, each
//! of which makes a tile of 4 × 4 outputs with 5 × 5 multiplications instead of 64: 100 where the definition takes 256.
//! The phases add up inside the matrix product, as further columns.
#![allow(unsafe_code)]

mod scheme;
mod tile;

use self::scheme::{OUTPUTS, Scheme};
pub(crate) use self::scheme::{ThreeTaps, TwoTaps};
use self::tile::{Square, each_value, load_tile, read_tile, sandwich, write_tile};
use std::marker::PhantomData;

use crate::channels::{gather, scatter};
use crate::domain::Domain;
use crate::geometry::Geometry;
use crate::lowering::{Lowering, Operands};
use crate::simd::{LANES, Lanes};

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

    /// For each tile: its number, and its row and column.
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
    fn place(&self, phase: usize, [row, column]: [usize; 2], [i, j]: [usize; 2]) -> usize {
        let y = self.stride * (OUTPUTS * row + i) + phase / self.stride;
        let x = self.stride * (OUTPUTS * column + j) + phase % self.stride;
        (y * self.plane[1] + x) * LANES
    }

    /// Where a pixel of the big side lies in the padded plane, if a tile reads it.
    #[inline(always)]
    fn padded(&self, pixel: usize) -> Option<usize> {
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
    unsafe fn lower_kernel<L: Lanes>(&self, taps: *const f32, phase: usize) -> Square<L> {
        // SAFETY: `taps` holds sixteen floats for each tap and sixteen zeros.
        unsafe {
            // A tap that the phase lacks is read from the zeros behind the others.
            let tap = |i, j| self.tap(phase, [i, j]).unwrap_or(self.geometry.taps());
            sandwich::<L, S::Kernel>(&load_tile(S::TAPS, |i, j| taps.add(tap(i, j) * LANES)))
        }
    }

    /// Transforms sixteen kernels of all phases and writes them as row `row` of a block of U or Uᵀ, where phase p's
    /// rows or blocks start at `phase_at(p)`.
    #[inline(always)]
    unsafe fn write_kernels<L: Lanes>(&self, taps: *const f32, to: Domain, place: impl Fn(usize) -> (usize, usize)) {
        for phase in 0..self.phases() {
            let (block, row) = place(phase);
            // SAFETY: the caller's places are its own.
            unsafe {
                let kernel = self.lower_kernel::<L>(taps, phase);
                write_tile::<L>(&kernel, S::SIZE, to, block, row);
            }
        }
    }
}

impl<S: Scheme> Lowering for Winograd<S> {
    fn operands(&self) -> Operands {
        Operands {
            positions: S::SIZE * S::SIZE,
            tiles: self.tiles[0] * self.tiles[1],
            big_blocks: self.phases() * self.big_blocks,
            small_blocks: self.geometry.small.channels.div_ceil(LANES),
            big_parts: self.big_blocks,
        }
    }

    fn room(&self) -> usize {
        let small = self.tiles[0] * self.tiles[1] * OUTPUTS * OUTPUTS;
        LANES * (self.plane[0] * self.plane[1]).max(small).max(self.geometry.taps() + 1)
    }

    #[inline(always)]
    unsafe fn lower_big<L: Lanes>(&self, picture: *const f32, part: usize, to: Domain, row: usize, room: *mut f32) {
        let big = self.geometry.big;
        let channels = (big.channels - part * LANES).min(LANES);
        // SAFETY: `room` holds the plane, `picture` one picture; tiles stay inside the plane by its size.
        unsafe {
            room.write_bytes(0, self.plane[0] * self.plane[1] * LANES);
            gather::<L>(picture.add(part * LANES * big.area()), big.area(), channels, big.area(), |pixel, lanes| {
                if let Some(place) = self.padded(pixel) {
                    lanes.store(room.add(place));
                }
            });
            self.each_tile(|tile, y, x| {
                for phase in 0..self.phases() {
                    let values = load_tile(S::SIZE, |i, j| room.add(self.place(phase, [y, x], [i, j])).cast_const());
                    let lowered = sandwich::<L, S::Input>(&values);
                    write_tile::<L>(&lowered, S::SIZE, to, phase * self.big_blocks + part, row + tile);
                }
            });
        }
    }

    #[inline(always)]
    unsafe fn raise_big<L: Lanes>(&self, from: Domain, row: usize, part: usize, picture: *mut f32, room: *mut f32) {
        let big = self.geometry.big;
        let channels = (big.channels - part * LANES).min(LANES);
        // SAFETY: as for `lower_big`.
        unsafe {
            room.write_bytes(0, self.plane[0] * self.plane[1] * LANES);
            self.each_tile(|tile, y, x| {
                for phase in 0..self.phases() {
                    let values = read_tile::<L>(S::SIZE, from, phase * self.big_blocks + part, row + tile);
                    let raised = sandwich::<L, S::InputTransposed>(&values);
                    each_value(&raised, S::SIZE, |i, j, value| {
                        let place = room.add(self.place(phase, [y, x], [i, j]));
                        L::load(place).add(value).store(place);
                    });
                }
            });
            let to = picture.add(part * LANES * big.area());
            scatter::<L>(to, big.area(), channels, big.area(), |pixel| match self.padded(pixel) {
                Some(place) => L::load(room.add(place)),
                None => L::splat(0.0),
            });
        }
    }

    #[inline(always)]
    unsafe fn lower_small<L: Lanes>(&self, picture: *const f32, block: usize, to: Domain, row: usize, room: *mut f32) {
        let small = self.geometry.small;
        let channels = (small.channels - block * LANES).min(LANES);
        let pitch = self.tiles[1] * OUTPUTS;
        // SAFETY: `room` holds `tiles · 16` pixels, `picture` one picture.
        unsafe {
            if pitch != small.width || self.tiles[0] * OUTPUTS != small.height {
                room.write_bytes(0, self.tiles[0] * OUTPUTS * pitch * LANES);
            }
            gather::<L>(
                picture.add(block * LANES * small.area()),
                small.area(),
                channels,
                small.area(),
                |pixel, lanes| {
                    lanes.store(room.add((pixel / small.width * pitch + pixel % small.width) * LANES));
                },
            );
            self.each_tile(|tile, y, x| {
                let values: Square<L> = load_tile(OUTPUTS, |i, j| {
                    room.add(((OUTPUTS * y + i) * pitch + OUTPUTS * x + j) * LANES).cast_const()
                });
                let lowered = sandwich::<L, S::OutputTransposed>(&values);
                write_tile::<L>(&lowered, S::SIZE, to, block, row + tile);
            });
        }
    }

    #[inline(always)]
    unsafe fn raise_small<L: Lanes>(&self, from: Domain, row: usize, block: usize, picture: *mut f32, room: *mut f32) {
        let small = self.geometry.small;
        let channels = (small.channels - block * LANES).min(LANES);
        let pitch = self.tiles[1] * OUTPUTS;
        // SAFETY: as for `lower_small`.
        unsafe {
            self.each_tile(|tile, y, x| {
                let values = read_tile::<L>(S::SIZE, from, block, row + tile);
                let raised = sandwich::<L, S::Output>(&values);
                each_value(&raised, OUTPUTS, |i, j, value: L| {
                    value.store(room.add(((OUTPUTS * y + i) * pitch + OUTPUTS * x + j) * LANES));
                });
            });
            let to = picture.add(block * LANES * small.area());
            scatter::<L>(to, small.area(), channels, small.area(), |pixel| {
                L::load(room.add((pixel / small.width * pitch + pixel % small.width) * LANES))
            });
        }
    }

    #[inline(always)]
    unsafe fn lower_weights<L: Lanes>(&self, weights: *const f32, block: usize, to: Domain, room: *mut f32) {
        let (inputs, taps) = (self.geometry.big.channels, self.geometry.taps());
        let outputs = (self.geometry.small.channels - block * LANES).min(LANES);
        // SAFETY: `room` holds sixteen floats for each tap and sixteen more.
        unsafe { room.add(taps * LANES).write_bytes(0, LANES) };
        for input in 0..self.big_blocks * LANES {
            // SAFETY: channels below `inputs` have weights; U has a row for each channel of the last block, there or not.
            unsafe {
                if input < inputs {
                    let from = weights.add((block * LANES * inputs + input) * taps);
                    gather::<L>(from, inputs * taps, outputs, taps, |tap, lanes| lanes.store(room.add(tap * LANES)));
                } else {
                    room.write_bytes(0, taps * LANES);
                }
                self.write_kernels::<L>(room, to, |phase| (block, phase * self.big_blocks * LANES + input));
            }
        }
    }

    #[inline(always)]
    unsafe fn lower_weights_transposed<L: Lanes>(&self, weights: *const f32, part: usize, to: Domain, room: *mut f32) {
        let (channels, taps) = (self.geometry.big.channels, self.geometry.taps());
        let outputs = self.geometry.small.channels;
        let inputs = (channels - part * LANES).min(LANES);
        // SAFETY: `room` holds sixteen floats for each tap and sixteen more.
        unsafe { room.add(taps * LANES).write_bytes(0, LANES) };
        for output in 0..outputs.div_ceil(LANES) * LANES {
            // SAFETY: channels below `outputs` have weights; Uᵀ has a row for each channel of the last block, there or not.
            unsafe {
                if output < outputs {
                    let from = weights.add((output * channels + part * LANES) * taps);
                    gather::<L>(from, taps, inputs, taps, |tap, lanes| lanes.store(room.add(tap * LANES)));
                } else {
                    room.write_bytes(0, taps * LANES);
                }
                self.write_kernels::<L>(room, to, |phase| (phase * self.big_blocks + part, output));
            }
        }
    }

    #[inline(always)]
    unsafe fn raise_weights<L: Lanes>(&self, from: Domain, block: usize, weights: *mut f32, room: *mut f32) {
        let (inputs, taps) = (self.geometry.big.channels, self.geometry.taps());
        let outputs = (self.geometry.small.channels - block * LANES).min(LANES);
        for input in 0..inputs {
            // SAFETY: every tap of `room` is written, since the phases share all taps among them.
            unsafe {
                for phase in 0..self.phases() {
                    let values = read_tile::<L>(S::SIZE, from, block, phase * self.big_blocks * LANES + input);
                    let kernel = sandwich::<L, S::KernelTransposed>(&values);
                    each_value(&kernel, S::TAPS, |i, j, value: L| {
                        if let Some(tap) = self.tap(phase, [i, j]) {
                            value.store(room.add(tap * LANES));
                        }
                    });
                }
                let to = weights.add((block * LANES * inputs + input) * taps);
                scatter::<L>(to, inputs * taps, outputs, taps, |tap| L::load(room.add(tap * LANES)));
            }
        }
    }
}
