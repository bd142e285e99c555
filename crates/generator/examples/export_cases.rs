//! Writes what `tests/oracles/exports.py` reads: networks as weights and as ONNX models, and what burn makes of them.
//! `cargo run --release --manifest-path crates/generator/Cargo.toml --example export_cases -- FOLDER`.
#![allow(clippy::unwrap_used)]

#[path = "../tests/cases/mod.rs"]
mod cases;

use std::{collections::BTreeMap, path::Path};

use cases::{CASES, Case};
use contracts::publish;
use pictures::Rgb;
use safetensors::{Dtype, tensor::TensorView};

fn main() {
    let folder = std::env::args_os().nth(1).expect("it is given a folder");
    let folder = Path::new(&folder);
    Case::narrow().for_each(|case| write(&case, &folder.join("narrow")));
    // Of the full width, of which nothing is recorded: that would be megabytes.
    for (name, recipe, changes, side) in CASES {
        let side = if side == 32 && !changes.contains("stage_channels") { 64 } else { side };
        write(&Case::new((name, recipe, changes, side), ""), &folder.join("wide"));
    }
}

/// A case as files in a folder, each with what burn makes of three latents and of their images.
fn write(case: &Case, folder: &Path) {
    let file = |kind: &str| folder.join(format!("{}-{kind}", case.name));
    publish::write_file(&file("generator.safetensors"), &case.generator).unwrap();
    publish::write_file(&file("discriminator.safetensors"), &case.discriminator).unwrap();
    for (kind, model) in case.models() {
        publish::write_file(&file(kind), &model).unwrap();
    }
    let (generator, discriminator) = case.open(folder);
    let latents = generator.latents(1, 0..3);
    let images = generator.images(&latents).unwrap();
    let scores = Case::scores(&discriminator, &images);
    let values = case.values(&latents);
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

fn planes(image: &Rgb) -> Vec<f32> {
    let plane = |channel: usize| image.pixels().iter().map(move |pixel| (f32::from(pixel[channel]) - 127.5) / 127.5);
    (0..3).flat_map(plane).collect()
}
