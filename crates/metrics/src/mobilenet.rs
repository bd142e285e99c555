//! MobileNetV2 as torchvision has it: a small backbone whose weights are easy to come by.
//!
//! Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks" (2018), table 2.

use crate::{
    convolution::Convolution,
    network::Tensor,
    resize,
    weights::{Weights, WeightsError},
};

/// What every image is resized to.
const SIDE: usize = 224;

/// BatchNorm's ε.
const EPSILON: f64 = 1e-5;

/// Mean and deviation of ImageNet's channels, of 0 to 1.
const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const DEVIATION: [f32; 3] = [0.229, 0.224, 0.225];

/// The blocks that halve the size, and the last block of all; block 0 is a convolution that halves it too.
const HALVING: [usize; 4] = [2, 4, 7, 14];
const LAST: usize = 18;

/// The network with a user's weights.
#[derive(Clone, Debug)]
pub struct MobileNet {
    blocks: Vec<Block>,
}

/// Convolutions in a row.
#[derive(Clone, Debug)]
struct Block {
    /// Each with whether its output is cut to 0 to 6.
    row: Vec<(Convolution, bool)>,
    /// Whether the input is added to the output.
    is_residual: bool,
}

impl MobileNet {
    /// Takes the weights by their names.
    ///
    /// # Errors
    /// When a tensor is missing or has another shape.
    pub fn new(weights: &Weights) -> Result<Self, WeightsError> {
        let mut blocks = vec![outer_block(weights, 0, 2)?];
        for index in 1..LAST {
            blocks.push(inner_block(weights, index)?);
        }
        blocks.push(outer_block(weights, LAST, 1)?);
        Ok(Self { blocks })
    }

    /// The means of the last block's channels, for an image of any side.
    pub(crate) fn forward(&self, pixels: &[u8], side: usize) -> Vec<f32> {
        let output = self.blocks.iter().fold(input(pixels, side), |tensor, block| block.forward(&tensor));
        output.channel_means()
    }
}

/// Resized without details folding over, then as ImageNet's channels are normalized.
fn input(pixels: &[u8], side: usize) -> Tensor {
    let mut tensor = resize::triangle(&Tensor::of_pixels(pixels, side), SIDE);
    let planes = tensor.values.chunks_exact_mut(SIDE * SIDE);
    for (plane, (mean, deviation)) in planes.zip(MEAN.iter().zip(DEVIATION)) {
        plane.iter_mut().for_each(|value| *value = (*value / 255.0 - mean) / deviation);
    }
    tensor
}

fn outer_block(weights: &Weights, index: usize, stride: usize) -> Result<Block, WeightsError> {
    let name = format!("features.{index}");
    let convolution = weights.normalized_convolution(&format!("{name}.0"), &format!("{name}.1"), EPSILON)?;
    Ok(Block { row: vec![(Convolution { stride, ..convolution }, true)], is_residual: false })
}

/// Wider, each channel alone, narrower; the first block lacks the widening.
fn inner_block(weights: &Weights, index: usize) -> Result<Block, WeightsError> {
    let name = format!("features.{index}.conv");
    let named = |convolution: &str, norm: &str| {
        weights.normalized_convolution(&format!("{name}.{convolution}"), &format!("{name}.{norm}"), EPSILON)
    };
    let stride = if HALVING.contains(&index) { 2 } else { 1 };
    let alone = |convolution: Convolution| {
        (Convolution { inputs: convolution.outputs, is_depthwise: true, stride, ..convolution }, true)
    };
    let row = match index {
        1 => vec![alone(named("0.0", "0.1")?), (named("1", "2")?, false)],
        _ => vec![(named("0.0", "0.1")?, true), alone(named("1.0", "1.1")?), (named("2", "3")?, false)],
    };
    let is_residual =
        stride == 1 && row.first().map(|(first, _)| first.inputs) == row.last().map(|(last, _)| last.outputs);
    Ok(Block { row, is_residual })
}

impl Block {
    fn forward(&self, input: &Tensor) -> Tensor {
        let mut output = input.clone();
        for (convolution, is_cut) in &self.row {
            output = convolution.forward(&output);
            if *is_cut {
                output = output.map(|value| value.clamp(0.0, 6.0));
            }
        }
        if self.is_residual {
            output.values.iter_mut().zip(&input.values).for_each(|(output, input)| *output += input);
        }
        output
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::weights::formula::{self, Summary};

    #[derive(Deserialize)]
    struct Golden {
        blocks: Vec<Summary>,
        features: Vec<Summary>,
    }

    #[track_caller]
    fn check(weights: &Weights, golden: &str) {
        let golden: Golden = serde_json::from_str(golden).unwrap();
        let (network, images) = (MobileNet::new(weights).unwrap(), formula::images());
        let mut tensor = input(images.get(0), images.side());
        assert_eq!(network.blocks.len(), golden.blocks.len());
        for (block, expected) in network.blocks.iter().zip(&golden.blocks) {
            tensor = block.forward(&tensor);
            expected.assert_near(&tensor.values);
        }
        for (pixels, expected) in images.iter().zip(&golden.features) {
            expected.assert_near(&network.forward(pixels, images.side()));
        }
    }

    #[test]
    fn every_block_is_torchvisions() {
        let shapes: Vec<_> = include_str!("../tests/golden/mobilenet-shapes.txt").lines().map(formula::shape).collect();
        check(&formula::weights(&shapes), include_str!("../tests/golden/mobilenet.json"));
    }

    #[test]
    fn every_block_is_torchvisions_with_real_weights() {
        let Some(path) = std::env::var_os("NIJIGEN_MOBILENET") else {
            eprintln!("left out: NIJIGEN_MOBILENET names no file of torchvision's weights (mobilenet_v2-b0353104.pth)");
            return;
        };
        let weights = Weights::read(&std::fs::read(path).unwrap()).unwrap();
        check(&weights, include_str!("../tests/golden/mobilenet-imagenet.json"));
    }
}
