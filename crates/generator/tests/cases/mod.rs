//! Networks of every family with weights that are nowhere 0, and narrow, so that they are made again from seeds.
#![allow(dead_code, reason = "neither the test nor the example uses all of it")]

use std::{collections::BTreeMap, path::Path};

use contracts::publish;
use gan::{Discriminator, Norm, Philox, Recipe, Stream};
use generator::{
    Device, TrainedDiscriminator, TrainedGenerator,
    onnx::{self, Output, Precision},
};
use pictures::Rgb;
use safetensors::SafeTensors;

/// A recipe with what is changed of it, and a side.
pub(crate) const CASES: [(&str, &str, &str, u32); 11] = [
    ("dcgan", "dcgan", "", 32),
    ("dcgan-48", "dcgan", "", 48),
    ("dcgan-paper", "dcgan-paper", "", 32),
    ("dcgan-tutorial", "dcgan-tutorial", "", 48),
    ("modern", "modern", MODERN, 32),
    (
        "bare",
        "modern",
        "generator.norm = \"none\"\ndiscriminator.norm = \"none\"\ndiscriminator.minibatch_group = 4",
        32,
    ),
    ("resnet", "modern", RESNET, 32),
    ("resnet-48", "modern", RESNET, 48),
    ("resnet-groups", "modern", GROUPS, 32),
    ("minibatch", "dcgan", "discriminator.minibatch_kernels = 3", 32),
    ("spectral", "dcgan", "discriminator.norm = \"spectral\"", 32),
];

/// The discriminator that was recorded with it: that of the recipe now is in `bare`.
const MODERN: &str = "discriminator.norm = \"batch\"";

const RESNET: &str = "discriminator.norm = \"batch\"\ngenerator.family = \"resnet\"\ndiscriminator.family = \"resnet\"\ndiscriminator.kernel = 3";

/// Blocks have half of their channels in the middle, and the coarsest more than sixteen in all.
const GROUPS: &str = "generator.family = \"resnet\"\ngenerator.stage_channels = [16, 8, 8, 4]\ngenerator.groups = 2\n\
    discriminator.family = \"resnet\"\ndiscriminator.kernel = 3\ndiscriminator.stage_channels = [32, 24, 16, 8]\n\
    discriminator.groups = 4";

/// Two networks as files of weights.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) generator: Vec<u8>,
    pub(crate) discriminator: Vec<u8>,
}

impl Case {
    pub(crate) fn new((name, recipe, changes, side): (&'static str, &str, &str, u32), width: &str) -> Self {
        let changes = format!("{width}\n{changes}").parse().unwrap();
        let recipe = Recipe::named(recipe).unwrap().with_overrides(&changes).unwrap();
        let generator = recipe.generator(side, 1, &Device::flex()).unwrap().to_safetensors().unwrap();
        let discriminator = recipe.discriminator(side, 1, &Device::flex()).unwrap().to_safetensors().unwrap();
        Self { name, generator: shaken(generator), discriminator: settled(shaken(discriminator)) }
    }

    pub(crate) fn narrow() -> impl Iterator<Item = Self> {
        let width = "generator.base_channels = 2\ndiscriminator.base_channels = 2\nlatent.size = 5";
        CASES.into_iter().map(move |case| Self::new(case, width))
    }

    pub(crate) fn models(&self) -> [(&'static str, Vec<u8>); 4] {
        [
            ("generator.onnx", onnx::generator(&self.generator, Precision::Single, Output::Images).unwrap()),
            ("generator-half.onnx", onnx::generator(&self.generator, Precision::Half, Output::Images).unwrap()),
            ("generator-pixels.onnx", onnx::generator(&self.generator, Precision::Single, Output::Pixels).unwrap()),
            ("discriminator.onnx", onnx::discriminator(&self.discriminator, Precision::Single).unwrap()),
        ]
    }

    pub(crate) fn open(&self, folder: &Path) -> (TrainedGenerator, TrainedDiscriminator) {
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.join(format!("{}-{name}.safetensors", self.name));
            publish::write_file(&path, bytes).unwrap();
            path
        };
        let generator = TrainedGenerator::open(&write("generator", &self.generator), &Device::flex()).unwrap();
        let path = write("discriminator", &self.discriminator);
        let discriminator = TrainedDiscriminator::open(&path, generator.side(), &Device::flex()).unwrap();
        (generator, discriminator)
    }

    /// What the discriminator says of each image alone, as its model does: some compare the images of a batch with one another.
    pub(crate) fn scores(discriminator: &TrainedDiscriminator, images: &[Rgb]) -> Vec<f32> {
        images.iter().flat_map(|image| discriminator.scores(std::slice::from_ref(image)).unwrap()).collect()
    }

    /// What the network gives before it becomes bytes.
    pub(crate) fn values(&self, latents: &[Vec<f32>]) -> Vec<f32> {
        let network = gan::Generator::from_safetensors(&self.generator, &Device::flex()).unwrap();
        let shape = [latents.len(), latents[0].len()];
        let latents = burn::tensor::TensorData::new(latents.concat(), shape);
        let images = network.forward(burn::tensor::Tensor::from_data(latents, &Device::flex()));
        images.into_data().try_to_vec().unwrap()
    }
}

/// The same weights with noise on them, so that no bias, mean or deviation is what it is at first; convolutions keep the scale of
/// their input (He et al., 2015).
fn shaken(mut file: Vec<u8>) -> Vec<u8> {
    let (header, metadata) = SafeTensors::read_metadata(&file).unwrap();
    let tensors: BTreeMap<_, _> = metadata.tensors().into_iter().collect();
    let tensors: Vec<_> =
        tensors.into_iter().map(|(name, info)| (name, info.shape.clone(), info.data_offsets)).collect();
    for (step, (name, shape, (start, end))) in (0..).zip(tensors) {
        let mut noise = vec![0.0; (end - start) / 4];
        Philox::new(5, Stream::Mixture).fill_uniform(step, &mut noise);
        let kept = (6.0 / (noise.len() / shape[0]) as f32).sqrt();
        let size = match name.rsplit('.').nth(1) {
            Some("conv" | "head") if shape.len() == 4 => kept,
            // The others of a residual network have their scale already, and blocks add up.
            Some("expand") => 0.2 * kept,
            Some("reduce" | "spatial" | "project" | "color") if shape.len() == 4 => 0.0,
            _ => 0.1,
        };
        for (bytes, noise) in file[header + 8 + start..header + 8 + end].chunks_exact_mut(4).zip(noise) {
            let value = f32::from_le_bytes(bytes.try_into().unwrap());
            let noise = 2.0 * noise - 1.0;
            let is_variance = name.ends_with("running_var");
            let changed = if is_variance { value * (1.0 + 0.5 * noise) } else { value + size * noise };
            bytes.copy_from_slice(&changed.to_le_bytes());
        }
    }
    file
}

/// The same discriminator with singular vectors of the weights that it has now, where its norm is spectral.
fn settled(file: Vec<u8>) -> Vec<u8> {
    let network = Discriminator::from_safetensors(&file, &Device::flex()).unwrap();
    if network.architecture().norm != Norm::Spectral {
        return file;
    }
    (0..15).fold(network, |network, _| network.with_power_iteration()).to_safetensors().unwrap()
}
