//! ONNX models and PyTorch modules against burn, as `oracles/exports.py` recorded them.
#![allow(clippy::unwrap_used)]

mod cases;

use std::{collections::BTreeMap, path::Path};

use cases::{CASES, Case};
use contracts::{ContentHash, publish};
use generator::onnx::{self, Output, Precision};
use serde::{Deserialize, de::DeserializeOwned};

/// Single precision on both sides, over a handful of layers.
const TOLERANCE: f32 = 1e-4;

/// What `oracles/exports.py` recorded of a case.
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

/// What torch-fidelity measured, as `oracles/fidelity.py` recorded it: metrics by their names.
#[derive(Deserialize)]
struct Fidelity {
    /// SHA-256 of the model of pixels that was its generator.
    model: ContentHash,
    /// Of that model's images against real faces.
    onnx: BTreeMap<String, f64>,
    /// Of the same weights' in the module of docs/weights.md.
    pytorch: BTreeMap<String, f64>,
    /// Of other real faces.
    faces: BTreeMap<String, f64>,
}

fn golden<T: DeserializeOwned>(name: &str) -> T {
    let folder = Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("tests/golden");
    serde_json::from_slice(&publish::read_file(&folder.join(name)).unwrap()).unwrap()
}

#[test]
fn every_family_is_what_onnx_runtime_and_pytorch_computed() {
    let recorded: BTreeMap<String, Recorded> = golden("exports.json");
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
        let scores = Case::scores(&discriminator, &generator.images(&latents).unwrap());
        for (found, expected) in scores.iter().zip(&recorded.logits) {
            let is_near = (found - expected).abs() < TOLERANCE * expected.abs().max(1.0);
            assert!(is_near, "{}: {found} and {expected}", case.name);
        }
        // Spectral normalization's vectors come of products, whose last bits are the processor's: those weights have no bytes of their own.
        let is_everywhere = |kind: &str| (case.name, kind) != ("spectral", "discriminator.onnx");
        for (kind, model) in case.models().into_iter().filter(|(kind, _)| is_everywhere(kind)) {
            assert_eq!(ContentHash::of(&model), recorded.models[kind], "{} {kind} is not what was run", case.name);
        }
    }
}

#[test]
fn torch_fidelity_measured_this_very_model() {
    let recorded: Fidelity = golden("fidelity.json");
    let case = Case::narrow().find(|case| case.name == "dcgan").unwrap();
    let [_, _, (_, pixels), _] = case.models();
    assert_eq!(ContentHash::of(&pixels), recorded.model);
    for (name, value) in &recorded.onnx {
        let other = recorded.pytorch[name];
        assert!((value - other).abs() <= 1e-3 * value.abs().max(1.0), "{name}: {value} and {other}");
    }
    let distance = "frechet_inception_distance";
    assert!(recorded.faces[distance] < recorded.onnx[distance], "faces are nearer to faces");
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
