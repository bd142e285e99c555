//! The networks, their gradients, updates and penalties against PyTorch's, recorded by `oracles/dcgan_pytorch.py` and
//! `oracles/modern_pytorch.py`.
#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, path::PathBuf};

use burn::{
    module::{Module, ModuleVisitor, Param},
    optim::GradientsParams,
    tensor::{DType, Device, Gradients, Tensor, TensorData, activation, module, ops::ConvOptions},
};
use gan::{Discriminator, Generator, Objective, ObjectiveConfig, OptimizerConfig, OptimizerName, Penalty, Surrogate};
use safetensors::{Dtype, SafeTensors};

const OBJECTIVE: ObjectiveConfig =
    ObjectiveConfig { name: Objective::NonSaturating, label_smoothing: 0.1, fake_label_smoothing: 0.0 };
const LEARNING_RATE: f64 = 2e-3;
const ADAM: OptimizerConfig = OptimizerConfig {
    name: OptimizerName::Adam,
    learning_rate: LEARNING_RATE,
    beta_1: 0.5,
    beta_2: 0.999,
    epsilon: 1e-8,
    momentum: 0.0,
    clip_norm: 0.0,
    schedule: gan::LearningRateSchedule::CONSTANT,
};

type Named = BTreeMap<String, Vec<f32>>;

fn golden(case: &str, file: &str) -> Vec<u8> {
    std::fs::read(
        PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("tests/goldens").join(case).join(file),
    )
    .unwrap()
}

fn tensors(bytes: &[u8]) -> Named {
    doubles(bytes).into_iter().map(|(name, values)| (name, values.into_iter().map(|x| x as f32).collect())).collect()
}

/// As [`tensors`], of either precision.
fn doubles(bytes: &[u8]) -> BTreeMap<String, Vec<f64>> {
    let file = SafeTensors::deserialize(bytes).unwrap();
    let values = |dtype, data: &[u8]| match dtype {
        Dtype::F64 => data.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect(),
        _ => data.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap()).into()).collect(),
    };
    file.iter().map(|(name, tensor)| (name.to_owned(), values(tensor.dtype(), tensor.data()))).collect()
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

/// What PyTorch computed; every entry must be asked for once.
struct Expected(Named);

impl Expected {
    fn check(&mut self, name: &str, found: &[f32]) {
        let expected = self.0.remove(name).unwrap_or_else(|| panic!("PyTorch has no {name}"));
        assert_eq!(found.len(), expected.len(), "{name}");
        let largest = expected.iter().fold(0f32, |largest, value| largest.max(value.abs()));
        let slack = 1e-4 * largest + 1e-6;
        for (index, (found, expected)) in found.iter().zip(&expected).enumerate() {
            assert!((found - expected).abs() <= slack, "{name}[{index}]: found {found}, PyTorch has {expected}");
        }
    }

    /// Compares updated weights, but for biases that BatchNorm takes away again: their gradient is zero but for
    /// rounding, and Adam makes a whole step of whatever that leaves.
    fn check_updated(&mut self, prefix: &str, mut found: Named) {
        let layer = |name: &str| name.strip_suffix(".conv.bias").map(|layer| format!("{layer}.norm.weight"));
        let without_effect: Vec<_> =
            found.keys().filter(|name| layer(name).is_some_and(|norm| found.contains_key(&norm))).cloned().collect();
        for name in without_effect {
            assert!(found.remove(&name).is_some() && self.0.remove(&format!("{prefix}.{name}")).is_some(), "{name}");
        }
        self.check_all(prefix, found);
    }

    fn check_all(&mut self, prefix: &str, found: Named) {
        let count = self.0.keys().filter(|name| name.starts_with(prefix)).count();
        assert_eq!(found.len(), count, "{prefix}: {:?}", found.keys());
        for (name, found) in found {
            self.check(&format!("{prefix}.{name}"), &found);
        }
    }
}

/// The gradients of a network's parameters, under the names of its weight file.
struct ByName<'a> {
    gradients: &'a Gradients,
    path: Vec<String>,
    found: Named,
}

impl ModuleVisitor for ByName<'_> {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        // The kind of a layer is no part of its name.
        if container_type.starts_with("Enum:") {
            return;
        }
        self.path.push(match name {
            "gamma" => "weight".into(),
            "beta" => "bias".into(),
            name => name.into(),
        });
    }

    fn exit_module(&mut self, _name: &str, container_type: &str) {
        if !container_type.starts_with("Enum:") {
            self.path.pop();
        }
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.grad(self.gradients) {
            self.found.insert(self.path.join("."), values(gradient));
        }
    }
}

fn by_name<M: Module>(network: &M, gradients: &Gradients) -> Named {
    let mut visitor = ByName { gradients, path: Vec::new(), found: Named::new() };
    network.visit(&mut visitor);
    visitor.found
}

fn thinned(images: Tensor<4>) -> Vec<f32> {
    values(images).into_iter().step_by(7).collect()
}

fn real_pictures(batch: usize, side: usize, device: &Device) -> Tensor<4> {
    let values: Vec<f32> = (0..batch * 3 * side * side).map(|index| (index as f64).sin() as f32).collect();
    Tensor::from_data(TensorData::new(values, [batch, 3, side, side]), device)
}

fn check(case: &str) {
    let plain = Device::flex();
    let device = plain.clone().autodiff();
    let generator = Generator::from_safetensors(&golden(case, "generator.safetensors"), &device).unwrap();
    let discriminator = Discriminator::from_safetensors(&golden(case, "discriminator.safetensors"), &device).unwrap();
    let mut expected = Expected(tensors(&golden(case, "expected.safetensors")));
    let latents = expected.0.remove("latents").unwrap();
    let (size, side) = (generator.latent().size as usize, generator.architecture().side as usize);
    let batch = latents.len() / size;
    let latents = TensorData::new(latents, [batch, size]);

    let images = generator.valid().forward(Tensor::from_data(latents.clone(), &plain));
    expected.check("rest.pictures", &thinned(images));
    let logits = discriminator.valid().forward(real_pictures(batch, side, &plain));
    expected.check("rest.logits", &values(logits));

    let fake = generator.forward(Tensor::from_data(latents, &device));
    expected.check("train.pictures", &thinned(fake.clone()));
    let real_logits = discriminator.forward(real_pictures(batch, side, &device));
    let fake_logits = discriminator.forward(fake.clone().detach());
    expected.check("train.real_logits", &values(real_logits.clone()));
    expected.check("train.fake_logits", &values(fake_logits.clone()));
    let loss = OBJECTIVE.discriminator_loss(real_logits, fake_logits);
    expected.check("discriminator.loss", &values(loss.clone()));
    let gradients = loss.backward();
    expected.check_all("discriminator.gradient", by_name(&discriminator, &gradients));
    let gradients = GradientsParams::from_grads(gradients, &discriminator);
    let discriminator = ADAM.init(gan::Operators::default()).step(LEARNING_RATE, discriminator, gradients);
    expected.check_updated("discriminator.updated", tensors(&discriminator.to_safetensors().unwrap()));

    let loss = OBJECTIVE.generator_loss(None, discriminator.without_weight_gradients().forward(fake));
    expected.check("generator.loss", &values(loss.clone()));
    let gradients = loss.backward();
    expected.check_all("generator.gradient", by_name(&generator, &gradients));
    let gradients = GradientsParams::from_grads(gradients, &generator);
    let generator = ADAM.init(gan::Operators::default()).step(LEARNING_RATE, generator, gradients);
    expected.check_updated("generator.updated", tensors(&generator.to_safetensors().unwrap()));
    assert!(expected.0.is_empty(), "not compared: {:?}", expected.0.keys());
}

#[test]
fn dcgan_equals_pytorch() {
    check("dcgan_16");
}

#[test]
fn dcgan_on_three_by_three_features_equals_pytorch() {
    check("dcgan_24");
}

#[test]
fn the_tutorials_network_equals_same_padding_in_pytorch() {
    check("tutorial_32");
}

/// Repeating pixels and convolving, which PyTorch does in two steps.
#[test]
fn an_upsampling_generator_equals_pytorch() {
    let (plain, case) = (Device::flex(), "upsample_16");
    let device = plain.clone().autodiff();
    let generator = Generator::from_safetensors(&golden(case, "generator.safetensors"), &device).unwrap();
    let mut expected = Expected(tensors(&golden(case, "expected.safetensors")));
    let latents = expected.0.remove("latents").unwrap();
    let latents = TensorData::new(latents, [3, 4]);
    let rest = generator.valid().forward(Tensor::from_data(latents.clone(), &plain));
    expected.check("rest.samples", &thinned(rest));
    let samples = generator.forward(Tensor::from_data(latents, &device));
    expected.check("train.samples", &thinned(samples.clone()));
    expected.check_all("gradient", by_name(&generator, &samples.square().mean().backward()));
    assert!(expected.0.is_empty(), "not compared: {:?}", expected.0.keys());
}

const PENALTIES: [(&str, Penalty); 2] = [("zero", Penalty::ZeroCentred), ("one", Penalty::OneCentred)];

/// ‖found − expected‖ / ‖expected‖.
fn relative_error(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let difference: Vec<f64> = found.iter().zip(expected).map(|(found, expected)| found - expected).collect();
    (product(&difference, &difference) / product(expected, expected)).sqrt()
}

fn product(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

/// What PyTorch finds by differentiating twice, from one derivative: exactly by the tangent, and nearly by the difference.
fn check_penalties(case: &str) {
    let device = Device::flex().autodiff();
    let discriminator = Discriminator::from_safetensors(&golden(case, "discriminator.safetensors"), &device).unwrap();
    let bytes = golden(case, "expected.safetensors");
    Expected(tensors(&bytes)).check("logits", &values(discriminator.forward(real_pictures(3, 16, &device))));
    let mut expected = doubles(&bytes);
    expected.remove("logits").unwrap();
    for (name, penalty) in PENALTIES {
        let images = real_pictures(3, 16, &device);
        let exact = penalty.by_tangent(&discriminator, images.clone());
        let near = penalty.by_difference(|images| discriminator.forward(images), images, 1e-3);
        let value = expected.remove(&format!("{name}.value")).unwrap();
        let [exact, near] = [exact, near].map(|Surrogate { loss, value: found }| {
            let error = relative_error(&[f64::from(values(found)[0])], &value);
            assert!(error < 1e-3, "{case}, {name}: relative error {error}");
            by_name(&discriminator, &loss.backward())
        });
        let (mut all, mut reference) = (Vec::new(), Vec::new());
        for (parameter, exact) in exact {
            // The tangent leaves biases alone, which act on where the slope's kinks are and not on the slope.
            if parameter.ends_with("bias") {
                continue;
            }
            let doubled = |values: &[f32]| values.iter().copied().map(f64::from).collect::<Vec<_>>();
            let gradient = expected.remove(&format!("{name}.gradient.{parameter}")).unwrap();
            let error = relative_error(&doubled(&exact), &gradient);
            assert!(error < 1e-3, "{case}, {name}.{parameter}: relative error {error}");
            all.extend(doubled(&near[&parameter]));
            reference.extend(gradient);
        }
        let cosine = product(&all, &reference) / (product(&all, &all) * product(&reference, &reference)).sqrt();
        assert!(cosine > 0.99, "{case}, {name}: cosine {cosine}");
    }
    // By PyTorch as well the penalties do not move biases.
    for (name, gradient) in expected {
        assert!(name.ends_with("bias") && gradient.iter().all(|x| *x == 0.0), "not compared: {name}");
    }
}

#[test]
fn penalties_of_dcgan_equal_pytorch_s() {
    check_penalties("penalties_dcgan_16");
}

#[test]
fn penalties_of_a_residual_network_equal_pytorch_s() {
    check_penalties("penalties_resnet_16");
}

/// Their gradients flow through the singular values too.
#[test]
fn penalties_under_spectral_normalization_equal_pytorch_s() {
    check_penalties("penalties_spectral_16");
}

/// In double precision the difference leaves h² of a smooth discriminator's second derivatives, biases included.
#[test]
fn penalties_of_a_smooth_network_by_the_difference_equal_pytorch_s() {
    let device = Device::flex().autodiff();
    let weights = doubles(&golden("penalties_smooth", "discriminator.safetensors"));
    let mut expected = doubles(&golden("penalties_smooth", "expected.safetensors"));
    let tensor = |values: Vec<f64>, shape: &[usize]| TensorData::new(values, shape);
    let leaf = |name: &str, shape: [usize; 4]| {
        let data = tensor(weights[name].clone(), &shape);
        Tensor::<4>::from_data(data, (&device, DType::F64)).require_grad()
    };
    let leaves = [
        ("first.weight", leaf("first.weight", [4, 3, 3, 3])),
        ("first.bias", leaf("first.bias", [1, 4, 1, 1])),
        ("second.weight", leaf("second.weight", [2, 4, 4, 4])),
        ("second.bias", leaf("second.bias", [1, 2, 1, 1])),
    ];
    let layer = |x: Tensor<4>, first: usize, padding: usize| {
        let options = ConvOptions::new([1, 1], [padding; 2], [1, 1], 1);
        activation::tanh(module::conv2d(x, leaves[first].1.clone(), None, options) + leaves[first + 1].1.clone())
    };
    let discriminate =
        |images: Tensor<4>| layer(layer(images, 0, 1), 2, 0).flatten::<2>(1, 3).sum_dim(1).squeeze_dim(1);
    let images: Vec<f64> = (0..3 * 3 * 8 * 8).map(|index| f64::from(index).sin()).collect();
    let images = Tensor::<4>::from_data(tensor(images, &[3, 3, 8, 8]), (&device, DType::F64));
    let doubled = |data: TensorData| data.try_to_vec::<f64>().unwrap();
    let mut check = |name: &str, found: TensorData| {
        let error = relative_error(&doubled(found), &expected.remove(name).unwrap());
        assert!(error < 1e-3, "{name}: relative error {error}");
    };
    check("logits", discriminate(images.clone()).into_data());
    for (name, penalty) in PENALTIES {
        let Surrogate { loss, value } = penalty.by_difference(discriminate, images.clone(), 1e-3);
        check(&format!("{name}.value"), value.into_data());
        let gradients = loss.backward();
        for (parameter, leaf) in &leaves {
            check(&format!("{name}.gradient.{parameter}"), leaf.grad(&gradients).unwrap().into_data());
        }
    }
    assert!(expected.is_empty(), "not compared: {:?}", expected.keys());
}

/// An iteration, then the forward and backward pass of PyTorch's parametrization in training; at rest its vectors hold.
#[test]
fn spectral_normalization_equals_pytorch_s() {
    let (plain, case) = (Device::flex(), "spectral_16");
    let device = plain.clone().autodiff();
    let bytes = golden(case, "discriminator.safetensors");
    let discriminator = Discriminator::from_safetensors(&bytes, &device).unwrap();
    assert_eq!(tensors(&discriminator.to_safetensors().unwrap()), tensors(&bytes));
    let mut expected = Expected(tensors(&golden(case, "expected.safetensors")));
    let rest = |discriminator: &Discriminator| values(discriminator.valid().forward(real_pictures(3, 16, &plain)));
    expected.check("rest.logits", &rest(&discriminator));

    let discriminator = discriminator.with_power_iteration();
    let logits = discriminator.forward(real_pictures(3, 16, &device));
    expected.check("train.logits", &values(logits.clone()));
    expected.check_all("gradient", by_name(&discriminator, &logits.square().mean().backward()));
    let mut vectors = tensors(&discriminator.to_safetensors().unwrap());
    vectors.retain(|name, _| name.contains("spectral_norm"));
    expected.check_all("vectors", vectors);
    expected.check("settled.logits", &rest(&discriminator));
    assert!(expected.0.is_empty(), "not compared: {:?}", expected.0.keys());
}
