//! A cascade as the XML that OpenCV's CascadeClassifier reads.

use std::{collections::BTreeMap, fmt::Write as _};

use crate::{feature::Feature, stage::Stage};

/// The file's text: only the features that are used, numbered anew.
///
/// # Panics
/// Never: writing to a `String` cannot fail.
pub fn to_xml(side: u8, features: &[Feature], stages: &[Stage]) -> String {
    let used: std::collections::BTreeSet<usize> =
        stages.iter().flat_map(|stage| &stage.stumps).map(|stump| stump.feature).collect();
    let numbers: BTreeMap<usize, usize> = used.iter().enumerate().map(|(number, feature)| (*feature, number)).collect();
    let most = stages.iter().map(|stage| stage.stumps.len()).max().unwrap_or(0);
    let mut xml = format!(
        "<?xml version=\"1.0\"?>\n<opencv_storage>\n<cascade>\n  <stageType>BOOST</stageType>\n  \
         <featureType>LBP</featureType>\n  <height>{side}</height>\n  <width>{side}</width>\n  <stageParams>\n    \
         <boostType>GAB</boostType>\n    <maxDepth>1</maxDepth>\n    <maxWeakCount>{most}</maxWeakCount></stageParams>\n  \
         <featureParams>\n    <maxCatCount>256</maxCatCount></featureParams>\n  <stageNum>{}</stageNum>\n  <stages>\n",
        stages.len()
    );
    stages.iter().for_each(|stage| write_stage(&mut xml, stage, &numbers));
    xml.push_str("  </stages>\n  <features>\n");
    for feature in used.iter().map(|place| features[*place]) {
        let Feature { x, y, width, height } = feature;
        let _ = writeln!(xml, "    <_><rect>{x} {y} {width} {height}</rect></_>");
    }
    xml.push_str("  </features></cascade>\n</opencv_storage>\n");
    xml
}

fn write_stage(xml: &mut String, stage: &Stage, numbers: &BTreeMap<usize, usize>) {
    let _ = writeln!(
        xml,
        "    <_>\n      <maxWeakCount>{}</maxWeakCount>\n      <stageThreshold>{:?}</stageThreshold>\n      <weakClassifiers>",
        stage.stumps.len(),
        stage.threshold
    );
    for stump in &stage.stumps {
        let subset: Vec<String> = stump.subset.iter().map(|word| (*word as i32).to_string()).collect();
        let _ = writeln!(
            xml,
            "        <_><internalNodes>0 -1 {} {}</internalNodes>\n          <leafValues>{:?} {:?}</leafValues></_>",
            numbers[&stump.feature],
            subset.join(" "),
            stump.leaves[0],
            stump.leaves[1]
        );
    }
    xml.push_str("      </weakClassifiers></_>\n");
}
