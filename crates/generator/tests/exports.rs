//! ONNX models and PyTorch modules against burn, as `oracles/exports.py` recorded them: networks of every family with weights
//! that are nowhere 0, and narrow, so that they are made again here from seeds.
#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, path::Path};

use contracts::{ContentHash, publish};
use gan::{Philox, Recipe, Stream};
use generator::{
    Device, TrainedDiscriminator, TrainedGenerator,
    onnx::{self, Output, Precision},
};
use pictures::Rgb;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::Deserialize;

/// Single precision on both sides, over a handful of layers.
const TOLERANCE: f32 = 1e-4;

/// A recipe with what is changed of it, and a side.
const CASES: [(&str, &str, &str, u32); 9] = [
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
];

/// The discriminator that was recorded with it: that of the recipe now is in `bare`.
const MODERN: &str = "discriminator.norm = \"batch\"";

const RESNET: &str = "discriminator.norm = \"batch\"\ngenerator.family = \"resnet\"\ndiscriminator.family = \"resnet\"\ndiscriminator.kernel = 3";

/// Blocks have half of their channels in the middle, and the coarsest more than sixteen in all.
const GROUPS: &str = "generator.family = \"resnet\"\ngenerator.stage_channels = [16, 8, 8, 4]\ngenerator.groups = 2\n\
    discriminator.family = \"resnet\"\ndiscriminator.kernel = 3\ndiscriminator.stage_channels = [32, 24, 16, 8]\n\
    discriminator.groups = 4";

struct Case {
    name: &'static str,
    generator: Vec<u8>,
    discriminator: Vec<u8>,
}

impl Case {
    fn new((name, recipe, changes, side): (&'static str, &str, &str, u32), width: &str) -> Self {
        let changes = format!("{width}\n{changes}").parse().unwrap();
        let recipe = Recipe::named(recipe).unwrap().with_overrides(&changes).unwrap();
        let generator = recipe.generator(side, 1, &Device::flex()).unwrap().to_safetensors().unwrap();
        let discriminator = recipe.discriminator(side, 1, &Device::flex()).unwrap().to_safetensors().unwrap();
        Self { name, generator: shaken(generator), discriminator: shaken(discriminator) }
    }

    fn narrow() -> impl Iterator<Item = Self> {
        let width = "generator.base_channels = 2\ndiscriminator.base_channels = 2\nlatent.size = 5";
        CASES.into_iter().map(move |case| Self::new(case, width))
    }

    /// As files in a folder, each with what burn makes of three latents and of their images.
    fn write(&self, folder: &Path) {
        let file = |kind: &str| folder.join(format!("{}-{kind}", self.name));
        publish::write_file(&file("generator.safetensors"), &self.generator).unwrap();
        publish::write_file(&file("discriminator.safetensors"), &self.discriminator).unwrap();
        for (kind, model) in self.models() {
            publish::write_file(&file(kind), &model).unwrap();
        }
        let (generator, discriminator) = self.open(folder);
        let latents = generator.latents(1, 0..3);
        let images = generator.images(&latents).unwrap();
        let scores = discriminator.scores(&images).unwrap();
        let values = self.values(&latents);
        let side = generator.side() as usize;
        let tensors: BTreeMap<&str, (Vec<usize>, Vec<f32>)> = BTreeMap::from([
            ("latents", (vec![3, generator.latent_size()], latents.concat())),
            ("values", (vec![3, 3, side, side], values)),
            ("images", (vec![3, 3, side, side], images.iter().flat_map(planes).collect())),
            ("scores", (vec![3], scores)),
        ]);
        let bytes: BTreeMap<&str, (Vec<usize>, Vec<u8>)> = tensors
            .into_iter()
            .map(|(name, (shape, values))| (name, (shape, values.iter().flat_map(|v| v.to_le_bytes()).collect())))
            .collect();
        let views =
            bytes.iter().map(|(name, (shape, data))| (name, TensorView::new(Dtype::F32, shape.clone(), data).unwrap()));
        publish::write_file(&file("burn.safetensors"), &safetensors::serialize(views, None).unwrap()).unwrap();
    }

    fn models(&self) -> [(&'static str, Vec<u8>); 4] {
        [
            ("generator.onnx", onnx::generator(&self.generator, Precision::Single, Output::Images).unwrap()),
            ("generator-half.onnx", onnx::generator(&self.generator, Precision::Half, Output::Images).unwrap()),
            ("generator-pixels.onnx", onnx::generator(&self.generator, Precision::Single, Output::Pixels).unwrap()),
            ("discriminator.onnx", onnx::discriminator(&self.discriminator, Precision::Single).unwrap()),
        ]
    }

    fn open(&self, folder: &Path) -> (TrainedGenerator, TrainedDiscriminator) {
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

    /// What the network gives before it becomes bytes.
    fn values(&self, latents: &[Vec<f32>]) -> Vec<f32> {
        let network = gan::Generator::from_safetensors(&self.generator, &Device::flex()).unwrap();
        let shape = [latents.len(), latents[0].len()];
        let latents = burn::tensor::TensorData::new(latents.concat(), shape);
        let images = network.forward(burn::tensor::Tensor::from_data(latents, &Device::flex()));
        images.into_data().try_to_vec().unwrap()
    }
}

fn planes(image: &Rgb) -> Vec<f32> {
    let plane = |channel: usize| image.pixels().iter().map(move |pixel| (f32::from(pixel[channel]) - 127.5) / 127.5);
    (0..3).flat_map(plane).collect()
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

/// What the script recorded of a case.
#[derive(Deserialize)]
struct Recorded {
    /// SHA-256 of each model that ONNX Runtime ran.
    models: BTreeMap<String, ContentHash>,
    /// Some of ONNX Runtime's values, evenly spaced.
    runtime: Vec<f32>,
    /// Those of the module in docs/weights.md.
    pytorch: Vec<f32>,
    /// ONNX Runtime's logits of the images.
    logits: Vec<f32>,
}

#[test]
fn every_family_is_what_onnx_runtime_and_pytorch_computed() {
    let golden = Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("tests/golden/exports.json");
    let recorded: BTreeMap<String, Recorded> = serde_json::from_slice(&publish::read_file(&golden).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for case in Case::narrow() {
        let recorded = &recorded[case.name];
        let (generator, discriminator) = case.open(folder.path());
        let latents = generator.latents(1, 0..3);
        let values = case.values(&latents);
        for other in [&recorded.runtime, &recorded.pytorch] {
            let step = (values.len() - 1) / (other.len() - 1);
            for (index, expected) in other.iter().enumerate() {
                let found = values[index * step];
                assert!((found - expected).abs() < TOLERANCE, "{}, value {index}: {found} and {expected}", case.name);
            }
        }
        let scores = discriminator.scores(&generator.images(&latents).unwrap()).unwrap();
        for (found, expected) in scores.iter().zip(&recorded.logits) {
            let is_near = (found - expected).abs() < TOLERANCE * expected.abs().max(1.0);
            // Where images are compared with one another, the model compares each with itself alone.
            assert!(is_near || case.name == "bare", "{}: {found} and {expected}", case.name);
        }
        for (kind, model) in case.models() {
            assert_eq!(ContentHash::of(&model), recorded.models[kind], "{} {kind} is not what was run", case.name);
        }
    }
}

#[test]
fn half_precision_halves_the_file() {
    for case in Case::narrow() {
        let [(_, whole), (_, half), ..] = case.models();
        assert!(half.len() < whole.len(), "{}", case.name);
    }
    let wide = Case::new(CASES[0], "generator.base_channels = 32\ndiscriminator.base_channels = 2");
    let [(_, whole), (_, half), ..] = wide.models();
    assert!(half.len() * 100 < whole.len() * 52, "{} and {}", half.len(), whole.len());
}

#[test]
fn the_other_network_s_weights_are_refused() {
    let case = Case::narrow().next().unwrap();
    assert!(onnx::generator(&case.discriminator, Precision::Single, Output::Images).is_err());
    assert!(onnx::discriminator(&case.generator, Precision::Single).is_err());
}

/// `ORACLE=FOLDER cargo test -p generator --test exports -- --ignored` writes what the script reads; wide networks too, of which
/// nothing is recorded, unless NARROW is set.
#[test]
#[ignore = "writes the files that oracles/exports.py reads"]
fn write_cases() {
    let folder = std::env::var_os("ORACLE").expect("ORACLE names a folder");
    Case::narrow().for_each(|case| case.write(&Path::new(&folder).join("narrow")));
    if std::env::var_os("NARROW").is_some() {
        return;
    }
    for (name, recipe, changes, side) in CASES {
        let side = if side == 32 { 64 } else { side };
        Case::new((name, recipe, changes, side), "").write(&Path::new(&folder).join("wide"));
    }
}
