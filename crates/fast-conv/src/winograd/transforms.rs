//! The transforms of images and kernels into Winograd's operands, and back.
#![allow(unsafe_code)]

use super::{
    Winograd,
    scheme::{OUTPUTS, Scheme},
    tile::{Square, each_value, load_tile, read_tile, transform_2d, write_tile},
};
use crate::{
    channels::{gather, scatter},
    lowering::{Lowering, OperandSizes},
    packed::Packed,
    simd::{LANES, Lanes},
};

impl<S: Scheme> Lowering for Winograd<S> {
    fn sizes(&self) -> OperandSizes {
        OperandSizes {
            positions: S::SIZE * S::SIZE,
            tiles: self.tiles[0] * self.tiles[1],
            big_blocks: self.phases() * self.big_blocks,
            small_blocks: self.geometry.small.channels.div_ceil(LANES),
            big_parts: self.big_blocks,
        }
    }

    fn workspace(&self) -> usize {
        let small = self.tiles[0] * self.tiles[1] * OUTPUTS * OUTPUTS;
        LANES * (self.plane[0] * self.plane[1]).max(small).max(self.geometry.taps() + 1)
    }

    #[inline(always)]
    unsafe fn transform_big<L: Lanes>(
        &self,
        image: *const f32,
        part: usize,
        to: Packed,
        row: usize,
        workspace: *mut f32,
    ) {
        let big = self.geometry.big;
        let channels = (big.channels - part * LANES).min(LANES);
        // SAFETY: `workspace` holds the plane, `image` one image; tiles stay inside the plane by its size.
        unsafe {
            self.clear_padding(workspace);
            let mut pixels = self.big_pixels();
            gather::<L>(image.add(part * LANES * big.area()), big.area(), channels, big.area(), |_, lanes| {
                if let Some(offset) = pixels.offset() {
                    lanes.store(workspace.add(offset));
                }
            });
            self.each_tile(|tile, y, x| {
                for phase in 0..self.phases() {
                    let values =
                        load_tile(S::SIZE, |i, j| workspace.add(self.plane_offset(phase, [y, x], [i, j])).cast_const());
                    let transformed = transform_2d::<L, S::Input>(&values);
                    write_tile::<L>(&transformed, S::SIZE, to, phase * self.big_blocks + part, row + tile);
                }
            });
        }
    }

    #[inline(always)]
    unsafe fn inverse_transform_big<L: Lanes>(
        &self,
        from: Packed,
        row: usize,
        part: usize,
        image: *mut f32,
        workspace: *mut f32,
    ) {
        let big = self.geometry.big;
        let channels = (big.channels - part * LANES).min(LANES);
        // SAFETY: as for `transform_big`.
        unsafe {
            workspace.write_bytes(0, self.plane[0] * self.plane[1] * LANES);
            self.each_tile(|tile, y, x| {
                for phase in 0..self.phases() {
                    let values = read_tile::<L>(S::SIZE, from, phase * self.big_blocks + part, row + tile);
                    let restored = transform_2d::<L, S::InputTransposed>(&values);
                    each_value(&restored, S::SIZE, |i, j, value| {
                        let address = workspace.add(self.plane_offset(phase, [y, x], [i, j]));
                        L::load(address).add(value).store(address);
                    });
                }
            });
            let to = image.add(part * LANES * big.area());
            let mut pixels = self.big_pixels();
            scatter::<L>(to, big.area(), channels, big.area(), |_| match pixels.offset() {
                Some(offset) => L::load(workspace.add(offset)),
                None => L::splat(0.0),
            });
        }
    }

    #[inline(always)]
    unsafe fn transform_small<L: Lanes>(
        &self,
        image: *const f32,
        block: usize,
        to: Packed,
        row: usize,
        workspace: *mut f32,
    ) {
        let small = self.geometry.small;
        let channels = (small.channels - block * LANES).min(LANES);
        let pitch = self.tiles[1] * OUTPUTS;
        // SAFETY: `workspace` holds `tiles · 16` pixels, `image` one image.
        unsafe {
            // A last tile that reaches beyond the image sees zeros there.
            if pitch != small.width || self.tiles[0] * OUTPUTS != small.height {
                workspace.write_bytes(0, self.tiles[0] * OUTPUTS * pitch * LANES);
            }
            let mut pixels = self.small_pixels();
            gather::<L>(image.add(block * LANES * small.area()), small.area(), channels, small.area(), |_, lanes| {
                if let Some(offset) = pixels.offset() {
                    lanes.store(workspace.add(offset));
                }
            });
            self.each_tile(|tile, y, x| {
                let values: Square<L> = load_tile(OUTPUTS, |i, j| {
                    workspace.add(((OUTPUTS * y + i) * pitch + OUTPUTS * x + j) * LANES).cast_const()
                });
                let transformed = transform_2d::<L, S::OutputTransposed>(&values);
                write_tile::<L>(&transformed, S::SIZE, to, block, row + tile);
            });
        }
    }

    #[inline(always)]
    unsafe fn inverse_transform_small<L: Lanes>(
        &self,
        from: Packed,
        row: usize,
        block: usize,
        image: *mut f32,
        workspace: *mut f32,
    ) {
        let small = self.geometry.small;
        let channels = (small.channels - block * LANES).min(LANES);
        let pitch = self.tiles[1] * OUTPUTS;
        // SAFETY: as for `transform_small`.
        unsafe {
            self.each_tile(|tile, y, x| {
                let values = read_tile::<L>(S::SIZE, from, block, row + tile);
                let restored = transform_2d::<L, S::Output>(&values);
                each_value(&restored, OUTPUTS, |i, j, value: L| {
                    value.store(workspace.add(((OUTPUTS * y + i) * pitch + OUTPUTS * x + j) * LANES));
                });
            });
            let to = image.add(block * LANES * small.area());
            let mut pixels = self.small_pixels();
            scatter::<L>(to, small.area(), channels, small.area(), |_| match pixels.offset() {
                Some(offset) => L::load(workspace.add(offset)),
                None => L::splat(0.0),
            });
        }
    }

    #[inline(always)]
    unsafe fn transform_weights<L: Lanes>(&self, weights: *const f32, block: usize, to: Packed, workspace: *mut f32) {
        let (inputs, taps) = (self.geometry.big.channels, self.geometry.taps());
        let outputs = (self.geometry.small.channels - block * LANES).min(LANES);
        // SAFETY: `workspace` holds sixteen floats for each tap and sixteen more.
        unsafe { workspace.add(taps * LANES).write_bytes(0, LANES) };
        for input in 0..self.big_blocks * LANES {
            // SAFETY: channels below `inputs` have weights; U has a row for each channel of the last block, there or
            // not.
            unsafe {
                if input < inputs {
                    let from = weights.add((block * LANES * inputs + input) * taps);
                    gather::<L>(from, inputs * taps, outputs, taps, |tap, lanes| {
                        lanes.store(workspace.add(tap * LANES))
                    });
                } else {
                    workspace.write_bytes(0, taps * LANES);
                }
                self.write_kernels::<L>(workspace, to, |phase| (block, phase * self.big_blocks * LANES + input));
            }
        }
    }

    #[inline(always)]
    unsafe fn transform_weights_transposed<L: Lanes>(
        &self,
        weights: *const f32,
        part: usize,
        to: Packed,
        workspace: *mut f32,
    ) {
        let (channels, taps) = (self.geometry.big.channels, self.geometry.taps());
        let outputs = self.geometry.small.channels;
        let inputs = (channels - part * LANES).min(LANES);
        // SAFETY: `workspace` holds sixteen floats for each tap and sixteen more.
        unsafe { workspace.add(taps * LANES).write_bytes(0, LANES) };
        for output in 0..outputs.div_ceil(LANES) * LANES {
            // SAFETY: channels below `outputs` have weights; Uᵀ has a row for each channel of the last block, there or
            // not.
            unsafe {
                if output < outputs {
                    let from = weights.add((output * channels + part * LANES) * taps);
                    gather::<L>(from, taps, inputs, taps, |tap, lanes| lanes.store(workspace.add(tap * LANES)));
                } else {
                    workspace.write_bytes(0, taps * LANES);
                }
                self.write_kernels::<L>(workspace, to, |phase| (phase * self.big_blocks + part, output));
            }
        }
    }

    #[inline(always)]
    unsafe fn inverse_transform_weights<L: Lanes>(
        &self,
        from: Packed,
        block: usize,
        weights: *mut f32,
        workspace: *mut f32,
    ) {
        let (inputs, taps) = (self.geometry.big.channels, self.geometry.taps());
        let outputs = (self.geometry.small.channels - block * LANES).min(LANES);
        for input in 0..inputs {
            // SAFETY: every tap of `workspace` is written, since the phases share all taps among them.
            unsafe {
                for phase in 0..self.phases() {
                    let values = read_tile::<L>(S::SIZE, from, block, phase * self.big_blocks * LANES + input);
                    let kernel = transform_2d::<L, S::KernelTransposed>(&values);
                    each_value(&kernel, S::TAPS, |i, j, value: L| {
                        if let Some(tap) = self.tap(phase, [i, j]) {
                            value.store(workspace.add(tap * LANES));
                        }
                    });
                }
                let to = weights.add((block * LANES * inputs + input) * taps);
                scatter::<L>(to, inputs * taps, outputs, taps, |tap| L::load(workspace.add(tap * LANES)));
            }
        }
    }
}
