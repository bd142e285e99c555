//! An LBP cascade as its file describes it: window, stages of boosted trees, features.

use roxmltree::{Document, Node as Element};

/// Subsets of the 256 LBP codes have this many words.
pub(super) const SUBSET_WORDS: usize = 8;

/// The largest area of a feature's block: sums of more pixels of 255 do not fit in sixteen bits.
const MAX_BLOCK: usize = 257;

/// OpenCV lowers every stage's threshold by this much.
const THRESHOLD_SLACK: f32 = 1e-5;

/// A cascade of stages, each of which a window must pass.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Model {
    /// The window's width in pixels of the scaled picture.
    pub(super) width: usize,
    /// The window's height.
    pub(super) height: usize,
    /// From the first to the last.
    pub(super) stages: Vec<Stage>,
    /// What the nodes look at.
    pub(super) features: Vec<Feature>,
}

/// A sum of trees that must not fall below a threshold.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stage {
    /// The least sum that passes.
    pub(super) threshold: f32,
    /// The weak classifiers.
    pub(super) trees: Vec<Tree>,
}

/// A decision tree; with a single node it is a stump.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tree {
    /// The root first.
    pub(super) nodes: Vec<Node>,
    /// One more than there are nodes.
    pub(super) leaves: Vec<f32>,
}

/// Goes left when the feature's code is in the subset. Above zero: the next node; otherwise the negated leaf.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    /// The place of its feature.
    pub(super) feature: usize,
    /// One bit a code.
    pub(super) subset: [u32; SUBSET_WORDS],
    /// Where codes of the subset lead.
    pub(super) left: i32,
    /// Where all others lead.
    pub(super) right: i32,
}

/// The upper left of three by three equal blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Feature {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl Model {
    /// Reads a cascade's XML.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let document = Document::parse(text).map_err(|error| format!("it is broken or cut off: {error}"))?;
        let cascade = document
            .root_element()
            .children()
            .find(Element::is_element)
            .filter(|element| content(*element, "featureType").is_ok_and(|kind| kind == "LBP"))
            .filter(|element| content(*element, "stageType").is_ok_and(|kind| kind == "BOOST"))
            .filter(|element| child(*element, "stages").is_ok())
            .ok_or("it describes no LBP or Haar cascade of the current format that this engine reads (LBP only)")?;
        let categories: usize = number(child(cascade, "featureParams")?, "maxCatCount")?;
        if categories != 32 * SUBSET_WORDS {
            return Err(format!("its features have {categories} categories, and LBP codes have 256"));
        }
        let mut model = Self {
            width: number(cascade, "width")?,
            height: number(cascade, "height")?,
            stages: items(cascade, "stages")?.map(stage).collect::<Result<_, _>>()?,
            features: items(cascade, "features")?.map(feature).collect::<Result<_, _>>()?,
        };
        model.check()?;
        model.settle_stumps();
        Ok(model)
    }

    /// That nothing points outside: evaluation relies on it.
    fn check(&self) -> Result<(), String> {
        let trees = || self.stages.iter().flat_map(|stage| &stage.trees);
        let outside = |f: &Feature| {
            f.width == 0
                || f.height == 0
                || f.x.saturating_add(f.width.saturating_mul(3)) > self.width
                || f.y.saturating_add(f.height.saturating_mul(3)) > self.height
        };
        if self.stages.is_empty() || self.stages.iter().any(|stage| stage.trees.is_empty()) {
            return Err("it has a stage without trees".into());
        }
        if self.width > 1000 || self.height > 1000 || self.features.iter().any(outside) {
            return Err("a feature of it lies outside of its window".into());
        }
        if self.features.iter().any(|f| f.width * f.height > MAX_BLOCK) {
            return Err(format!(
                "a feature of it has blocks of more than {MAX_BLOCK} pixels, which crop.engine = \"opencv\" alone evaluates"
            ));
        }
        match trees().all(|tree| tree.is_sound(self.features.len())) {
            true => Ok(()),
            false => Err("a tree of it leads nowhere".into()),
        }
    }

    /// In a cascade of nothing but stumps the branches go to the leaves in their order, whatever the file says.
    fn settle_stumps(&mut self) {
        let trees = || self.stages.iter().flat_map(|stage| &stage.trees);
        if trees().all(|tree| tree.nodes.len() == 1) {
            for tree in self.stages.iter_mut().flat_map(|stage| &mut stage.trees) {
                (tree.nodes[0].left, tree.nodes[0].right) = (0, -1);
            }
        }
    }
}

impl Tree {
    /// Whether every branch leads to a later node or to a leaf, and every feature exists.
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

fn stage(element: Element<'_, '_>) -> Result<Stage, String> {
    let threshold: f64 = number(element, "stageThreshold")?;
    let trees = items(element, "weakClassifiers")?.map(tree).collect::<Result<_, _>>()?;
    Ok(Stage { threshold: threshold as f32 - THRESHOLD_SLACK, trees })
}

fn tree(element: Element<'_, '_>) -> Result<Tree, String> {
    let fields: Vec<i64> = numbers(child(element, "internalNodes")?)?;
    let leaves: Vec<f64> = numbers(child(element, "leafValues")?)?;
    let nodes = fields.chunks(3 + SUBSET_WORDS).map(node).collect::<Option<Vec<_>>>();
    match nodes {
        Some(nodes) if leaves.len() == nodes.len() + 1 => {
            Ok(Tree { nodes, leaves: leaves.into_iter().map(|leaf| leaf as f32).collect() })
        }
        _ => Err("a tree of it has too many or too few numbers".into()),
    }
}

fn node(fields: &[i64]) -> Option<Node> {
    let [left, right, feature, subset @ ..] = fields else { return None };
    // Words are written as signed numbers; their bits count.
    let words: Vec<u32> = subset.iter().map(|word| *word as u32).collect();
    Some(Node {
        feature: usize::try_from(*feature).ok()?,
        subset: words.try_into().ok()?,
        left: i32::try_from(*left).ok()?,
        right: i32::try_from(*right).ok()?,
    })
}

fn feature(element: Element<'_, '_>) -> Result<Feature, String> {
    match numbers::<usize>(child(element, "rect")?)?[..] {
        [x, y, width, height] => Ok(Feature { x, y, width, height }),
        _ => Err("a feature of it is no rectangle of four numbers".into()),
    }
}

fn child<'a, 'i>(element: Element<'a, 'i>, name: &str) -> Result<Element<'a, 'i>, String> {
    element
        .children()
        .find(|node| node.has_tag_name(name))
        .ok_or_else(|| format!("it has no <{name}> where one is due"))
}

fn items<'a, 'i>(element: Element<'a, 'i>, name: &str) -> Result<impl Iterator<Item = Element<'a, 'i>>, String> {
    Ok(child(element, name)?.children().filter(Element::is_element))
}

fn content<'a>(element: Element<'a, '_>, name: &str) -> Result<&'a str, String> {
    Ok(child(element, name)?.text().unwrap_or_default().trim())
}

fn number<T: std::str::FromStr>(element: Element<'_, '_>, name: &str) -> Result<T, String> {
    parsed(content(element, name)?)
}

fn numbers<T: std::str::FromStr>(element: Element<'_, '_>) -> Result<Vec<T>, String> {
    element.text().unwrap_or_default().split_whitespace().map(parsed).collect()
}

fn parsed<T: std::str::FromStr>(word: &str) -> Result<T, String> {
    word.parse().map_err(|_| format!("{word:?} stands where a number is due"))
}
