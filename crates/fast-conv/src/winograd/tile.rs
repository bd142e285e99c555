//! Tiles in registers: loading, storing, and applying a map along both axes.
#![allow(unsafe_code)]
// Two indices a value, as in the formulas.
#![allow(clippy::needless_range_loop)]

use super::scheme::{Line, MAX_SIZE};
use crate::{packed::Packed, simd::Lanes};

/// A tile, of which the first rows and columns are used.
pub(super) type Square<L> = [[L; MAX_SIZE]; MAX_SIZE];

/// `Q X Qᵀ` for the matrix Q of a map: the map along both axes of a tile.
#[inline(always)]
pub(super) unsafe fn transform_2d<L: Lanes, Q: Line>(x: &Square<L>) -> Square<L> {
    let [from, to] = Q::SHAPE;
    // SAFETY: the caller runs with the instructions of `L`.
    unsafe {
        let mut half = [[L::splat(0.0); MAX_SIZE]; MAX_SIZE];
        for i in 0..from {
            let line = Q::apply(x[i]);
            for o in 0..to {
                half[o][i] = line[o];
            }
        }
        let mut whole = [[L::splat(0.0); MAX_SIZE]; MAX_SIZE];
        for i in 0..to {
            let line = Q::apply(half[i]);
            for o in 0..to {
                whole[o][i] = line[o];
            }
        }
        whole
    }
}

/// Loads the first `size` × `size` values of a tile, each from its address.
#[inline(always)]
pub(super) unsafe fn load_tile<L: Lanes>(size: usize, address: impl Fn(usize, usize) -> *const f32) -> Square<L> {
    // SAFETY: the caller's addresses hold sixteen floats each.
    unsafe {
        let mut tile = [[L::splat(0.0); MAX_SIZE]; MAX_SIZE];
        for i in 0..size {
            for j in 0..size {
                tile[i][j] = L::load(address(i, j));
            }
        }
        tile
    }
}

/// Hands over the first `size` × `size` values of a tile.
#[inline(always)]
pub(super) fn each_value<L: Lanes>(tile: &Square<L>, size: usize, mut visit: impl FnMut(usize, usize, L)) {
    for i in 0..size {
        for j in 0..size {
            visit(i, j, tile[i][j]);
        }
    }
}

/// Writes a transformed tile of `size` × `size` values, each to its position.
#[inline(always)]
pub(super) unsafe fn write_tile<L: Lanes>(tile: &Square<L>, size: usize, to: Packed, block: usize, row: usize) {
    // SAFETY: the caller's block and row are its own.
    each_value(tile, size, |i, j, value| unsafe { value.store(to.at(i * size + j, block, row)) });
}

/// Reads a transformed tile, each value from its position.
#[inline(always)]
pub(super) unsafe fn read_tile<L: Lanes>(size: usize, from: Packed, block: usize, row: usize) -> Square<L> {
    // SAFETY: the caller's block and row exist.
    unsafe { load_tile(size, |i, j| from.at(i * size + j, block, row).cast_const()) }
}
