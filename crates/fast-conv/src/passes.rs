//! The three passes of a convolution: the operator, its transpose and the gradient of its weights.
#![allow(unsafe_code)]

use rayon::prelude::*;

use crate::domain::{Domain, Scratch, with_room};
use crate::geometry::Geometry;
use crate::lowering::{Lowering, Operands};
use crate::plan::Plan;
use crate::product::{Product, Summed, Write};
use crate::simd::{Job, LANES, Lanes, Level};

/// `small` from `big`: a convolution, or the gradient of a transposed one's input.
pub(crate) fn convolve(geometry: Geometry, level: Level, big: &[f32], weights: &[f32], small: &mut [f32]) {
    check_lengths(geometry, big, small, weights);
    match Plan::new(geometry) {
        Plan::Patches(lowering) => Passes { geometry, level, lowering }.convolve(big, weights, small),
        Plan::TwoTaps(lowering) => Passes { geometry, level, lowering }.convolve(big, weights, small),
        Plan::ThreeTaps(lowering) => Passes { geometry, level, lowering }.convolve(big, weights, small),
    }
}

/// `big` from `small`: a transposed convolution, or the gradient of a convolution's input.
pub(crate) fn transpose(geometry: Geometry, level: Level, small: &[f32], weights: &[f32], big: &mut [f32]) {
    check_lengths(geometry, big, small, weights);
    match Plan::new(geometry) {
        Plan::Patches(lowering) => Passes { geometry, level, lowering }.transpose(small, weights, big),
        Plan::TwoTaps(lowering) => Passes { geometry, level, lowering }.transpose(small, weights, big),
        Plan::ThreeTaps(lowering) => Passes { geometry, level, lowering }.transpose(small, weights, big),
    }
}

/// The gradient of the weights, from both sides.
pub(crate) fn weight_gradient(geometry: Geometry, level: Level, big: &[f32], small: &[f32], weights: &mut [f32]) {
    check_lengths(geometry, big, small, weights);
    match Plan::new(geometry) {
        Plan::Patches(lowering) => Passes { geometry, level, lowering }.weight_gradient(big, small, weights),
        Plan::TwoTaps(lowering) => Passes { geometry, level, lowering }.weight_gradient(big, small, weights),
        Plan::ThreeTaps(lowering) => Passes { geometry, level, lowering }.weight_gradient(big, small, weights),
    }
}

/// Everything unsafe below relies on these lengths.
fn check_lengths(geometry: Geometry, big: &[f32], small: &[f32], weights: &[f32]) {
    assert_eq!([big.len(), small.len(), weights.len()], geometry.lengths(), "lengths of big, small and weights");
}

struct Passes<T> {
    geometry: Geometry,
    level: Level,
    lowering: T,
}

/// Rows of V and M worth making at once: fewer would read U from memory too often for each multiplication done.
const LEAST_ROWS: usize = 128;
/// Bytes of V and M to aim at, so that what a transform wrote is still in a cache when the product reads it.
const CHUNK_BYTES: usize = 3 << 20;

impl<T: Lowering> Passes<T> {
    fn convolve(&self, big: &[f32], weights: &[f32], small: &mut [f32]) {
        let Operands { big_blocks, small_blocks, big_parts, .. } = self.lowering.operands();
        let mut scratch = self.scratch(small_blocks, big_blocks * LANES);
        let kernels = Domain::over(&mut scratch, small_blocks, big_blocks * LANES);
        let (big, weights, small) = (Tensor::read(big), Tensor::read(weights), Tensor::write(small));
        self.each(1, small_blocks, Step::LowerWeights { weights, kernels });
        self.each_chunk(|Chunk { first, pictures, rows, v, m }| {
            self.each(pictures, big_parts, Step::LowerBig { big, first, v });
            self.product(Summed::Columns, Write::Replace, [rows, small_blocks, big_blocks * LANES], [v, kernels, m]);
            self.each(pictures, small_blocks, Step::RaiseSmall { m, small, first });
        });
    }

    fn transpose(&self, small: &[f32], weights: &[f32], big: &mut [f32]) {
        let Operands { big_blocks, small_blocks, big_parts, .. } = self.lowering.operands();
        let mut scratch = self.scratch(big_blocks, small_blocks * LANES);
        let kernels = Domain::over(&mut scratch, big_blocks, small_blocks * LANES);
        let (small, weights, big) = (Tensor::read(small), Tensor::read(weights), Tensor::write(big));
        self.each(1, big_parts, Step::LowerWeightsTransposed { weights, kernels });
        self.each_chunk(|Chunk { first, pictures, rows, v, m }| {
            self.each(pictures, small_blocks, Step::LowerSmall { small, first, m });
            self.product(Summed::Columns, Write::Replace, [rows, big_blocks, small_blocks * LANES], [m, kernels, v]);
            self.each(pictures, big_parts, Step::RaiseBig { v, big, first });
        });
    }

    fn weight_gradient(&self, big: &[f32], small: &[f32], weights: &mut [f32]) {
        let Operands { big_blocks, small_blocks, big_parts, .. } = self.lowering.operands();
        let mut scratch = self.scratch(small_blocks, big_blocks * LANES);
        let kernels = Domain::over(&mut scratch, small_blocks, big_blocks * LANES);
        let (big, small, weights) = (Tensor::read(big), Tensor::read(small), Tensor::write(weights));
        self.each_chunk(|Chunk { first, pictures, rows, v, m }| {
            self.each(pictures, big_parts, Step::LowerBig { big, first, v });
            self.each(pictures, small_blocks, Step::LowerSmall { small, first, m });
            let write = if first == 0 { Write::Replace } else { Write::Add };
            self.product(Summed::Rows, write, [big_blocks * LANES, small_blocks, rows], [v, m, kernels]);
        });
        self.each(1, small_blocks, Step::RaiseWeights { kernels, weights });
    }

    fn scratch(&self, blocks: usize, rows: usize) -> Scratch {
        Scratch::new(Domain::length(self.lowering.operands().positions, blocks, rows))
    }

    /// Visits the batch a few pictures at a time; how many depends on the shape alone.
    fn each_chunk(&self, visit: impl Fn(Chunk)) {
        let Operands { positions, tiles, big_blocks, small_blocks, .. } = self.lowering.operands();
        let bytes = positions * tiles * (big_blocks + small_blocks) * LANES * size_of::<f32>();
        let batch = self.geometry.batch;
        let most = LEAST_ROWS.div_ceil(tiles).max(CHUNK_BYTES / bytes).min(batch);
        let most = batch.div_ceil(batch.div_ceil(most));
        let (mut v, mut m) = (self.scratch(big_blocks, most * tiles), self.scratch(small_blocks, most * tiles));
        for first in (0..batch).step_by(most) {
            let pictures = most.min(batch - first);
            let rows = pictures * tiles;
            let (v, m) = (Domain::over(&mut v, big_blocks, rows), Domain::over(&mut m, small_blocks, rows));
            visit(Chunk { first, pictures, rows, v, m });
        }
    }

    /// Takes a step for each part of each picture.
    fn each(&self, pictures: usize, parts: usize, step: Step) {
        let task = |index: usize| {
            with_room(self.lowering.room(), |room| {
                self.level.run(Work { passes: self, step, picture: index / parts, part: index % parts, room });
            });
        };
        (0..pictures * parts).into_par_iter().for_each(task);
    }

    fn product(
        &self,
        summed: Summed,
        write: Write,
        [rows, blocks, terms]: [usize; 3],
        [left, right, result]: [Domain; 3],
    ) {
        let positions = self.lowering.operands().positions;
        let product = Product { summed, write, positions, rows, blocks, terms, left, right, result };
        // SAFETY: the passes above give domains of these shapes, each over scratch of its own.
        unsafe { product.compute(self.level) }
    }
}

/// A few pictures of a batch, with room for their rows of V and M.
struct Chunk {
    first: usize,
    pictures: usize,
    rows: usize,
    v: Domain,
    m: Domain,
}

/// A tensor that several threads read, or write different parts of.
#[derive(Clone, Copy)]
struct Tensor(*mut f32);

// SAFETY: a Tensor only carries an address; every access through it is unsafe and argued where it happens.
unsafe impl Send for Tensor {}
// SAFETY: as above.
unsafe impl Sync for Tensor {}

impl Tensor {
    /// A tensor that no step writes.
    fn read(values: &[f32]) -> Self {
        Self(values.as_ptr().cast_mut())
    }

    fn write(values: &mut [f32]) -> Self {
        Self(values.as_mut_ptr())
    }

    /// Where a picture of `length` floats starts.
    ///
    /// # Safety
    /// The tensor has that picture.
    unsafe fn picture(self, index: usize, length: usize) -> *mut f32 {
        // SAFETY: the caller's promise.
        unsafe { self.0.add(index * length) }
    }
}

/// One transform of a whole chunk; [`Work`] does its share for one part of one picture.
#[derive(Clone, Copy)]
enum Step {
    LowerBig { big: Tensor, first: usize, v: Domain },
    RaiseBig { v: Domain, big: Tensor, first: usize },
    LowerSmall { small: Tensor, first: usize, m: Domain },
    RaiseSmall { m: Domain, small: Tensor, first: usize },
    LowerWeights { weights: Tensor, kernels: Domain },
    LowerWeightsTransposed { weights: Tensor, kernels: Domain },
    RaiseWeights { kernels: Domain, weights: Tensor },
}

struct Work<'a, T> {
    passes: &'a Passes<T>,
    step: Step,
    picture: usize,
    part: usize,
    room: *mut f32,
}

impl<T: Lowering> Job for Work<'_, T> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { passes: Passes { geometry, lowering, .. }, step, picture, part, room } = self;
        let row = picture * lowering.operands().tiles;
        let (big_length, small_length) = (geometry.big.len(), geometry.small.len());
        // SAFETY: `check_lengths` proved the tensors' lengths, the passes made the domains for these shapes, and every
        // call has a picture and part of its own, which is all that a lowering writes.
        unsafe {
            match step {
                Step::LowerBig { big, first, v } => {
                    lowering.lower_big::<L>(big.picture(first + picture, big_length), part, v, row, room);
                }
                Step::RaiseBig { v, big, first } => {
                    lowering.raise_big::<L>(v, row, part, big.picture(first + picture, big_length), room);
                }
                Step::LowerSmall { small, first, m } => {
                    lowering.lower_small::<L>(small.picture(first + picture, small_length), part, m, row, room);
                }
                Step::RaiseSmall { m, small, first } => {
                    lowering.raise_small::<L>(m, row, part, small.picture(first + picture, small_length), room);
                }
                Step::LowerWeights { weights, kernels } => {
                    lowering.lower_weights::<L>(weights.0, part, kernels, room);
                }
                Step::LowerWeightsTransposed { weights, kernels } => {
                    lowering.lower_weights_transposed::<L>(weights.0, part, kernels, room);
                }
                Step::RaiseWeights { kernels, weights } => {
                    lowering.raise_weights::<L>(kernels, part, weights.0, room);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
