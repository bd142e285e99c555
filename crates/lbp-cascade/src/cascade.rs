//! An LBP cascade: a window, stages of boosted trees, and the features that the trees ask for.

use crate::{error::CascadeError, integral::IntegralImage};

/// Subsets of the 256 LBP codes have this many words.
pub const SUBSET_WORDS: usize = 8;

/// OpenCV lowers every stage's threshold by this much when it reads a cascade; so does whoever evaluates one as it does.
pub const THRESHOLD_SLACK: f32 = 1e-5;

/// The largest area of a feature's block in pixels: 257 of 255 are 65,535, and sums are kept modulo 2¹⁶.
pub const MAX_BLOCK_AREA: usize = 257;

/// The longest side of a window. Detectors have windows of some dozen pixels; more is a broken file.
const MAX_WINDOW_SIDE: usize = 1000;

/// A cascade of stages, each of which a window must pass. Whatever its branches and features point to is there.
#[derive(Clone, Debug, PartialEq)]
pub struct Cascade {
    sides: (usize, usize),
    stages: Vec<CascadeStage>,
    features: Vec<Feature>,
}

/// A sum of trees that must not fall below a threshold.
#[derive(Clone, Debug, PartialEq)]
pub struct CascadeStage {
    /// A window passes whose sum is not below this, less [`THRESHOLD_SLACK`].
    pub threshold: f32,
    /// The weak classifiers, whose leaves are added up in this order.
    pub trees: Vec<Tree>,
}

/// A decision tree; with a single node it is a stump.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    /// The root first.
    pub nodes: Vec<Node>,
    /// One more than there are nodes.
    pub leaves: Vec<f32>,
}

/// A question to a window: it goes left when its code for the feature is in the subset. Branches above zero lead to that node
/// of the tree, others to the negated leaf.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The index of its feature in the cascade.
    pub feature: usize,
    /// One bit a code: code c is bit c mod 32 of word c div 32.
    pub subset: [u32; SUBSET_WORDS],
    /// Where codes of the subset lead.
    pub left: i32,
    /// Where all others lead.
    pub right: i32,
}

/// A multi-block local binary pattern: three by three equal blocks of pixels, of which the upper left one is given.
///
/// Zhang, Chu, Xiang, Liao, Li: Face Detection Based on Multi-Block LBP Representation, 2007. Sixteen bits a field, because
/// trainers keep tables of many thousands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Feature {
    /// The left edge, in pixels from the window's.
    pub x: u16,
    /// The upper edge, in pixels from the window's.
    pub y: u16,
    /// A block's width in pixels.
    pub width: u16,
    /// A block's height in pixels.
    pub height: u16,
}

impl Cascade {
    /// A cascade of its parts: the window's width and height in pixels of the scaled picture, the stages from the first to
    /// the last, and the features that their nodes name by index.
    ///
    /// # Errors
    /// When a stage is empty, a feature leaves the window or is too coarse to evaluate, a branch leads nowhere, or a number is not finite.
    pub fn new(sides: (usize, usize), stages: Vec<CascadeStage>, features: Vec<Feature>) -> Result<Self, CascadeError> {
        let mut cascade = Self { sides, stages, features };
        cascade.check()?;
        cascade.settle_stumps();
        Ok(cascade)
    }

    /// The cascade of the first stages alone, at most all: it lets more windows pass, those of the subject and others.
    pub fn lenient(mut self, stages: usize) -> Self {
        self.stages.truncate(stages.max(1));
        self
    }

    /// The window's width and height.
    pub fn sides(&self) -> (usize, usize) {
        self.sides
    }

    /// The stages, from the first to the last.
    pub fn stages(&self) -> &[CascadeStage] {
        &self.stages
    }

    /// The features, by the index that nodes have of them.
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// That nothing points outside: evaluation relies on it.
    fn check(&self) -> Result<(), CascadeError> {
        if self.stages.is_empty() || self.stages.iter().any(|stage| stage.trees.is_empty()) {
            return Err(CascadeError::EmptyStage);
        }
        let (width, height) = self.sides;
        if width.max(height) > MAX_WINDOW_SIDE || !self.features.iter().all(|f| f.fits(self.sides)) {
            return Err(CascadeError::FeatureOutside);
        }
        if self.features.iter().any(|f| usize::from(f.width) * usize::from(f.height) > MAX_BLOCK_AREA) {
            return Err(CascadeError::BlockTooLarge(MAX_BLOCK_AREA));
        }
        let mut numbers =
            self.trees().flat_map(|tree| &tree.leaves).chain(self.stages.iter().map(|stage| &stage.threshold));
        if !numbers.all(|number| number.is_finite()) {
            return Err(CascadeError::NotFinite);
        }
        match self.trees().all(|tree| tree.is_sound(self.features.len())) {
            true => Ok(()),
            false => Err(CascadeError::LostBranch),
        }
    }

    fn trees(&self) -> impl Iterator<Item = &Tree> {
        self.stages.iter().flat_map(|stage| &stage.trees)
    }

    /// In a cascade of nothing but stumps OpenCV takes the branches to the leaves in their order, whatever the file says.
    fn settle_stumps(&mut self) {
        if self.trees().all(|tree| tree.nodes.len() == 1) {
            for tree in self.stages.iter_mut().flat_map(|stage| &mut stage.trees) {
                (tree.nodes[0].left, tree.nodes[0].right) = (0, -1);
            }
        }
    }
}

impl Tree {
    /// Whether every branch leads to a leaf or to a later node (an earlier one would be a circle), and every feature exists.
    fn is_sound(&self, features: usize) -> bool {
        let leads_on = |from: usize, to: i32| match usize::try_from(to) {
            Ok(node) if node > 0 => node > from && node < self.nodes.len(),
            _ => (to.unsigned_abs() as usize) < self.leaves.len(),
        };
        let sound =
            |(i, node): (usize, &Node)| node.feature < features && leads_on(i, node.left) && leads_on(i, node.right);
        !self.nodes.is_empty() && self.nodes.iter().enumerate().all(sound)
    }
}

impl Feature {
    /// The code of the window whose upper left corner is at (`left`, `top`), from 0 to 255: one bit for each outer block
    /// that is at least as bright as the middle one, clockwise from the upper left, which is the highest.
    ///
    /// # Panics
    /// If the window leaves the picture.
    pub fn code(&self, integral: &IntegralImage, left: usize, top: usize) -> u8 {
        let corner = |row: usize, column: usize| {
            let x = left + usize::from(self.x) + column * usize::from(self.width);
            integral.sum(x, top + usize::from(self.y) + row * usize::from(self.height))
        };
        let corners: [[u32; 4]; 4] = std::array::from_fn(|row| std::array::from_fn(|column| corner(row, column)));
        let block = |(x, y): (usize, usize)| {
            let (below, above) = (corners[y + 1], corners[y]);
            below[x + 1].wrapping_sub(below[x]).wrapping_sub(above[x + 1].wrapping_sub(above[x]))
        };
        let middle = block((1, 1));
        CLOCKWISE.into_iter().fold(0, |code, at| code << 1 | u8::from(block(at) >= middle))
    }

    fn fits(&self, (width, height): (usize, usize)) -> bool {
        let end = |start: u16, block: u16| usize::from(start) + 3 * usize::from(block);
        self.width > 0 && self.height > 0 && end(self.x, self.width) <= width && end(self.y, self.height) <= height
    }
}

/// The blocks around the middle one as (column, row), clockwise from the upper left.
pub(crate) const CLOCKWISE: [(usize, usize); 8] = [(0, 0), (1, 0), (2, 0), (2, 1), (2, 2), (1, 2), (0, 2), (0, 1)];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::GreyImage;

    #[test]
    fn codes_worked_by_hand() {
        let check = |pixels: [u8; 9], expected: u8| {
            let feature = Feature { x: 0, y: 0, width: 1, height: 1 };
            let integral = IntegralImage::of(GreyImage::new(3, 3, &pixels).unwrap());
            assert_eq!(feature.code(&integral, 0, 0), expected, "{pixels:?}");
        };
        check([5; 9], 255);
        check([0, 0, 0, 0, 5, 0, 0, 0, 0], 0);
        check([9, 0, 0, 0, 5, 0, 0, 0, 0], 0b1000_0000);
        check([0, 0, 0, 9, 5, 0, 0, 0, 0], 0b0000_0001);
        check([0, 0, 9, 0, 5, 5, 0, 0, 0], 0b0011_0000);
    }

    #[test]
    fn numbers_that_are_none_are_refused() {
        let check = |threshold: f32, leaf: f32, is_refused: bool| {
            let nodes = vec![Node { feature: 0, subset: [0; SUBSET_WORDS], left: 0, right: -1 }];
            let stages = vec![CascadeStage { threshold, trees: vec![Tree { nodes, leaves: vec![leaf, 0.0] }] }];
            let feature = Feature { x: 0, y: 0, width: 1, height: 1 };
            let found = Cascade::new((3, 3), stages, vec![feature]);
            assert_eq!(matches!(found, Err(CascadeError::NotFinite)), is_refused, "{threshold} {leaf}: {found:?}");
        };
        check(f32::MIN, f32::MAX, false);
        check(0.0, f32::NAN, true);
        check(f32::NAN, 0.0, true);
        check(f32::NEG_INFINITY, 0.0, true);
        check(0.0, f32::INFINITY, true);
    }

    #[test]
    fn what_points_outside_is_refused() {
        let node = |feature, left, right| Node { feature, subset: [0; SUBSET_WORDS], left, right };
        let check = |feature: Feature, nodes: Vec<Node>, expected: Option<CascadeError>| {
            let leaves = vec![0.0; nodes.len() + 1];
            let stages = vec![CascadeStage { threshold: 0.0, trees: vec![Tree { nodes, leaves }] }];
            let found = Cascade::new((24, 24), stages, vec![feature]).err();
            assert_eq!(found.map(|e| e.to_string()), expected.map(|e| e.to_string()));
        };
        let feature = |x, width, height| Feature { x, y: 0, width, height };
        check(feature(0, 8, 8), vec![node(0, 0, -1)], None);
        check(feature(0, 8, 8), vec![node(0, 1, -1), node(0, 0, -2)], None);
        check(feature(1, 8, 8), vec![node(0, 0, -1)], Some(CascadeError::FeatureOutside));
        check(feature(0, 0, 8), vec![node(0, 0, -1)], Some(CascadeError::FeatureOutside));
        check(feature(0, 8, 8), vec![node(1, 0, -1)], Some(CascadeError::LostBranch));
        check(feature(0, 8, 8), vec![node(0, 0, -2)], Some(CascadeError::LostBranch));
        // Back to itself: evaluation would never end.
        check(feature(0, 8, 8), vec![node(0, 1, 0), node(0, 1, 0)], Some(CascadeError::LostBranch));
    }
}
