//! What a way to compute convolutions must say: how each tensor becomes an operand of matrix products, and back.
#![allow(unsafe_code)]

use crate::domain::Domain;
use crate::simd::Lanes;

/// Sizes of the three operands. With V from the big side, M on the small side and U from the weights:
///
/// - convolution: `M = V · U`,
/// - transposed convolution (the gradient of the big side): `V = M · Uᵀ`,
/// - gradient of the weights: `U = Vᵀ · M`,
///
/// each for every position on its own. V has a column for each channel of the big side (times phases or taps), M one
/// for each channel of the small side, both a row for each tile of each picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operands {
    /// Independent products.
    pub(crate) positions: usize,
    /// Tiles of one picture: rows of V and M.
    pub(crate) tiles: usize,
    /// Blocks of sixteen columns of V: rows of U in sixteens.
    pub(crate) big_blocks: usize,
    /// Blocks of sixteen columns of M and U.
    pub(crate) small_blocks: usize,
    /// Parts that the big side's columns fall into, each lowered by a task of its own.
    pub(crate) big_parts: usize,
}

/// The transforms of one algorithm. `lower_*` are linear maps into the products' operands; `raise_*` are maps out of
/// them. `lower_big` and `raise_big` are each other's transposes, as are the other pairs, which is why one set serves
/// the operator and both gradients.
///
/// All methods are unsafe: the domains must have the shapes of [`Operands`] and the part written must be the caller's.
pub(crate) trait Lowering: Sync {
    fn operands(&self) -> Operands;
    /// Floats of working room that a call of any method needs.
    fn room(&self) -> usize;

    /// Writes rows `row..row + tiles` of V for one part of one picture.
    unsafe fn lower_big<L: Lanes>(&self, picture: *const f32, part: usize, to: Domain, row: usize, room: *mut f32);
    /// Computes one part of one picture from V.
    unsafe fn raise_big<L: Lanes>(&self, from: Domain, row: usize, part: usize, picture: *mut f32, room: *mut f32);

    /// Writes rows of M for one block of one picture.
    unsafe fn lower_small<L: Lanes>(&self, picture: *const f32, block: usize, to: Domain, row: usize, room: *mut f32);
    /// Computes one block of channels of one picture from M.
    unsafe fn raise_small<L: Lanes>(&self, from: Domain, row: usize, block: usize, picture: *mut f32, room: *mut f32);

    /// Writes one block of columns of U.
    unsafe fn lower_weights<L: Lanes>(&self, weights: *const f32, block: usize, to: Domain, room: *mut f32);
    /// Writes the columns of Uᵀ that belong to one part of the big side.
    unsafe fn lower_weights_transposed<L: Lanes>(&self, weights: *const f32, part: usize, to: Domain, room: *mut f32);
    /// Computes the weights of one block of columns of U.
    unsafe fn raise_weights<L: Lanes>(&self, from: Domain, block: usize, weights: *mut f32, room: *mut f32);
}
