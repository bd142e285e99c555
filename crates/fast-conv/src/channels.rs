//! Between burn's layout, where a channel's pixels are neighbours, and ours, where sixteen channels of a pixel are.
#![allow(unsafe_code)]

use crate::{
    geometry::FeatureMap,
    packed::Packed,
    simd::{LANES, Lanes},
};

/// Writes an image's pixels into the rows of an operand from `row` on, sixteen channels, those of `block`.
///
/// # Safety
/// The image is one of `map`, and has channels in that block; the operand has the rows.
#[inline(always)]
pub(crate) unsafe fn write_pixels<L: Lanes>(image: *const f32, map: FeatureMap, to: Packed, block: usize, row: usize) {
    let channels = (map.channels - block * LANES).min(LANES);
    // SAFETY: the caller's promise.
    unsafe {
        let from = image.add(block * LANES * map.area());
        gather::<L>(from, map.area(), channels, map.area(), |pixel, lanes| lanes.store(to.at(0, block, row + pixel)));
    }
}

/// The reverse of [`write_pixels`].
///
/// # Safety
/// As for [`write_pixels`].
#[inline(always)]
pub(crate) unsafe fn read_pixels<L: Lanes>(from: Packed, block: usize, row: usize, image: *mut f32, map: FeatureMap) {
    let channels = (map.channels - block * LANES).min(LANES);
    // SAFETY: the caller's promise.
    unsafe {
        let to = image.add(block * LANES * map.area());
        scatter::<L>(to, map.area(), channels, map.area(), |pixel| L::load(from.at(0, block, row + pixel)));
    }
}

/// Reads `count` values of each of `rows` (at most 16) series, `stride` floats apart, and hands over, for each index,
/// the sixteen values of that index; lanes beyond `rows` are zero.
///
/// # Safety
/// All `rows · count` floats can be read.
#[inline(always)]
pub(crate) unsafe fn gather<L: Lanes>(
    from: *const f32,
    stride: usize,
    rows: usize,
    count: usize,
    mut put: impl FnMut(usize, L),
) {
    let mut index = 0;
    // SAFETY: whole loads end at or before `count`; the rest goes through an array.
    unsafe {
        while index < count {
            let here = (count - index).min(LANES);
            let mut series = [L::splat(0.0); LANES];
            for (row, series) in series.iter_mut().enumerate().take(rows) {
                *series = load_some(from.add(row * stride + index), here);
            }
            let lanes = L::transpose(series);
            for (offset, lanes) in lanes.into_iter().enumerate().take(here) {
                put(index + offset, lanes);
            }
            index += here;
        }
    }
}

/// The reverse of [`gather`]: asks for the sixteen values of each index and writes `rows` series.
///
/// # Safety
/// All `rows · count` floats can be written.
#[inline(always)]
pub(crate) unsafe fn scatter<L: Lanes>(
    to: *mut f32,
    stride: usize,
    rows: usize,
    count: usize,
    mut take: impl FnMut(usize) -> L,
) {
    let mut index = 0;
    // SAFETY: whole stores end at or before `count`; the rest goes through an array.
    unsafe {
        while index < count {
            let here = (count - index).min(LANES);
            let mut lanes = [L::splat(0.0); LANES];
            for (offset, lanes) in lanes.iter_mut().enumerate().take(here) {
                *lanes = take(index + offset);
            }
            let series = L::transpose(lanes);
            for (row, series) in series.into_iter().enumerate().take(rows) {
                store_some(series, to.add(row * stride + index), here);
            }
            index += here;
        }
    }
}

/// The first `count` floats at `from`, then zeros.
///
/// # Safety
/// `count` ≤ 16 floats can be read.
#[inline(always)]
pub(crate) unsafe fn load_some<L: Lanes>(from: *const f32, count: usize) -> L {
    // SAFETY: the caller's promise.
    unsafe {
        if count == LANES {
            return L::load(from);
        }
        let mut values = [0.0f32; LANES];
        values.as_mut_ptr().copy_from_nonoverlapping(from, count);
        L::load(values.as_ptr())
    }
}

/// Writes the first `count` lanes.
///
/// # Safety
/// `count` ≤ 16 floats can be written.
#[inline(always)]
pub(crate) unsafe fn store_some<L: Lanes>(lanes: L, to: *mut f32, count: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        if count == LANES {
            return lanes.store(to);
        }
        let mut values = [0.0f32; LANES];
        lanes.store(values.as_mut_ptr());
        to.copy_from_nonoverlapping(values.as_ptr(), count);
    }
}
