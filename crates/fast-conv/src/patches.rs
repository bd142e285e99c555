//! The definition itself as one matrix product: each window of the big side is a row.
//!
//! For what Winograd does not fit: few channels, one output pixel, strides and kernels of other sizes.
#![allow(unsafe_code)]

use crate::channels::{gather, load_some, scatter};
use crate::domain::Domain;
use crate::geometry::Geometry;
use crate::lowering::{Lowering, Operands};
use crate::simd::{LANES, Lanes};

/// V has a column for each weight of a kernel (channel, row, column), M one for each channel of the small side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patches {
    geometry: Geometry,
    /// Height and width of the padded big side that the windows read.
    plane: [usize; 2],
}

impl Patches {
    pub(crate) fn new(geometry: Geometry) -> Self {
        let Geometry { small, kernel, stride, .. } = geometry;
        let plane = [stride[0] * (small.height - 1) + kernel[0], stride[1] * (small.width - 1) + kernel[1]];
        Self { geometry, plane }
    }

    /// Columns of V.
    fn columns(&self) -> usize {
        self.geometry.big.channels * self.geometry.taps()
    }

    fn plane_length(&self) -> usize {
        self.geometry.big.channels * self.plane[0] * self.plane[1]
    }

    /// For each row of pixels of the big side that windows read: where it starts there and in the padded plane, and how
    /// many pixels of it they read.
    #[inline(always)]
    fn each_line(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let Geometry { big, top, left, .. } = self.geometry;
        let width = big.width.min(self.plane[1].saturating_sub(left));
        for channel in 0..big.channels {
            for y in 0..big.height.min(self.plane[0].saturating_sub(top)) {
                let padded = (channel * self.plane[0] + y + top) * self.plane[1] + left;
                visit((channel * big.height + y) * big.width, padded, width);
            }
        }
    }

    /// For each row of taps of the window at pixel (y, x): where it starts in the padded plane and in a row of V.
    #[inline(always)]
    fn each_run(&self, [y, x]: [usize; 2], mut visit: impl FnMut(usize, usize)) {
        let Geometry { big, kernel, stride, .. } = self.geometry;
        let corner = stride[0] * y * self.plane[1] + stride[1] * x;
        for channel in 0..big.channels {
            for i in 0..kernel[0] {
                let place = corner + (channel * self.plane[0] + i) * self.plane[1];
                visit(place, (channel * kernel[0] + i) * kernel[1]);
            }
        }
    }

    /// Writes one row of V for each window; `WIDTH` taps a run, or the kernel's width where `WIDTH` is 0.
    #[inline(always)]
    unsafe fn cut<L: Lanes, const WIDTH: usize>(&self, padded: *const f32, line: *mut f32, to: Domain, row: usize) {
        let width = if WIDTH == 0 { self.geometry.kernel[1] } else { WIDTH };
        let small = self.geometry.small;
        for tile in 0..small.area() {
            // SAFETY: windows lie inside the padded plane, runs inside the line.
            unsafe {
                self.each_run([tile / small.width, tile % small.width], |place, column| {
                    line.add(column).copy_from_nonoverlapping(padded.add(place), width);
                });
                for block in 0..self.columns().div_ceil(LANES) {
                    L::load(line.add(block * LANES)).store(to.at(0, block, row + tile));
                }
            }
        }
    }

    /// Adds each row of V to its window.
    #[inline(always)]
    unsafe fn paste<L: Lanes, const WIDTH: usize>(&self, from: Domain, row: usize, line: *mut f32, padded: *mut f32) {
        let width = if WIDTH == 0 { self.geometry.kernel[1] } else { WIDTH };
        let small = self.geometry.small;
        for tile in 0..small.area() {
            // SAFETY: as for `cut`.
            unsafe {
                for block in 0..self.columns().div_ceil(LANES) {
                    L::load(from.at(0, block, row + tile)).store(line.add(block * LANES));
                }
                self.each_run([tile / small.width, tile % small.width], |place, column| {
                    for x in 0..width {
                        *padded.add(place + x) += *line.add(column + x);
                    }
                });
            }
        }
    }
}

impl Lowering for Patches {
    fn operands(&self) -> Operands {
        Operands {
            positions: 1,
            tiles: self.geometry.small.area(),
            big_blocks: self.columns().div_ceil(LANES),
            small_blocks: self.geometry.small.channels.div_ceil(LANES),
            big_parts: 1,
        }
    }

    fn room(&self) -> usize {
        self.plane_length() + self.columns().div_ceil(LANES) * LANES
    }

    #[inline(always)]
    unsafe fn lower_big<L: Lanes>(&self, picture: *const f32, _part: usize, to: Domain, row: usize, room: *mut f32) {
        // SAFETY: `room` holds the padded plane and behind it a row of V, whose end beyond the columns stays zero.
        unsafe {
            room.write_bytes(0, self.room());
            let line = room.add(self.plane_length());
            self.each_line(|from, place, width| room.add(place).copy_from_nonoverlapping(picture.add(from), width));
            match self.geometry.kernel[1] {
                3 => self.cut::<L, 3>(room, line, to, row),
                4 => self.cut::<L, 4>(room, line, to, row),
                5 => self.cut::<L, 5>(room, line, to, row),
                _ => self.cut::<L, 0>(room, line, to, row),
            }
        }
    }

    #[inline(always)]
    unsafe fn raise_big<L: Lanes>(&self, from: Domain, row: usize, _part: usize, picture: *mut f32, room: *mut f32) {
        // SAFETY: as for `lower_big`.
        unsafe {
            room.write_bytes(0, self.plane_length());
            let line = room.add(self.plane_length());
            match self.geometry.kernel[1] {
                3 => self.paste::<L, 3>(from, row, line, room),
                4 => self.paste::<L, 4>(from, row, line, room),
                5 => self.paste::<L, 5>(from, row, line, room),
                _ => self.paste::<L, 0>(from, row, line, room),
            }
            // Pixels that no window reads.
            picture.write_bytes(0, self.geometry.big.len());
            self.each_line(|to, place, width| picture.add(to).copy_from_nonoverlapping(room.add(place), width));
        }
    }

    #[inline(always)]
    unsafe fn lower_small<L: Lanes>(&self, picture: *const f32, block: usize, to: Domain, row: usize, _room: *mut f32) {
        let small = self.geometry.small;
        let channels = (small.channels - block * LANES).min(LANES);
        // SAFETY: the block's channels lie in the picture, its rows in the domain.
        unsafe {
            let from = picture.add(block * LANES * small.area());
            gather::<L>(from, small.area(), channels, small.area(), |tile, lanes| {
                lanes.store(to.at(0, block, row + tile));
            });
        }
    }

    #[inline(always)]
    unsafe fn raise_small<L: Lanes>(&self, from: Domain, row: usize, block: usize, picture: *mut f32, _room: *mut f32) {
        let small = self.geometry.small;
        let channels = (small.channels - block * LANES).min(LANES);
        // SAFETY: as for `lower_small`.
        unsafe {
            let to = picture.add(block * LANES * small.area());
            scatter::<L>(to, small.area(), channels, small.area(), |tile| L::load(from.at(0, block, row + tile)));
        }
    }

    #[inline(always)]
    unsafe fn lower_weights<L: Lanes>(&self, weights: *const f32, block: usize, to: Domain, _room: *mut f32) {
        let columns = self.columns();
        let outputs = (self.geometry.small.channels - block * LANES).min(LANES);
        // SAFETY: the block's kernels lie in the weights; U has rows for the columns of V rounded up to sixteen.
        unsafe {
            let from = weights.add(block * LANES * columns);
            gather::<L>(from, columns, outputs, columns, |column, lanes| lanes.store(to.at(0, block, column)));
            for column in columns..columns.div_ceil(LANES) * LANES {
                L::splat(0.0).store(to.at(0, block, column));
            }
        }
    }

    #[inline(always)]
    unsafe fn lower_weights_transposed<L: Lanes>(
        &self,
        weights: *const f32,
        _part: usize,
        to: Domain,
        _room: *mut f32,
    ) {
        let columns = self.columns();
        let outputs = self.geometry.small.channels;
        for output in 0..outputs.div_ceil(LANES) * LANES {
            for block in 0..columns.div_ceil(LANES) {
                // SAFETY: kernels below `outputs` exist; Uᵀ has rows for the channels rounded up to sixteen.
                unsafe {
                    let lanes = if output < outputs {
                        let count = (columns - block * LANES).min(LANES);
                        load_some::<L>(weights.add(output * columns + block * LANES), count)
                    } else {
                        L::splat(0.0)
                    };
                    lanes.store(to.at(0, block, output));
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn raise_weights<L: Lanes>(&self, from: Domain, block: usize, weights: *mut f32, _room: *mut f32) {
        let columns = self.columns();
        let outputs = (self.geometry.small.channels - block * LANES).min(LANES);
        // SAFETY: as for `lower_weights`.
        unsafe {
            let to = weights.add(block * LANES * columns);
            scatter::<L>(to, columns, outputs, columns, |column| L::load(from.at(0, block, column)));
        }
    }
}
