//! Networks as ONNX models, by a writer of our own: weights in, a file for ONNX Runtime out.
//!
//! The model has opset 17, single precision, and a batch of any size. A generator maps `latents` `[batch, size]`, and beside them
//! `classes` `[batch, classes + 1]` where it knows classes, to `images` `[batch, 3, side, side]` in [−1, 1], a discriminator `images` to `logits` `[batch]`. Its metadata says which recipe, side and
//! weights it is of.

mod discriminator;
mod generator;
mod graph;
mod tensors;

use std::collections::BTreeMap;

use contracts::ContentHash;
use gan::{Architecture, Classes, Discriminator, Generator, LatentConfig, LatentDistribution, WeightsError};

use self::{graph::Graph, tensors::Tensors};
use crate::Device;

/// How a model's weights are stored. It computes in single precision either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// As they were trained.
    #[default]
    Single,
    /// Those of convolutions rounded to half precision: half the size, on every runtime.
    Half,
}

/// What a generator's model gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Output {
    /// `images` in [−1, 1].
    #[default]
    Images,
    /// `pixels`, bytes from 0 to 255: what torch-fidelity takes for a generator.
    Pixels,
}

/// A generator's weights as an ONNX model; equal weights give equal bytes.
///
/// # Errors
/// When the bytes are no generator's weights.
pub fn generator(weights: &[u8], precision: Precision, output: Output) -> Result<Vec<u8>, WeightsError> {
    let network = Generator::from_safetensors(weights, &Device::flex())?;
    let (architecture, latent) = (network.architecture(), network.latent());
    let mut metadata = describe("generator", architecture, weights);
    metadata.extend(describe_latent(latent));
    let classes = network.classes();
    metadata.extend(describe_classes(classes));
    let mut graph = Graph::new(Tensors::read(weights)?, precision);
    let images = generator::layers(&mut graph, architecture, latent.size);
    let side = architecture.side as usize;
    let (name, is_bytes) = match output {
        Output::Images => ("images", false),
        Output::Pixels => ("pixels", true),
    };
    generator::finish(&mut graph, &images, output, name);
    let (latent, row) = ([latent.size as usize], [classes.row_length()]);
    let inputs: [(&str, &[usize]); 2] = [("latents", &latent), ("classes", &row)];
    let inputs = if classes.is_empty() { &inputs[..1] } else { &inputs[..] };
    Ok(graph.into_model(inputs, (name, &[3, side, side], is_bytes), &metadata))
}

/// A discriminator's weights as an ONNX model; equal weights give equal bytes.
///
/// Where the network compares each image with others of its batch, the model has it compare each with itself alone: what an
/// image is given must not depend on who is asked about beside it.
///
/// # Errors
/// When the bytes are no discriminator's weights.
pub fn discriminator(weights: &[u8], precision: Precision) -> Result<Vec<u8>, WeightsError> {
    let network = Discriminator::from_safetensors(weights, &Device::flex())?;
    let architecture = network.architecture();
    let metadata = describe("discriminator", architecture, weights);
    let mut graph = Graph::new(Tensors::read(weights)?, precision);
    discriminator::layers(&mut graph, architecture, "logits");
    let side = architecture.side as usize;
    Ok(graph.into_model(&[("images", &[3, side, side])], ("logits", &[], false), &metadata))
}

fn describe(network: &str, architecture: &Architecture, weights: &[u8]) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("network", network.to_owned()),
        ("recipe", architecture.recipe.clone()),
        ("family", architecture.family.name().to_owned()),
        ("side", architecture.side.to_string()),
        ("weights_sha256", ContentHash::of(weights).to_string()),
    ])
}

/// The names of the classes, as JSON, in the order of the numbers of their rows; nothing where there are none.
fn describe_classes(classes: &Classes) -> Option<(&'static str, String)> {
    let names = || serde_json::to_string(classes.names()).expect("strings always have a JSON form");
    (!classes.is_empty()).then(|| ("classes", names()))
}

fn describe_latent(latent: LatentConfig) -> [(&'static str, String); 2] {
    let distribution = match latent.distribution {
        LatentDistribution::Normal => "normal",
        LatentDistribution::Uniform => "uniform",
    };
    [("latent_size", latent.size.to_string()), ("latent_distribution", distribution.to_owned())]
}
