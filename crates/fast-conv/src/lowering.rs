//! What an algorithm for convolutions must say: how each tensor becomes an operand of matrix products, and back.
#![allow(unsafe_code)]

use crate::{packed::Packed, simd::Lanes};

/// Sizes of the three operands. With V from the big side, M on the small side and U from the weights:
///
/// - convolution: `M = V · U`,
/// - transposed convolution (the gradient of the big side): `V = M · Uᵀ`,
/// - gradient of the weights: `U = Vᵀ · M`,
///
/// each for every position on its own. V has a column for each channel of the big side (times phases or taps), M one
/// for each channel of the small side, both a row for each tile of each image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OperandSizes {
    /// Independent products.
    pub(crate) positions: usize,
    /// Tiles of one image: rows of V and M.
    pub(crate) tiles: usize,
    /// Blocks of sixteen columns of V: rows of U in sixteens.
    pub(crate) big_blocks: usize,
    /// Blocks of sixteen columns of M and U.
    pub(crate) small_blocks: usize,
    /// Parts that the big side's columns fall into, each transformed by a task of its own.
    pub(crate) big_parts: usize,
}

/// The transforms of one algorithm: `transform_*` are linear maps into the products' operands, `inverse_transform_*`
/// (as Winograd's literature calls the way back) are maps out of them. The two of a pair are each other's transposes,
/// not inverses in the sense of algebra, which is why one set serves the operator and both gradients.
///
/// All methods are unsafe: the operands must have these sizes, and the part written must be the caller's alone.
pub(crate) trait Lowering: Sync {
    /// What the operands of this algorithm measure.
    fn sizes(&self) -> OperandSizes;
    /// Floats of workspace that a call of any method needs.
    fn workspace(&self) -> usize;

    /// Writes rows `row..row + tiles` of V for one part of one image.
    unsafe fn transform_big<L: Lanes>(
        &self,
        image: *const f32,
        part: usize,
        to: Packed,
        row: usize,
        workspace: *mut f32,
    );
    /// Computes one part of one image from V.
    unsafe fn inverse_transform_big<L: Lanes>(
        &self,
        from: Packed,
        row: usize,
        part: usize,
        image: *mut f32,
        workspace: *mut f32,
    );

    /// Writes rows of M for one block of one image.
    unsafe fn transform_small<L: Lanes>(
        &self,
        image: *const f32,
        block: usize,
        to: Packed,
        row: usize,
        workspace: *mut f32,
    );
    /// Computes one block of channels of one image from M.
    unsafe fn inverse_transform_small<L: Lanes>(
        &self,
        from: Packed,
        row: usize,
        block: usize,
        image: *mut f32,
        workspace: *mut f32,
    );

    /// Writes one block of columns of U.
    unsafe fn transform_weights<L: Lanes>(&self, weights: *const f32, block: usize, to: Packed, workspace: *mut f32);
    /// Writes the columns of Uᵀ that belong to one part of the big side.
    unsafe fn transform_weights_transposed<L: Lanes>(
        &self,
        weights: *const f32,
        part: usize,
        to: Packed,
        workspace: *mut f32,
    );
    /// Computes the weights of one block of columns of U.
    unsafe fn inverse_transform_weights<L: Lanes>(
        &self,
        from: Packed,
        block: usize,
        weights: *mut f32,
        workspace: *mut f32,
    );
}
