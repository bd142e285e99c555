//! Tiles in registers: loading, storing, and applying a map along both axes.
#![allow(unsafe_code)]
// Two indices a value, as in the formulas.
#![allow(clippy::needless_range_loop)]

use super::scheme::{Line, MOST};
use crate::domain::Domain;
use crate::simd::Lanes;

/// A tile, of which the first rows and columns are used.
pub(super) type Square<L> = [[L; MOST]; MOST];

/// `Q X Qᵀ` for the matrix Q of a map.
#[inline(always)]
pub(super) unsafe fn sandwich<L: Lanes, Q: Line>(x: &Square<L>) -> Square<L> {
    let [from, to] = Q::SHAPE;
    // SAFETY: the caller runs with the instructions of `L`.
    unsafe {
        let mut half = [[L::splat(0.0); MOST]; MOST];
        for i in 0..from {
            let line = Q::apply(x[i]);
            for o in 0..to {
                half[o][i] = line[o];
            }
        }
        let mut whole = [[L::splat(0.0); MOST]; MOST];
        for i in 0..to {
            let line = Q::apply(half[i]);
            for o in 0..to {
                whole[o][i] = line[o];
            }
        }
        whole
    }
}

/// Loads the first `size` × `size` values of a tile, each from its place.
#[inline(always)]
pub(super) unsafe fn load_tile<L: Lanes>(size: usize, place: impl Fn(usize, usize) -> *const f32) -> Square<L> {
    // SAFETY: the caller's places hold sixteen floats each.
    unsafe {
        let mut tile = [[L::splat(0.0); MOST]; MOST];
        for i in 0..size {
            for j in 0..size {
                tile[i][j] = L::load(place(i, j));
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
pub(super) unsafe fn write_tile<L: Lanes>(tile: &Square<L>, size: usize, to: Domain, block: usize, row: usize) {
    // SAFETY: the caller's block and row are its own.
    each_value(tile, size, |i, j, value| unsafe { value.store(to.at(i * size + j, block, row)) });
}

/// Reads a transformed tile, each value from its position.
#[inline(always)]
pub(super) unsafe fn read_tile<L: Lanes>(size: usize, from: Domain, block: usize, row: usize) -> Square<L> {
    // SAFETY: the caller's block and row exist.
    unsafe { load_tile(size, |i, j| from.at(i * size + j, block, row).cast_const()) }
}
