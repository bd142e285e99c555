//! A model compiled for one layout of the integral image: where to read from, in the order of reading.

use super::{
    model::{Feature, Model, SUBSET_WORDS, Tree},
    plane::{LANES, Layout},
};

/// A compiled model.
#[derive(Default)]
pub(super) struct Program {
    layout: Option<Layout>,
    nodes: Vec<Node>,
    leaves: Vec<f64>,
    trees: Vec<Range>,
    stages: Vec<Stage>,
    reach: usize,
}

/// A node: the sixteen corners of its feature's nine blocks, row by row, and what follows from the code.
pub(super) struct Node {
    /// Counted from the window's first corner.
    pub(super) corners: [u32; 16],
    /// The codes that go left.
    pub(super) subset: [u32; SUBSET_WORDS],
    left: i32,
    right: i32,
}

/// A tree's first node and leaf.
struct Range {
    node: usize,
    leaf: usize,
}

struct Stage {
    threshold: f64,
    trees: std::ops::Range<usize>,
    stumps_only: bool,
}

/// A stage of nothing but stumps: a node and two leaves each, in order.
#[derive(Clone, Copy)]
pub(super) struct Stumps<'a> {
    /// The nodes.
    pub(super) nodes: &'a [Node],
    /// Left and right, for each node.
    pub(super) leaves: &'a [[f64; 2]],
    /// The least sum that passes.
    pub(super) threshold: f64,
}

impl Program {
    /// Compiles a model for a layout, unless that was done last time.
    pub(super) fn compile(&mut self, model: &Model, layout: Layout) {
        if self.layout == Some(layout) {
            return;
        }
        *self = Self { layout: Some(layout), ..Self::default() };
        for stage in &model.stages {
            let first = self.trees.len();
            stage.trees.iter().for_each(|tree| self.add(tree, &model.features, layout));
            self.stages.push(Stage {
                threshold: f64::from(stage.threshold),
                trees: first..self.trees.len(),
                stumps_only: stage.trees.iter().all(|tree| tree.nodes.len() == 1 && tree.nodes[0].right == -1),
            });
        }
        let corners = self.nodes.iter().flat_map(|node| node.corners);
        self.reach = corners.max().map_or(0, |corner| corner as usize);
    }

    /// How many stages there are.
    pub(super) fn stages(&self) -> usize {
        self.stages.len()
    }

    /// A stage, if it is one of stumps.
    pub(super) fn stumps(&self, stage: usize) -> Option<Stumps<'_>> {
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
    pub(super) fn fits(&self, sums: &[u16], at: usize) -> bool {
        at.saturating_add(self.reach + LANES) <= sums.len()
    }

    /// Whether the window whose first corner is at `at` passes a stage.
    pub(super) fn passes(&self, sums: &[u16], at: usize, stage: usize) -> bool {
        self.sum(sums, at, stage) >= self.stages[stage].threshold
    }

    /// The sum of a stage's trees: in double precision, in the order of the file.
    pub(super) fn sum(&self, sums: &[u16], at: usize, stage: usize) -> f64 {
        let window = &sums[at..at + self.reach + 1];
        self.trees[self.stages[stage].trees.clone()].iter().map(|tree| self.leaf(window, tree)).fold(0.0, |a, b| a + b)
    }

    /// The leaf that a window comes to. The window reaches as far as the program does.
    fn leaf(&self, window: &[u16], tree: &Range) -> f64 {
        let mut next = 0;
        loop {
            let node = &self.nodes[tree.node + next as usize];
            next = if node.holds(node.code(window)) { node.left } else { node.right };
            if next <= 0 {
                return self.leaves[tree.leaf + next.unsigned_abs() as usize];
            }
        }
    }

    fn add(&mut self, tree: &Tree, features: &[Feature], layout: Layout) {
        self.trees.push(Range { node: self.nodes.len(), leaf: self.leaves.len() });
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
    /// The local binary pattern: one bit for each block around the middle one that is at least as bright as it,
    /// clockwise from the upper left, which is the highest bit.
    #[allow(unsafe_code, reason = "a quarter of all time was spent here, much of it on sixteen checks")]
    fn code(&self, window: &[u16]) -> u8 {
        // SAFETY: the program's reach is the greatest of all corners, and the window is one longer.
        let corner = |i: usize| unsafe { *window.get_unchecked(self.corners[i] as usize) };
        let grid: [u16; 16] = std::array::from_fn(corner);
        let block = |x: usize, y: usize| {
            let i = 4 * y + x;
            let upper = grid[i + 1].wrapping_sub(grid[i]);
            grid[i + 5].wrapping_sub(grid[i + 4]).wrapping_sub(upper)
        };
        let middle = block(1, 1);
        AROUND.iter().fold(0, |code, (x, y)| code << 1 | u8::from(block(*x, *y) >= middle))
    }

    pub(super) fn holds(&self, code: u8) -> bool {
        self.subset[usize::from(code >> 5)] >> (code & 31) & 1 == 1
    }
}

/// The blocks around the middle one, clockwise from the upper left.
pub(super) const AROUND: [(usize, usize); 8] = [(0, 0), (1, 0), (2, 0), (2, 1), (2, 2), (1, 2), (0, 2), (0, 1)];

fn corners(feature: &Feature, layout: Layout) -> [u32; 16] {
    std::array::from_fn(|i| {
        let (x, y) = (feature.x + feature.width * (i % 4), feature.y + feature.height * (i / 4));
        (y * layout.stride + layout.column(x)) as u32
    })
}

/// Up to [`LANES`] windows, side by side: a bit each.
pub(super) type Mask = u32;

const _: () = assert!(LANES == Mask::BITS as usize);
