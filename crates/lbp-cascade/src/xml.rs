//! Cascades as OpenCV's XML, read and written.

use std::{fmt::Write as _, str::FromStr};

use roxmltree::{Document, Node as Element};

use crate::{
    cascade::{Cascade, CascadeStage, Feature, Node, SUBSET_WORDS, Tree},
    error::CascadeError,
};

/// A node's two branches and its feature stand before its subset.
const NODE_WORDS: usize = 3 + SUBSET_WORDS;

impl Cascade {
    /// Reads a cascade's XML, as OpenCV 4's `CascadeClassifier` reads it and `opencv_traincascade` writes it.
    ///
    /// # Errors
    /// When it is no XML, no LBP cascade of the current format, or points outside of itself.
    pub fn parse(text: &str) -> Result<Self, CascadeError> {
        let document = Document::parse(text)?;
        let cascade = document
            .root_element()
            .children()
            .find(Element::is_element)
            .filter(|element| content(*element, "featureType").is_ok_and(|kind| kind == "LBP"))
            .filter(|element| content(*element, "stageType").is_ok_and(|kind| kind == "BOOST"))
            .filter(|element| child(*element, "stages").is_ok())
            .ok_or(CascadeError::OtherKind)?;
        let categories = number(child(cascade, "featureParams")?, "maxCatCount")?;
        if categories != 32 * SUBSET_WORDS {
            return Err(CascadeError::Categories(categories));
        }
        let sides = (number(cascade, "width")?, number(cascade, "height")?);
        let stages = items(cascade, "stages")?.map(stage).collect::<Result<_, _>>()?;
        let features = items(cascade, "features")?.map(feature).collect::<Result<_, _>>()?;
        Self::new(sides, stages, features)
    }

    /// The cascade as the XML that OpenCV 4's `CascadeClassifier` reads.
    pub fn to_xml(&self) -> String {
        let (width, height) = self.sides();
        let trees = || self.stages().iter().flat_map(|stage| &stage.trees);
        let max_depth = trees().map(|tree| depth(tree, 0)).max().unwrap_or(0);
        let max_trees = self.stages().iter().map(|stage| stage.trees.len()).max().unwrap_or(0);
        let mut xml = format!(
            "<?xml version=\"1.0\"?>\n<opencv_storage>\n<cascade>\n  <stageType>BOOST</stageType>\n  \
             <featureType>LBP</featureType>\n  <height>{height}</height>\n  <width>{width}</width>\n  <stageParams>\n    \
             <boostType>GAB</boostType>\n    <maxDepth>{max_depth}</maxDepth>\n    \
             <maxWeakCount>{max_trees}</maxWeakCount></stageParams>\n  \
             <featureParams>\n    <maxCatCount>{}</maxCatCount></featureParams>\n  <stageNum>{}</stageNum>\n  <stages>\n",
            32 * SUBSET_WORDS,
            self.stages().len()
        );
        self.stages().iter().for_each(|stage| write_stage(&mut xml, stage));
        xml.push_str("  </stages>\n  <features>\n");
        for Feature { x, y, width, height } in self.features() {
            push(&mut xml, format_args!("    <_><rect>{x} {y} {width} {height}</rect></_>\n"));
        }
        xml.push_str("  </features></cascade>\n</opencv_storage>\n");
        xml
    }
}

fn stage(element: Element<'_, '_>) -> Result<CascadeStage, CascadeError> {
    // Through double precision, as OpenCV reads it: rounded twice, a number may come out another.
    let threshold: f64 = number(element, "stageThreshold")?;
    let trees = items(element, "weakClassifiers")?.map(tree).collect::<Result<_, _>>()?;
    Ok(CascadeStage { threshold: threshold as f32, trees })
}

fn tree(element: Element<'_, '_>) -> Result<Tree, CascadeError> {
    let words: Vec<i64> = numbers(child(element, "internalNodes")?)?;
    let leaves: Vec<f64> = numbers(child(element, "leafValues")?)?;
    let nodes = words.chunks(NODE_WORDS).map(node).collect::<Option<Vec<_>>>();
    match nodes {
        Some(nodes) if leaves.len() == nodes.len() + 1 => {
            Ok(Tree { nodes, leaves: leaves.into_iter().map(|leaf| leaf as f32).collect() })
        }
        _ => Err(CascadeError::TreeLength),
    }
}

fn node(words: &[i64]) -> Option<Node> {
    let [left, right, feature, subset @ ..] = words else { return None };
    // Words are written as signed numbers; their bits count.
    let subset: Vec<u32> = subset.iter().map(|word| *word as u32).collect();
    Some(Node {
        feature: usize::try_from(*feature).ok()?,
        subset: subset.try_into().ok()?,
        left: i32::try_from(*left).ok()?,
        right: i32::try_from(*right).ok()?,
    })
}

fn feature(element: Element<'_, '_>) -> Result<Feature, CascadeError> {
    match numbers(child(element, "rect")?)?[..] {
        [x, y, width, height] => Ok(Feature { x, y, width, height }),
        _ => Err(CascadeError::NoRectangle),
    }
}

fn child<'a, 'i>(element: Element<'a, 'i>, name: &'static str) -> Result<Element<'a, 'i>, CascadeError> {
    element.children().find(|node| node.has_tag_name(name)).ok_or(CascadeError::NoElement(name))
}

fn items<'a, 'i>(
    element: Element<'a, 'i>,
    name: &'static str,
) -> Result<impl Iterator<Item = Element<'a, 'i>>, CascadeError> {
    Ok(child(element, name)?.children().filter(Element::is_element))
}

fn content<'a>(element: Element<'a, '_>, name: &'static str) -> Result<&'a str, CascadeError> {
    Ok(child(element, name)?.text().unwrap_or_default().trim())
}

fn number<T: FromStr>(element: Element<'_, '_>, name: &'static str) -> Result<T, CascadeError> {
    parsed(content(element, name)?)
}

fn numbers<T: FromStr>(element: Element<'_, '_>) -> Result<Vec<T>, CascadeError> {
    element.text().unwrap_or_default().split_whitespace().map(parsed).collect()
}

fn parsed<T: FromStr>(word: &str) -> Result<T, CascadeError> {
    word.parse().map_err(|_| CascadeError::NoNumber(word.to_owned()))
}

/// How many questions a window is asked at most from the given node on.
fn depth(tree: &Tree, node: usize) -> usize {
    let Node { left, right, .. } = tree.nodes[node];
    let below = |to: i32| if to > 0 { depth(tree, to as usize) } else { 0 };
    1 + below(left).max(below(right))
}

fn write_stage(xml: &mut String, stage: &CascadeStage) {
    push(
        xml,
        format_args!(
            "    <_>\n      <maxWeakCount>{}</maxWeakCount>\n      <stageThreshold>{:?}</stageThreshold>\n      \
             <weakClassifiers>\n",
            stage.trees.len(),
            stage.threshold
        ),
    );
    for tree in &stage.trees {
        let nodes: Vec<String> = tree.nodes.iter().map(node_words).collect();
        let leaves: Vec<String> = tree.leaves.iter().map(|leaf| format!("{leaf:?}")).collect();
        let (nodes, leaves) = (nodes.join(" "), leaves.join(" "));
        push(xml, format_args!("        <_><internalNodes>{nodes}</internalNodes>\n"));
        push(xml, format_args!("          <leafValues>{leaves}</leafValues></_>\n"));
    }
    xml.push_str("      </weakClassifiers></_>\n");
}

fn node_words(node: &Node) -> String {
    let subset: Vec<String> = node.subset.iter().map(|word| (*word as i32).to_string()).collect();
    format!("{} {} {} {}", node.left, node.right, node.feature, subset.join(" "))
}

fn push(xml: &mut String, text: std::fmt::Arguments<'_>) {
    xml.write_fmt(text).expect("a String takes whatever is written");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cascade(nodes: Vec<Node>, leaves: Vec<f32>) -> Cascade {
        let features = vec![Feature { x: 1, y: 2, width: 3, height: 4 }, Feature { x: 0, y: 0, width: 1, height: 1 }];
        let stages = vec![CascadeStage { threshold: -0.1, trees: vec![Tree { nodes, leaves }] }];
        Cascade::new((20, 24), stages, features).unwrap()
    }

    #[test]
    fn what_is_written_reads_back() {
        let node = |left, right| Node { feature: 1, subset: [u32::MAX, 1 << 31, 7, 0, 0, 0, 0, 9], left, right };
        let check = |nodes: Vec<Node>, leaves: Vec<f32>, max_depth: &str| {
            let cascade = cascade(nodes, leaves);
            let xml = cascade.to_xml();
            assert_eq!(Cascade::parse(&xml).unwrap(), cascade, "{xml}");
            assert!(xml.contains(&format!("<maxDepth>{max_depth}</maxDepth>")), "{xml}");
        };
        check(vec![node(0, -1)], vec![0.1, -1.0 / 3.0], "1");
        check(vec![node(1, 2), node(0, -1), node(-2, -3)], vec![1.0, 2.0, 3.0, 1e-9], "2");
    }

    #[test]
    fn other_texts_say_what_they_are_not() {
        let good = cascade(vec![Node { feature: 0, subset: [0; 8], left: 0, right: -1 }], vec![1.0, -1.0]).to_xml();
        let check = |text: &str, expected: &str| {
            let error = Cascade::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check("", "broken or cut off");
        check(&good[..good.len() / 2], "broken or cut off");
        check("<opencv_storage/>", "describes no LBP");
        check(&good.replace("LBP", "HAAR"), "describes no LBP");
        check(&good.replace("<features>", "<things>").replace("</features>", "</things>"), "no <features>");
        check(&good.replace(">256<", ">255<"), "255 categories");
        check(&good.replace("<rect>1 2", "<rect>1"), "four numbers");
        check(&good.replace("<rect>1", "<rect>-1"), "\"-1\" stands where a number is due");
        check(&good.replace("<leafValues>1.0", "<leafValues>"), "too many or too few");
    }
}
