//! The definition itself as one matrix product: each window of the big side is a row.
//!
//! For what Winograd does not fit: few channels, one output pixel, strides and kernels of other sizes. A 1 × 1 kernel's windows are
//! the pixels, which are turned and not copied one by one.
#![allow(unsafe_code)]

use crate::{
    channels::{gather, load_some, read_pixels, scatter, write_pixels},
    geometry::Geometry,
    lowering::{Lowering, OperandSizes},
    packed::Packed,
    simd::{LANES, Lanes},
};

/// V has a column for each weight of a kernel (channel, row, column), M one for each channel of the small side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Im2col {
    geometry: Geometry,
    /// Height and width of the padded big side that the windows read.
    plane: [usize; 2],
}

impl Im2col {
    pub(crate) fn new(geometry: Geometry) -> Self {
        let Geometry { small, kernel, stride, .. } = geometry;
        let plane = [stride[0] * (small.height - 1) + kernel[0], stride[1] * (small.width - 1) + kernel[1]];
        Self { geometry, plane }
    }

    /// Columns of V.
    fn columns(&self) -> usize {
        self.geometry.big.channels * self.geometry.taps()
    }

    /// Whether each window is one pixel and each pixel has a window, so that V has the big side's pixels as rows.
    fn reads_pixels(&self) -> bool {
        let Geometry { big, small, kernel, stride, .. } = self.geometry;
        kernel == [1, 1] && stride == [1, 1] && [big.height, big.width] == [small.height, small.width]
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
                let offset = corner + (channel * self.plane[0] + i) * self.plane[1];
                visit(offset, (channel * kernel[0] + i) * kernel[1]);
            }
        }
    }

    /// Writes one row of V for each window; `WIDTH` taps a run, or the kernel's width where `WIDTH` is 0.
    #[inline(always)]
    unsafe fn write_windows<L: Lanes, const WIDTH: usize>(
        &self,
        padded: *const f32,
        line: *mut f32,
        to: Packed,
        row: usize,
    ) {
        let width = if WIDTH == 0 { self.geometry.kernel[1] } else { WIDTH };
        let small = self.geometry.small;
        for tile in 0..small.area() {
            // SAFETY: windows lie inside the padded plane, runs inside the line.
            unsafe {
                self.each_run([tile / small.width, tile % small.width], |offset, column| {
                    line.add(column).copy_from_nonoverlapping(padded.add(offset), width);
                });
                for block in 0..self.columns().div_ceil(LANES) {
                    L::load(line.add(block * LANES)).store(to.at(0, block, row + tile));
                }
            }
        }
    }

    /// Adds each row of V to its window.
    #[inline(always)]
    unsafe fn add_windows<L: Lanes, const WIDTH: usize>(
        &self,
        from: Packed,
        row: usize,
        line: *mut f32,
        padded: *mut f32,
    ) {
        let width = if WIDTH == 0 { self.geometry.kernel[1] } else { WIDTH };
        let small = self.geometry.small;
        for tile in 0..small.area() {
            // SAFETY: as for `write_windows`.
            unsafe {
                for block in 0..self.columns().div_ceil(LANES) {
                    L::load(from.at(0, block, row + tile)).store(line.add(block * LANES));
                }
                self.each_run([tile / small.width, tile % small.width], |offset, column| {
                    for x in 0..width {
                        *padded.add(offset + x) += *line.add(column + x);
                    }
                });
            }
        }
    }
}

impl Lowering for Im2col {
    fn sizes(&self) -> OperandSizes {
        OperandSizes {
            positions: 1,
            tiles: self.geometry.small.area(),
            big_blocks: self.columns().div_ceil(LANES),
            small_blocks: self.geometry.small.channels.div_ceil(LANES),
            big_parts: 1,
        }
    }

    fn workspace(&self) -> usize {
        self.plane_length() + self.columns().div_ceil(LANES) * LANES
    }

    #[inline(always)]
    unsafe fn transform_big<L: Lanes>(
        &self,
        image: *const f32,
        _part: usize,
        to: Packed,
        row: usize,
        workspace: *mut f32,
    ) {
        // SAFETY: `workspace` holds the padded plane and behind it a row of V, whose end beyond the columns stays zero.
        unsafe {
            if self.reads_pixels() {
                for block in 0..self.sizes().big_blocks {
                    write_pixels::<L>(image, self.geometry.big, to, block, row);
                }
                return;
            }
            workspace.write_bytes(0, self.workspace());
            let line = workspace.add(self.plane_length());
            self.each_line(|from, offset, width| {
                workspace.add(offset).copy_from_nonoverlapping(image.add(from), width)
            });
            match self.geometry.kernel[1] {
                3 => self.write_windows::<L, 3>(workspace, line, to, row),
                4 => self.write_windows::<L, 4>(workspace, line, to, row),
                5 => self.write_windows::<L, 5>(workspace, line, to, row),
                _ => self.write_windows::<L, 0>(workspace, line, to, row),
            }
        }
    }

    #[inline(always)]
    unsafe fn inverse_transform_big<L: Lanes>(
        &self,
        from: Packed,
        row: usize,
        _part: usize,
        image: *mut f32,
        workspace: *mut f32,
    ) {
        // SAFETY: as for `transform_big`.
        unsafe {
            if self.reads_pixels() {
                for block in 0..self.sizes().big_blocks {
                    read_pixels::<L>(from, block, row, image, self.geometry.big);
                }
                return;
            }
            workspace.write_bytes(0, self.plane_length());
            let line = workspace.add(self.plane_length());
            match self.geometry.kernel[1] {
                3 => self.add_windows::<L, 3>(from, row, line, workspace),
                4 => self.add_windows::<L, 4>(from, row, line, workspace),
                5 => self.add_windows::<L, 5>(from, row, line, workspace),
                _ => self.add_windows::<L, 0>(from, row, line, workspace),
            }
            // Pixels that no window reads.
            image.write_bytes(0, self.geometry.big.len());
            self.each_line(|to, offset, width| image.add(to).copy_from_nonoverlapping(workspace.add(offset), width));
        }
    }

    #[inline(always)]
    unsafe fn transform_small<L: Lanes>(
        &self,
        image: *const f32,
        block: usize,
        to: Packed,
        row: usize,
        _workspace: *mut f32,
    ) {
        // SAFETY: the block's channels lie in the image, its rows in the operand.
        unsafe { write_pixels::<L>(image, self.geometry.small, to, block, row) }
    }

    #[inline(always)]
    unsafe fn inverse_transform_small<L: Lanes>(
        &self,
        from: Packed,
        row: usize,
        block: usize,
        image: *mut f32,
        _workspace: *mut f32,
    ) {
        // SAFETY: as for `transform_small`.
        unsafe { read_pixels::<L>(from, block, row, image, self.geometry.small) }
    }

    #[inline(always)]
    unsafe fn transform_weights<L: Lanes>(&self, weights: *const f32, block: usize, to: Packed, _workspace: *mut f32) {
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
    unsafe fn transform_weights_transposed<L: Lanes>(
        &self,
        weights: *const f32,
        _part: usize,
        to: Packed,
        _workspace: *mut f32,
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
    unsafe fn inverse_transform_weights<L: Lanes>(
        &self,
        from: Packed,
        block: usize,
        weights: *mut f32,
        _workspace: *mut f32,
    ) {
        let columns = self.columns();
        let outputs = (self.geometry.small.channels - block * LANES).min(LANES);
        // SAFETY: as for `transform_weights`.
        unsafe {
            let to = weights.add(block * LANES * columns);
            scatter::<L>(to, columns, outputs, columns, |column| L::load(from.at(0, block, column)));
        }
    }
}
