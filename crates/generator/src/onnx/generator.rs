//! The layers of generators as ONNX operators; what they compute is said in `gan`.

use gan::{Architecture, Family};

use super::{
    Output,
    graph::{Attribute, Graph},
};

/// The slope of a residual block's leaky ReLU below zero.
const BLOCK_SLOPE: f32 = 0.2;

/// All layers from `latents` on but tanh; returns the name of what they give.
pub(super) fn layers(graph: &mut Graph, architecture: &Architecture, latent_size: u32) -> String {
    let features = projection(graph, latent_size);
    let last = graph.tensors().layers() - 1;
    match architecture.family {
        Family::Dcgan | Family::TensorflowDcgan => {
            let kernel = i64::from(architecture.kernel);
            // As TensorFlow's SAME pads: the odd pixel is cut off at the end.
            let padding = [(kernel - 2) / 2, (kernel - 1) / 2];
            let double = |graph: &mut Graph, layer: &str, features: &str, _: usize| {
                graph.convolution("ConvTranspose", &format!("{layer}.conv"), features, 2, padding)
            };
            rectified(graph, features, last, double)
        }
        Family::Upsample => {
            let padding = [i64::from(architecture.kernel / 2); 2];
            let double = |graph: &mut Graph, layer: &str, features: &str, index: usize| {
                // The last layer makes colours of what has the whole side already.
                let features = if index < last { repeated(graph, features, layer) } else { features.to_owned() };
                graph.convolution("Conv", &format!("{layer}.conv"), &features, 1, padding)
            };
            rectified(graph, features, last, double)
        }
        Family::Resnet => {
            let features = modulated(graph, 0, features);
            let blocks = (1..last).fold(features, |features, index| {
                let layer = format!("layers.{index}");
                let features = projected(graph, &layer, features);
                // The first block works at the coarsest side.
                let features = if index > 1 { doubled(graph, &layer, &features) } else { features };
                let features = block(graph, architecture, &layer, &features);
                modulated(graph, index, features)
            });
            graph.convolution("Conv", &format!("layers.{last}.color"), &blocks, 1, [0, 0])
        }
    }
}

/// Tanh, and bytes where those are wanted.
pub(super) fn finish(graph: &mut Graph, features: &str, output: Output, name: &str) {
    if output == Output::Images {
        graph.node("Tanh", &[features], &[], name);
        return;
    }
    let images = graph.node("Tanh", &[features], &[], "images");
    let level = graph.values("level", &[], &[127.5]);
    // Half a level more than the middle, so that what is cut off is rounded.
    let middle = graph.values("middle", &[], &[128.0]);
    let scaled = graph.node("Mul", &[&images, &level], &[], "images.scaled");
    let levels = graph.node("Add", &[&scaled, &middle], &[], "images.levels");
    let (least, most) = (graph.values("least", &[], &[0.0]), graph.values("most", &[], &[255.0]));
    let whole = graph.node("Floor", &[&levels], &[], "images.whole");
    let bounded = graph.node("Clip", &[&whole, &least, &most], &[], "images.bounded");
    graph.bytes(&bounded, name);
}

/// Layers from 1 to the last, each but the last with BatchNorm, where the network has it, and ReLU behind it.
fn rectified(
    graph: &mut Graph,
    features: String,
    last: usize,
    convolve: impl Fn(&mut Graph, &str, &str, usize) -> String,
) -> String {
    let hidden = |graph: &mut Graph, index: usize, features: &str| {
        let layer = format!("layers.{index}");
        let features = graph.normalize(&layer, features);
        let features = modulated(graph, index, features);
        graph.leaky_relu(&features, 0.0, &format!("{layer}.active"))
    };
    let features = hidden(graph, 0, &features);
    (1..=last).fold(features, |features, index| {
        let features = convolve(graph, &format!("layers.{index}"), &features, index);
        if index < last { hidden(graph, index, &features) } else { features }
    })
}

/// The scale and shift of the images' classes behind a hidden layer, where the network knows classes.
fn modulated(graph: &mut Graph, index: usize, features: String) -> String {
    let name = format!("modulations.{index}");
    let of_classes = |graph: &mut Graph, part: &str| {
        let table = graph.weight(&format!("{name}.{part}"))?;
        let (shape, _) = graph.tensors().get(&table)?;
        let shape = [-1, shape[1] as i64, 1, 1];
        let row = graph.node("MatMul", &["classes", &table], &[], &format!("{name}.{part}.row"));
        let shape = graph.integers(&format!("{name}.{part}.shape"), &shape);
        Some(graph.node("Reshape", &[&row, &shape], &[], &format!("{name}.{part}.channels")))
    };
    let (Some(scale), Some(shift)) = (of_classes(graph, "weight"), of_classes(graph, "bias")) else { return features };
    let scaled = graph.node("Mul", &[&features, &scale], &[], &format!("{name}.scaled"));
    graph.node("Add", &[&scaled, &shift], &[], &format!("{name}.shifted"))
}

/// The linear map from latents to the coarsest features: a transposed convolution of one pixel is a matrix product.
fn projection(graph: &mut Graph, latent_size: u32) -> String {
    let (shape, values) = graph.tensors().get("layers.0.conv.weight").expect("gan has checked it").clone();
    let [_, channels, down, across] = shape[..] else { unreachable!("a convolution's weights have four dimensions") };
    let name = "layers.0.conv.weight";
    let weight = graph.values(name, &[latent_size as usize, channels * down * across], &values);
    let features = graph.node("MatMul", &["latents", &weight], &[], "layers.0.product");
    let shape = graph.integers("layers.0.shape", &[-1, channels as i64, down as i64, across as i64]);
    let features = graph.node("Reshape", &[&features, &shape], &[], "layers.0.features");
    match graph.weight("layers.0.position_bias") {
        Some(bias) => graph.node("Add", &[&features, &bias], &[], "layers.0.biased"),
        None => features,
    }
}

/// Each pixel 2 × 2 times.
fn repeated(graph: &mut Graph, features: &str, layer: &str) -> String {
    let scales = graph.values("scales", &[4], &[1.0, 1.0, 2.0, 2.0]);
    let attributes = [
        Attribute::Text("mode", "nearest"),
        Attribute::Text("nearest_mode", "floor"),
        Attribute::Text("coordinate_transformation_mode", "asymmetric"),
    ];
    // The empty name stands for a region that is not given.
    graph.node("Resize", &[features, "", &scales], &attributes, &format!("{layer}.repeated"))
}

/// The 1 × 1 convolution that changes the number of channels, where a layer has it.
pub(super) fn projected(graph: &mut Graph, layer: &str, features: String) -> String {
    match graph.tensors().get(&format!("{layer}.project.weight")) {
        Some(_) => graph.convolution("Conv", &format!("{layer}.project"), &features, 1, [0, 0]),
        None => features,
    }
}

fn doubled(graph: &mut Graph, layer: &str, features: &str) -> String {
    let channels = width(graph, layer);
    graph.resampled("ConvTranspose", features, channels, &format!("{layer}.doubled"))
}

/// The channels of a layer's block.
pub(super) fn width(graph: &Graph, layer: &str) -> usize {
    graph.tensors().get(&format!("{layer}.reduce.weight")).map_or(0, |(shape, _)| shape[1])
}

/// A residual block.
pub(super) fn block(graph: &mut Graph, architecture: &Architecture, layer: &str, features: &str) -> String {
    let part = |name: &str| format!("{layer}.{name}");
    let hidden = graph.convolution("Conv", &part("reduce"), features, 1, [0, 0]);
    let hidden = graph.leaky_relu(&hidden, BLOCK_SLOPE, &part("reduce.active"));
    let hidden = graph.grouped_convolution("Conv", &part("spatial"), &hidden, 1, [1, 1], architecture.groups.into());
    let hidden = graph.leaky_relu(&hidden, BLOCK_SLOPE, &part("spatial.active"));
    let change = graph.convolution("Conv", &part("expand"), &hidden, 1, [0, 0]);
    graph.node("Add", &[features, &change], &[], &part("sum"))
}
