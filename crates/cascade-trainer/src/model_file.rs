//! Boosted stages as a cascade that detectors evaluate and OpenCV reads.

use std::collections::{BTreeMap, BTreeSet};

use lbp_cascade::{Cascade, CascadeError, CascadeStage, Feature, Node, Tree};

use crate::{boosting::BoostedStage, stump::Stump};

/// The cascade of the stages, with those of the features alone that are used, numbered anew.
///
/// # Errors
/// When there is no stage.
pub fn to_cascade(side: u8, features: &[Feature], stages: &[BoostedStage]) -> Result<Cascade, CascadeError> {
    let used: BTreeSet<usize> = stages.iter().flat_map(|stage| &stage.stumps).map(|stump| stump.feature).collect();
    let numbers: BTreeMap<usize, usize> = used.iter().enumerate().map(|(number, feature)| (*feature, number)).collect();
    let stage = |stage: &BoostedStage| {
        let trees = stage.stumps.iter().map(|stump| to_tree(stump, numbers[&stump.feature]));
        CascadeStage { threshold: stage.threshold, trees: trees.collect() }
    };
    let features = used.iter().map(|index| features[*index]).collect();
    Cascade::new((side.into(), side.into()), stages.iter().map(stage).collect(), features)
}

fn to_tree(stump: &Stump, feature: usize) -> Tree {
    let node = Node { feature, subset: stump.subset, left: 0, right: -1 };
    Tree { nodes: vec![node], leaves: stump.leaves.to_vec() }
}
