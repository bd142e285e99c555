//! The layers of discriminators as ONNX operators; what they compute is said in `gan`.

use gan::{Architecture, ClassUse, Family};

use super::{
    generator::{block, projected, width},
    graph::{Attribute, Graph},
};

/// The slope of leaky ReLU below zero, in every layer.
const NEGATIVE_SLOPE: f32 = 0.2;

/// The deviation of a group of one image, which is that of no image from itself: √ε of gan's minibatch deviation.
const LONE_DEVIATION: f32 = 1e-4;

/// All layers from `images` to one logit an image, called `output`; a discriminator that is told classes leaves them out.
pub(super) fn layers(graph: &mut Graph, architecture: &Architecture, output: &str) {
    let count = graph.tensors().layers();
    let kernel = i64::from(architecture.kernel);
    let features = match architecture.family {
        Family::Resnet => residual(graph, architecture, count),
        Family::Dcgan | Family::TensorflowDcgan | Family::Upsample => {
            (0..count).fold("images".to_owned(), |features, index| {
                let layer = format!("layers.{index}");
                let padding = [(kernel - 2) / 2, (kernel - 1) / 2];
                let features = graph.convolution("Conv", &format!("{layer}.conv"), &features, 2, padding);
                graph.normalize_and_rectify(&layer, &features, NEGATIVE_SLOPE)
            })
        }
    };
    let features = if architecture.minibatch_group > 0 { with_deviation(graph, &features) } else { features };
    let features = match architecture.minibatch_kernels {
        0 => features,
        kernels => with_nearness(graph, &features, kernels as usize),
    };
    let logits = graph.convolution("Conv", "head", &features, 1, [0, 0]);
    // A classifier's logit of being real is ln Σ eˡ over its classes; a sum over the only logit would change nothing.
    let logits = match architecture.class_use {
        ClassUse::SemiSupervised => {
            let axes = [Attribute::Integers("axes", &[1]), Attribute::Integer("keepdims", 1)];
            graph.node("ReduceLogSumExp", &[&logits], &axes, "logits.real")
        }
        ClassUse::None | ClassUse::Conditional => logits,
    };
    let shape = graph.integers("logits.shape", &[-1]);
    graph.node("Reshape", &[&logits, &shape], &[], output);
}

/// Colours to features, halving blocks, and one at the coarsest side.
fn residual(graph: &mut Graph, architecture: &Architecture, count: usize) -> String {
    let features = graph.convolution("Conv", "layers.0.color", "images", 1, [0, 0]);
    (1..count).fold(features, |features, index| {
        let layer = format!("layers.{index}");
        let features = block(graph, architecture, &layer, &features);
        if index == count - 1 {
            return projected(graph, &layer, features);
        }
        let channels = width(graph, &layer);
        let features = graph.resampled("Conv", &features, channels, &format!("{layer}.halved"));
        projected(graph, &layer, features)
    })
}

/// One more channel, which says that the image has no other beside it.
fn with_deviation(graph: &mut Graph, features: &str) -> String {
    let axes = [Attribute::Integers("axes", &[1]), Attribute::Integer("keepdims", 1)];
    let mean = graph.node("ReduceMean", &[features], &axes, "deviation.shape");
    let (zero, alone) = (graph.values("zero", &[], &[0.0]), graph.values("deviation.alone", &[], &[LONE_DEVIATION]));
    let blank = graph.node("Mul", &[&mean, &zero], &[], "deviation.blank");
    let channel = graph.node("Add", &[&blank, &alone], &[], "deviation");
    graph.node("Concat", &[features, &channel], &[Attribute::Integer("axis", 1)], "features.compared")
}

/// A channel for each kernel of minibatch discrimination, zero: the image has no other beside it.
fn with_nearness(graph: &mut Graph, features: &str, kernels: usize) -> String {
    let axes = [Attribute::Integers("axes", &[1]), Attribute::Integer("keepdims", 1)];
    let mean = graph.node("ReduceMean", &[features], &axes, "nearness.shape");
    let zeros = graph.values("nearness.zeros", &[1, kernels, 1, 1], &vec![0.0; kernels]);
    let channels = graph.node("Mul", &[&mean, &zeros], &[], "nearness");
    graph.node("Concat", &[features, &channels], &[Attribute::Integer("axis", 1)], "features.near")
}
