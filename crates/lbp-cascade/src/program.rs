//! A cascade compiled for one layout of the integral image: where to read from, in the order of reading.

use crate::{
    cascade::{CLOCKWISE, Cascade, Feature, SUBSET_WORDS, THRESHOLD_SLACK, Tree},
    level_sums::{LANES, SumsLayout},
};

/// A cascade as a list of places to read from. It is compiled for each picture at most once, since all levels share a stride.
#[derive(Default)]
pub(crate) struct Program {
    layout: Option<SumsLayout>,
    nodes: Vec<Node>,
    leaves: Vec<f64>,
    trees: Vec<TreeStart>,
    stages: Vec<CompiledStage>,
    /// The furthest corner, counted from a window's first.
    reach: usize,
}

/// A node: the sixteen corners of its feature's nine blocks, row by row, and what follows from the code.
pub(crate) struct Node {
    /// Counted from the window's first corner.
    pub(crate) corners: [u32; 16],
    /// The codes that go left.
    pub(crate) subset: [u32; SUBSET_WORDS],
    left: i32,
    right: i32,
}

/// A tree's first node and leaf.
struct TreeStart {
    node: usize,
    leaf: usize,
}

struct CompiledStage {
    /// The least sum that passes.
    threshold: f64,
    trees: std::ops::Range<usize>,
    stumps_only: bool,
}

/// A stage of nothing but stumps: a node and two leaves each, in order.
#[derive(Clone, Copy)]
pub(crate) struct Stumps<'a> {
    /// Each stump's only node.
    pub(crate) nodes: &'a [Node],
    /// Left and right, for each node.
    pub(crate) leaves: &'a [[f64; 2]],
    /// The least sum that passes.
    pub(crate) threshold: f64,
}

impl Program {
    /// Compiles a cascade for a layout, unless that was done last time.
    pub(crate) fn compile(&mut self, cascade: &Cascade, layout: SumsLayout) {
        if self.layout == Some(layout) {
            return;
        }
        // For one cascade only: a detector has programs of its own.
        *self = Self { layout: Some(layout), ..Self::default() };
        for stage in cascade.stages() {
            let first = self.trees.len();
            stage.trees.iter().for_each(|tree| self.add(tree, cascade.features(), layout));
            self.stages.push(CompiledStage {
                // Lowered in single precision, compared in double precision, as OpenCV does.
                threshold: f64::from(stage.threshold - THRESHOLD_SLACK),
                trees: first..self.trees.len(),
                stumps_only: stage.trees.iter().all(|tree| tree.nodes.len() == 1 && tree.nodes[0].right == -1),
            });
        }
        let corners = self.nodes.iter().flat_map(|node| node.corners);
        self.reach = corners.max().map_or(0, |corner| corner as usize);
    }

    /// How many stages there are.
    pub(crate) fn stages(&self) -> usize {
        self.stages.len()
    }

    /// A stage, if it is one of stumps whose branches lead to their leaves in order: what the kernels evaluate.
    pub(crate) fn stumps(&self, stage: usize) -> Option<Stumps<'_>> {
        let stage = &self.stages[stage];
        let first = stage.stumps_only.then(|| &self.trees[stage.trees.start])?;
        let count = stage.trees.len();
        Some(Stumps {
            nodes: &self.nodes[first.node..first.node + count],
            leaves: self.leaves[first.leaf..first.leaf + 2 * count].as_chunks().0,
            threshold: stage.threshold,
        })
    }

    /// Whether a whole row of windows from `at` lies within the integral image.
    pub(crate) fn fits(&self, sums: &[u16], at: usize) -> bool {
        at.saturating_add(self.reach + LANES) <= sums.len()
    }

    /// Whether the window whose first corner is at `at` passes a stage.
    pub(crate) fn passes(&self, sums: &[u16], at: usize, stage: usize) -> bool {
        self.sum(sums, at, stage) >= self.stages[stage].threshold
    }

    /// The sum of a stage's trees: in double precision, in the order of the file, because another order rounds otherwise.
    pub(crate) fn sum(&self, sums: &[u16], at: usize, stage: usize) -> f64 {
        let window = &sums[at..at + self.reach + 1];
        self.trees[self.stages[stage].trees.clone()].iter().map(|tree| self.leaf(window, tree)).fold(0.0, |a, b| a + b)
    }

    /// The leaf that a window comes to. The window reaches as far as the program does.
    fn leaf(&self, window: &[u16], tree: &TreeStart) -> f64 {
        // It ends, because branches lead to later nodes only: the cascade was checked.
        let mut next = 0;
        loop {
            let node = &self.nodes[tree.node + next as usize];
            next = if node.holds(node.code(window)) { node.left } else { node.right };
            if next <= 0 {
                return self.leaves[tree.leaf + next.unsigned_abs() as usize];
            }
        }
    }

    fn add(&mut self, tree: &Tree, features: &[Feature], layout: SumsLayout) {
        self.trees.push(TreeStart { node: self.nodes.len(), leaf: self.leaves.len() });
        self.leaves.extend(tree.leaves.iter().map(|leaf| f64::from(*leaf)));
        self.nodes.extend(tree.nodes.iter().map(|node| Node {
            corners: corners(&features[node.feature], layout),
            subset: node.subset,
            left: node.left,
            right: node.right,
        }));
    }
}

impl Node {
    /// The local binary pattern, as [`Feature::code`] has it, from sums modulo 2¹⁶: no block's sum reaches that, so
    /// that differences of wrapped sums are the blocks' own.
    #[allow(unsafe_code, reason = "a quarter of all time was spent here, much of it on sixteen checks")]
    fn code(&self, window: &[u16]) -> u8 {
        debug_assert!(self.corners.iter().all(|corner| (*corner as usize) < window.len()));
        // SAFETY: `window` was cut one longer than the program's reach, which is the greatest corner of all its nodes.
        let corner = |i: usize| unsafe { *window.get_unchecked(self.corners[i] as usize) };
        let grid: [u16; 16] = std::array::from_fn(corner);
        let block = |x: usize, y: usize| {
            let i = 4 * y + x;
            let upper = grid[i + 1].wrapping_sub(grid[i]);
            grid[i + 5].wrapping_sub(grid[i + 4]).wrapping_sub(upper)
        };
        let middle = block(1, 1);
        CLOCKWISE.iter().fold(0, |code, (x, y)| code << 1 | u8::from(block(*x, *y) >= middle))
    }

    /// Whether the code goes left.
    pub(crate) fn holds(&self, code: u8) -> bool {
        self.subset[usize::from(code >> 5)] >> (code & 31) & 1 == 1
    }
}

/// Where a feature's corners lie from a window's first. With windows two apart this is the same for all of them: each begins in
/// an even column, and even columns move together, as odd ones do.
fn corners(feature: &Feature, layout: SumsLayout) -> [u32; 16] {
    std::array::from_fn(|i| {
        let along = |start: u16, block: u16, nth: usize| usize::from(start) + usize::from(block) * nth;
        let (x, y) = (along(feature.x, feature.width, i % 4), along(feature.y, feature.height, i / 4));
        (y * layout.stride + layout.column(x)) as u32
    })
}

/// Up to [`LANES`] windows, side by side: a bit each.
pub(crate) type Mask = u32;

const _: () = assert!(LANES == Mask::BITS as usize);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{cascade, image::GreyImage, integral::IntegralImage};

    proptest! {
        #[test]
        fn codes_of_wrapped_sums_are_those_of_whole_ones(
            pixels in prop::collection::vec(prop_oneof![Just(255u8), any::<u8>()], 60 * 60),
            (x, y, width, height) in (0..3u16, 0..3u16, 1..=16u16, 1..=16u16),
            (left, top) in (0..6usize, 0..6usize),
            step in 1..=2usize,
        ) {
            let feature = Feature { x, y, width, height };
            let integral = IntegralImage::of(GreyImage::new(60, 60, &pixels).unwrap());
            let layout = SumsLayout { stride: 62, step };
            let mut sums = vec![0; 62 * 61 + LANES];
            for (x, y) in (0..=60).flat_map(|y| (0..=60).map(move |x| (x, y))) {
                sums[y * layout.stride + layout.column(x)] = integral.sum(x, y) as u16;
            }
            let node = cascade::Node { feature: 0, subset: [0; SUBSET_WORDS], left: 0, right: -1 };
            let trees = vec![Tree { nodes: vec![node], leaves: vec![1.0, -1.0] }];
            let stages = vec![cascade::CascadeStage { threshold: 0.0, trees }];
            let mut program = Program::default();
            program.compile(&Cascade::new((60, 60), stages, vec![feature]).unwrap(), layout);
            let left = left * step;
            let (right, bottom) = (left + usize::from(x + 3 * width), top + usize::from(y + 3 * height));
            prop_assume!(right <= 60 && bottom <= 60);
            let at = top * layout.stride + left / step;
            prop_assert_eq!(program.nodes[0].code(&sums[at..]), feature.code(&integral, left, top));
        }
    }
}
