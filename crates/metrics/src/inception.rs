//! InceptionV3 as the Fréchet inception distance is customarily taken with it.
//!
//! Szegedy et al., "Rethinking the Inception architecture for computer vision" (2016), in the variant of TensorFlow's graph
//! of 2015-12-05: 1,008 classes, averages that leave the padding out, and a maximum in the last block's pool. The names of
//! the weights are those of torch-fidelity's export.

use crate::{
    convolution::Convolution,
    network::Tensor,
    resize,
    weights::{Weights, WeightsError},
};

/// What every image is resized to.
const SIDE: usize = 299;

/// Numbers after the last pool.
const POOLED: usize = 2048;

/// BatchNorm's ε.
const EPSILON: f64 = 0.001;

/// The network with a user's weights.
#[derive(Clone, Debug)]
pub struct Inception {
    blocks: Vec<Block>,
    /// A row a class.
    classifier: Vec<f32>,
}

/// What the network makes of an image.
pub(crate) struct Answer {
    /// The means of the last block's channels.
    pub(crate) pooled: Vec<f32>,
    /// The classifier's outputs without its bias, as the inception score is customarily taken of them.
    pub(crate) logits: Vec<f32>,
}

/// Branches over the same input, whose outputs are laid one after the other.
#[derive(Clone, Debug)]
struct Block {
    branches: Vec<Branch>,
}

/// A pool, then convolutions in a row, then perhaps some side by side.
#[derive(Clone, Debug)]
struct Branch {
    pool: Pool,
    row: Vec<Convolution>,
    fork: Vec<Convolution>,
}

/// Windows of 3 × 3.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Pool {
    None,
    /// The mean, at the same size.
    Average,
    /// The largest, at the same size.
    Maximum,
    /// The largest, at half the size.
    HalvingMaximum,
}

/// How a branch's convolutions are called.
#[derive(Clone, Copy)]
struct Plan {
    pool: Pool,
    row: &'static [&'static str],
    fork: &'static [&'static str],
}

const fn row(row: &'static [&'static str]) -> Plan {
    Plan { pool: Pool::None, row, fork: &[] }
}

const fn pooled(pool: Pool, row: &'static [&'static str]) -> Plan {
    Plan { pool, row, fork: &[] }
}

const fn forked(row: &'static [&'static str], fork: &'static [&'static str]) -> Plan {
    Plan { pool: Pool::None, row, fork }
}

const A: &[Plan] = &[
    row(&["branch1x1"]),
    row(&["branch5x5_1", "branch5x5_2"]),
    row(&["branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"]),
    pooled(Pool::Average, &["branch_pool"]),
];

const B: &[Plan] = &[
    row(&["branch3x3"]),
    row(&["branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"]),
    pooled(Pool::HalvingMaximum, &[]),
];

const C: &[Plan] = &[
    row(&["branch1x1"]),
    row(&["branch7x7_1", "branch7x7_2", "branch7x7_3"]),
    row(&["branch7x7dbl_1", "branch7x7dbl_2", "branch7x7dbl_3", "branch7x7dbl_4", "branch7x7dbl_5"]),
    pooled(Pool::Average, &["branch_pool"]),
];

const D: &[Plan] = &[
    row(&["branch3x3_1", "branch3x3_2"]),
    row(&["branch7x7x3_1", "branch7x7x3_2", "branch7x7x3_3", "branch7x7x3_4"]),
    pooled(Pool::HalvingMaximum, &[]),
];

const E_1: &[Plan] = &[E[0], E[1], E[2], pooled(Pool::Average, &["branch_pool"])];
const E_2: &[Plan] = &[E[0], E[1], E[2], pooled(Pool::Maximum, &["branch_pool"])];
const E: [Plan; 3] = [
    row(&["branch1x1"]),
    forked(&["branch3x3_1"], &["branch3x3_2a", "branch3x3_2b"]),
    forked(&["branch3x3dbl_1", "branch3x3dbl_2"], &["branch3x3dbl_3a", "branch3x3dbl_3b"]),
];

/// The blocks, and whether a block's branches end with a convolution that halves the size and pads nothing.
const MIXED: [(&str, &[Plan], bool); 11] = [
    ("Mixed_5b", A, false),
    ("Mixed_5c", A, false),
    ("Mixed_5d", A, false),
    ("Mixed_6a", B, true),
    ("Mixed_6b", C, false),
    ("Mixed_6c", C, false),
    ("Mixed_6d", C, false),
    ("Mixed_6e", C, false),
    ("Mixed_7a", D, true),
    ("Mixed_7b", E_1, false),
    ("Mixed_7c", E_2, false),
];

impl Inception {
    /// Takes the weights by their names.
    ///
    /// # Errors
    /// When a tensor is missing or has another shape.
    pub fn new(weights: &Weights) -> Result<Self, WeightsError> {
        let mut blocks = stem(weights)?;
        for (block, plans, is_halving) in MIXED {
            let branches = plans.iter().map(|plan| Branch::new(weights, block, plan, is_halving));
            blocks.push(Block { branches: branches.collect::<Result<_, _>>()? });
        }
        Ok(Self { blocks, classifier: weights.linear("fc", POOLED)?.0.to_vec() })
    }

    /// What the network makes of an image of any side.
    pub(crate) fn forward(&self, pixels: &[u8], side: usize) -> Answer {
        let output = self.blocks.iter().fold(input(pixels, side), |tensor, block| block.forward(&tensor));
        let pooled = output.channel_means();
        let logit = |class: &[f32]| class.iter().zip(&pooled).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
        let logits = self.classifier.chunks_exact(POOLED).map(|class| logit(class) as f32).collect();
        Answer { pooled, logits }
    }
}

/// Grey levels of 0 to 255 as (x − 128) / 128, after resizing: in the order of TensorFlow's graph.
fn input(pixels: &[u8], side: usize) -> Tensor {
    resize::tensorflow(&Tensor::of_pixels(pixels, side), SIDE).map(|value| (value - 128.0) / 128.0)
}

/// What comes before the branches, each a block of one.
fn stem(weights: &Weights) -> Result<Vec<Block>, WeightsError> {
    let single = |pool, row| Block { branches: vec![Branch { pool, row, fork: Vec::new() }] };
    let unpadded = |name: &str, stride: usize| -> Result<Convolution, WeightsError> {
        Ok(Convolution { stride, padding: [0, 0], ..convolution(weights, name)? })
    };
    Ok(vec![
        single(Pool::None, vec![unpadded("Conv2d_1a_3x3", 2)?]),
        single(Pool::None, vec![unpadded("Conv2d_2a_3x3", 1)?]),
        single(Pool::None, vec![convolution(weights, "Conv2d_2b_3x3")?]),
        single(Pool::HalvingMaximum, vec![]),
        single(Pool::None, vec![convolution(weights, "Conv2d_3b_1x1")?]),
        single(Pool::None, vec![unpadded("Conv2d_4a_3x3", 1)?]),
        single(Pool::HalvingMaximum, vec![]),
    ])
}

fn convolution(weights: &Weights, name: &str) -> Result<Convolution, WeightsError> {
    weights.normalized_convolution(&format!("{name}.conv"), &format!("{name}.bn"), EPSILON)
}

impl Block {
    fn forward(&self, input: &Tensor) -> Tensor {
        Tensor::concatenate(&self.branches.iter().map(|branch| branch.forward(input)).collect::<Vec<_>>())
    }
}

impl Branch {
    fn new(weights: &Weights, block: &str, plan: &Plan, is_halving: bool) -> Result<Self, WeightsError> {
        let named = |names: &[&str]| -> Result<Vec<_>, WeightsError> {
            names.iter().map(|name| convolution(weights, &format!("{block}.{name}"))).collect()
        };
        let mut row = named(plan.row)?;
        if let Some(last) = row.last_mut().filter(|_| is_halving) {
            (last.stride, last.padding) = (2, [0, 0]);
        }
        Ok(Self { pool: plan.pool, row, fork: named(plan.fork)? })
    }

    fn forward(&self, input: &Tensor) -> Tensor {
        let rectified = |tensor: &Tensor, convolution: &Convolution| convolution.forward(tensor).map(|v| v.max(0.0));
        let pooled = match self.pool {
            Pool::None => input.clone(),
            Pool::Average => input.average_pool_3x3(),
            Pool::Maximum => input.max_pool_3x3(1, 1),
            Pool::HalvingMaximum => input.max_pool_3x3(2, 0),
        };
        let output = self.row.iter().fold(pooled, |tensor, convolution| rectified(&tensor, convolution));
        match &self.fork[..] {
            [] => output,
            fork => Tensor::concatenate(&fork.iter().map(|side| rectified(&output, side)).collect::<Vec<_>>()),
        }
    }
}

#[cfg(test)]
mod tests {
    use rayon::prelude::*;
    use serde::Deserialize;

    use super::*;
    use crate::{
        Features, KernelOptions, Manifold, frechet_distance_of, inception_score, kernel_distance,
        weights::formula::{self, Summary},
    };

    #[derive(Deserialize)]
    struct Golden {
        blocks: Vec<Summary>,
        features: Vec<Summary>,
        logits: Vec<Summary>,
        frechet: f64,
        kernel: f64,
        precision: f64,
        recall: f64,
        score: f64,
    }

    fn golden() -> Golden {
        serde_json::from_str(include_str!("../tests/golden/inception.json")).unwrap()
    }

    fn network() -> Inception {
        Inception::new(&formula::weights(&shapes())).unwrap()
    }

    /// The shape of every tensor: what the weights' file of this network holds.
    fn shapes() -> Vec<(String, Vec<usize>)> {
        let text = include_str!("../tests/golden/inception-shapes.txt");
        text.lines().map(formula::shape).collect()
    }

    #[test]
    fn every_block_is_torch_fidelitys() {
        let (network, golden) = (network(), golden());
        let images = formula::images();
        let mut tensor = input(images.get(0), images.side());
        assert_eq!(network.blocks.len(), golden.blocks.len());
        for (block, expected) in network.blocks.iter().zip(&golden.blocks) {
            tensor = block.forward(&tensor);
            expected.assert_near(&tensor.values);
        }
    }

    #[test]
    fn features_and_their_metrics_are_torch_fidelitys() {
        let (network, golden, images) = (network(), golden(), formula::images());
        let answers: Vec<_> = images.par_iter().map(|pixels| network.forward(pixels, images.side())).collect();
        for (answer, (pooled, logits)) in answers.iter().zip(golden.features.iter().zip(&golden.logits)) {
            pooled.assert_near(&answer.pooled);
            logits.assert_near(&answer.logits);
        }
        let rows = |of: fn(&Answer) -> &Vec<f32>| answers.iter().flat_map(of).copied().collect::<Vec<_>>();
        let features = Features::new(POOLED, rows(|answer| &answer.pooled)).unwrap();
        let logits = Features::new(1008, rows(|answer| &answer.logits)).unwrap();
        let (a, b) = (features.select(&[0, 1, 2, 3]), features.select(&[4, 5, 6, 7]));
        let near = |ours: f64, theirs: f64| assert!((ours - theirs).abs() < 1e-3 * theirs.abs(), "{ours} and {theirs}");
        near(frechet_distance_of(&a, &b).unwrap(), golden.frechet);
        let options = KernelOptions { subsets: 5, subset_size: 3, ..KernelOptions::default() };
        near(kernel_distance(&a, &b, options).unwrap().mean, golden.kernel);
        near(inception_score(&logits, 2, 2020).unwrap().mean, golden.score);
        let (generated, real) = (features.first(6), features.select(&[2, 3, 4, 5, 6, 7]));
        let manifold = Manifold::of(&real, &generated).unwrap();
        near(manifold.precision.iter().sum::<f64>() / 6.0, golden.precision);
        near(manifold.recall.iter().sum::<f64>() / 6.0, golden.recall);
    }
}
