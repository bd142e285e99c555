//! The three passes of a convolution: the operator, its transpose and the gradient of its weights.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use rayon::prelude::*;

use crate::{
    geometry::Geometry,
    groups::Merged,
    lowering::{Lowering, OperandSizes},
    packed::Packed,
    plan::Plan,
    product::{Product, Summed, Write},
    scratch::{Scratch, with_workspace},
    simd::{Job, LANES, Lanes, Level},
};

/// `small` from `big`: a convolution, or the gradient of a transposed one's input. All of `small` is written.
pub(crate) fn convolve(geometry: Geometry, level: Level, big: &[f32], weights: &[f32], small: &mut [MaybeUninit<f32>]) {
    check_lengths(geometry, [big.len(), small.len(), weights.len()]);
    let merged = Merged::new(geometry);
    let weights = merged.expand(weights);
    let (big, weights, small) = (SharedTensor::read(big), SharedTensor::read(&weights), SharedTensor::write(small));
    each_group(merged.geometry, level, Pass::Convolve, Tensors { big, small, weights });
}

/// `big` from `small`: a transposed convolution, or the gradient of a convolution's input. All of `big` is written.
pub(crate) fn transpose(
    geometry: Geometry,
    level: Level,
    small: &[f32],
    weights: &[f32],
    big: &mut [MaybeUninit<f32>],
) {
    check_lengths(geometry, [big.len(), small.len(), weights.len()]);
    let merged = Merged::new(geometry);
    let weights = merged.expand(weights);
    let (small, weights, big) = (SharedTensor::read(small), SharedTensor::read(&weights), SharedTensor::write(big));
    each_group(merged.geometry, level, Pass::Transpose, Tensors { big, small, weights });
}

/// The gradient of the weights, from both sides. All of `weights` is written.
pub(crate) fn weight_gradient(
    geometry: Geometry,
    level: Level,
    big: &[f32],
    small: &[f32],
    weights: &mut [MaybeUninit<f32>],
) {
    check_lengths(geometry, [big.len(), small.len(), weights.len()]);
    let merged = Merged::new(geometry);
    let (big, small) = (SharedTensor::read(big), SharedTensor::read(small));
    merged.collect(weights, |weights| {
        let weights = SharedTensor::write(weights);
        each_group(merged.geometry, level, Pass::WeightGradient, Tensors { big, small, weights });
    });
}

/// Everything unsafe below relies on these lengths.
fn check_lengths(geometry: Geometry, lengths: [usize; 3]) {
    assert_eq!(lengths, geometry.lengths(), "lengths of big, small and weights");
    assert_eq!([geometry.big, geometry.small].map(|map| map.channels % geometry.groups), [0; 2], "groups");
}

/// Takes a pass through each group of channels, one after the other.
fn each_group(geometry: Geometry, level: Level, pass: Pass, tensors: Tensors) {
    let group = geometry.of_group();
    let [_, _, weights] = group.lengths();
    let strides = [geometry.big.len(), geometry.small.len()];
    let plan = Plan::new(group);
    for index in 0..geometry.groups {
        // SAFETY: `check_lengths` proved that the tensors have all groups.
        let tensors = unsafe {
            Tensors {
                big: tensors.big.skip(index * group.big.len()),
                small: tensors.small.skip(index * group.small.len()),
                weights: tensors.weights.skip(index * weights),
            }
        };
        match plan {
            Plan::Im2col(lowering) => Passes { geometry: group, strides, level, lowering }.take(pass, tensors),
            Plan::TwoTaps(lowering) => Passes { geometry: group, strides, level, lowering }.take(pass, tensors),
            Plan::ThreeTaps(lowering) => Passes { geometry: group, strides, level, lowering }.take(pass, tensors),
        }
    }
}

/// What is computed, from the other two of the three tensors.
#[derive(Clone, Copy)]
enum Pass {
    Convolve,
    Transpose,
    WeightGradient,
}

/// The tensors of a convolution, or of one of its groups.
#[derive(Clone, Copy)]
struct Tensors {
    big: SharedTensor,
    small: SharedTensor,
    weights: SharedTensor,
}

struct Passes<T> {
    /// Of one group.
    geometry: Geometry,
    /// Floats from one image's to the next one's, of all groups, on the big and the small side.
    strides: [usize; 2],
    level: Level,
    lowering: T,
}

/// Rows of V and M worth making at once: fewer would read U from memory too often for each multiplication done.
const MIN_ROWS: usize = 128;
/// Bytes of V and M to aim at, so that what a transform wrote is still in a cache when the product reads it.
/// Most machines' second and third caches hold as much with U beside it.
const CHUNK_BYTES: usize = 3 << 20;

impl<T: Lowering> Passes<T> {
    fn take(&self, pass: Pass, tensors: Tensors) {
        match pass {
            Pass::Convolve => self.convolve(tensors),
            Pass::Transpose => self.transpose(tensors),
            Pass::WeightGradient => self.weight_gradient(tensors),
        }
    }

    fn convolve(&self, Tensors { big, small, weights }: Tensors) {
        let OperandSizes { big_blocks, small_blocks, big_parts, .. } = self.lowering.sizes();
        let mut scratch = self.scratch(small_blocks, big_blocks * LANES);
        let kernels = Packed::over(&mut scratch, small_blocks, big_blocks * LANES);
        self.each(1, small_blocks, Step::TransformWeights { weights, kernels });
        self.each_chunk(|Chunk { first, images, rows, v, m }| {
            self.each(images, big_parts, Step::TransformBig { big, first, v });
            self.product(Summed::Columns, Write::Replace, [rows, small_blocks, big_blocks * LANES], [v, kernels, m]);
            self.each(images, small_blocks, Step::InverseTransformSmall { m, small, first });
        });
    }

    fn transpose(&self, Tensors { big, small, weights }: Tensors) {
        let OperandSizes { big_blocks, small_blocks, big_parts, .. } = self.lowering.sizes();
        let mut scratch = self.scratch(big_blocks, small_blocks * LANES);
        let kernels = Packed::over(&mut scratch, big_blocks, small_blocks * LANES);
        self.each(1, big_parts, Step::TransformWeightsTransposed { weights, kernels });
        self.each_chunk(|Chunk { first, images, rows, v, m }| {
            self.each(images, small_blocks, Step::TransformSmall { small, first, m });
            self.product(Summed::Columns, Write::Replace, [rows, big_blocks, small_blocks * LANES], [m, kernels, v]);
            self.each(images, big_parts, Step::InverseTransformBig { v, big, first });
        });
    }

    fn weight_gradient(&self, Tensors { big, small, weights }: Tensors) {
        let OperandSizes { big_blocks, small_blocks, big_parts, .. } = self.lowering.sizes();
        let mut scratch = self.scratch(small_blocks, big_blocks * LANES);
        let kernels = Packed::over(&mut scratch, small_blocks, big_blocks * LANES);
        self.each_chunk(|Chunk { first, images, rows, v, m }| {
            self.each(images, big_parts, Step::TransformBig { big, first, v });
            self.each(images, small_blocks, Step::TransformSmall { small, first, m });
            let write = if first == 0 { Write::Replace } else { Write::Add };
            self.product(Summed::Rows, write, [big_blocks * LANES, small_blocks, rows], [v, m, kernels]);
        });
        self.each(1, small_blocks, Step::InverseTransformWeights { kernels, weights });
    }

    fn scratch(&self, blocks: usize, rows: usize) -> Scratch {
        Scratch::new(Packed::length(self.lowering.sizes().positions, blocks, rows))
    }

    /// Visits the batch a few images at a time; how many depends on the shape alone.
    fn each_chunk(&self, visit: impl Fn(Chunk)) {
        let OperandSizes { positions, tiles, big_blocks, small_blocks, .. } = self.lowering.sizes();
        let bytes = positions * tiles * (big_blocks + small_blocks) * LANES * size_of::<f32>();
        let batch = self.geometry.batch;
        let images_at_once = MIN_ROWS.div_ceil(tiles).max(CHUNK_BYTES / bytes).min(batch);
        // Equal chunks: a short last one would leave threads without work.
        let images_at_once = batch.div_ceil(batch.div_ceil(images_at_once));
        let (mut v, mut m) =
            (self.scratch(big_blocks, images_at_once * tiles), self.scratch(small_blocks, images_at_once * tiles));
        for first in (0..batch).step_by(images_at_once) {
            let images = images_at_once.min(batch - first);
            let rows = images * tiles;
            let (v, m) = (Packed::over(&mut v, big_blocks, rows), Packed::over(&mut m, small_blocks, rows));
            visit(Chunk { first, images, rows, v, m });
        }
    }

    /// Takes a step for each part of each image.
    fn each(&self, images: usize, parts: usize, step: Step) {
        let task = |index: usize| {
            with_workspace(self.lowering.workspace(), |workspace| {
                self.level.run(Work { passes: self, step, image: index / parts, part: index % parts, workspace });
            });
        };
        (0..images * parts).into_par_iter().for_each(task);
    }

    fn product(
        &self,
        summed: Summed,
        write: Write,
        [rows, blocks, terms]: [usize; 3],
        [left, right, result]: [Packed; 3],
    ) {
        let positions = self.lowering.sizes().positions;
        let product = Product { summed, write, positions, rows, blocks, terms, left, right, result };
        // SAFETY: the passes above give operands of these shapes, each over scratch of its own.
        unsafe { product.compute(self.level) }
    }
}

/// A few images of a batch, with workspace for their rows of V and M.
struct Chunk {
    first: usize,
    images: usize,
    rows: usize,
    v: Packed,
    m: Packed,
}

/// A tensor that several threads read, or write different parts of.
#[derive(Clone, Copy)]
struct SharedTensor(*mut f32);

// SAFETY: it only carries an address; every access through it is unsafe and argued where it happens.
unsafe impl Send for SharedTensor {}
// SAFETY: as above.
unsafe impl Sync for SharedTensor {}

impl SharedTensor {
    /// A tensor that no step writes.
    fn read(values: &[f32]) -> Self {
        Self(values.as_ptr().cast_mut())
    }

    /// A tensor that steps write, and never read before they did.
    fn write(values: &mut [MaybeUninit<f32>]) -> Self {
        Self(values.as_mut_ptr().cast())
    }

    /// The tensor without its first `count` floats.
    ///
    /// # Safety
    /// It has as many.
    unsafe fn skip(self, count: usize) -> Self {
        // SAFETY: the caller's promise.
        Self(unsafe { self.0.add(count) })
    }

    /// Where an image starts, `stride` floats behind the one before it.
    ///
    /// # Safety
    /// The tensor has that image.
    unsafe fn image(self, index: usize, stride: usize) -> *mut f32 {
        // SAFETY: the caller's promise.
        unsafe { self.0.add(index * stride) }
    }
}

/// One transform of a whole chunk; [`Work`] does its share for one part of one image.
#[derive(Clone, Copy)]
enum Step {
    TransformBig { big: SharedTensor, first: usize, v: Packed },
    InverseTransformBig { v: Packed, big: SharedTensor, first: usize },
    TransformSmall { small: SharedTensor, first: usize, m: Packed },
    InverseTransformSmall { m: Packed, small: SharedTensor, first: usize },
    TransformWeights { weights: SharedTensor, kernels: Packed },
    TransformWeightsTransposed { weights: SharedTensor, kernels: Packed },
    InverseTransformWeights { kernels: Packed, weights: SharedTensor },
}

struct Work<'a, T> {
    passes: &'a Passes<T>,
    step: Step,
    image: usize,
    part: usize,
    workspace: *mut f32,
}

impl<T: Lowering> Job for Work<'_, T> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { passes: Passes { strides: [big_stride, small_stride], lowering, .. }, step, image, part, workspace } =
            self;
        let row = image * lowering.sizes().tiles;
        // SAFETY: `check_lengths` proved the tensors' lengths, the passes made the operands for these shapes, and every
        // call has a image and part of its own, which is all that a lowering writes.
        unsafe {
            match step {
                Step::TransformBig { big, first, v } => {
                    lowering.transform_big::<L>(big.image(first + image, *big_stride), part, v, row, workspace);
                }
                Step::InverseTransformBig { v, big, first } => {
                    lowering.inverse_transform_big::<L>(v, row, part, big.image(first + image, *big_stride), workspace);
                }
                Step::TransformSmall { small, first, m } => {
                    lowering.transform_small::<L>(small.image(first + image, *small_stride), part, m, row, workspace);
                }
                Step::InverseTransformSmall { m, small, first } => {
                    lowering.inverse_transform_small::<L>(
                        m,
                        row,
                        part,
                        small.image(first + image, *small_stride),
                        workspace,
                    );
                }
                Step::TransformWeights { weights, kernels } => {
                    lowering.transform_weights::<L>(weights.0, part, kernels, workspace);
                }
                Step::TransformWeightsTransposed { weights, kernels } => {
                    lowering.transform_weights_transposed::<L>(weights.0, part, kernels, workspace);
                }
                Step::InverseTransformWeights { kernels, weights } => {
                    lowering.inverse_transform_weights::<L>(kernels, part, weights.0, workspace);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
