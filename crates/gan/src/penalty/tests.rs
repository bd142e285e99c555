//! The surrogates' gradients against finite differences of the penalties themselves.

use burn::tensor::{DType, Device, Distribution, TensorData, activation};

use super::*;
use crate::{
    parameters::replace_parameters,
    philox::{Philox, Stream},
    recipe::tests::tiny,
};

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().convert::<f64>().try_to_vec().unwrap()
}

/// D(x) = tanh(w · x) in f64: its slope is |1 − tanh²(w · x)| ‖w‖, whose derivative for w is worked out by hand.
fn smooth(weight: Tensor<4>) -> impl Fn(Tensor<4>) -> Tensor<1> {
    move |images: Tensor<4>| {
        let [batch, ..] = images.dims();
        activation::tanh(images.mul(weight.clone()).flatten::<2>(1, 3).sum_dim(1)).reshape([batch])
    }
}

#[test]
fn the_difference_has_a_smooth_penalty_s_gradient() {
    let device = Device::flex();
    let random =
        |shape: [usize; 4]| Tensor::<4>::random(shape, Distribution::Uniform(-0.5, 0.5), (&device, DType::F64));
    let (images, weight) = (random([3, 1, 2, 2]), random([1, 1, 2, 2]));
    for penalty in [Penalty::ZeroCentred, Penalty::OneCentred] {
        let value = |weight: &[f64]| -> f64 {
            let slopes = numbers(images.clone())
                .chunks(4)
                .map(|image| {
                    let product: f64 = image.iter().zip(weight).map(|(x, w)| x * w).sum();
                    let norm = weight.iter().map(|w| w * w).sum::<f64>().sqrt();
                    (1.0 - product.tanh().powi(2)) * norm
                })
                .collect::<Vec<_>>();
            let penalties = slopes.iter().map(|slope| match penalty {
                Penalty::ZeroCentred => slope * slope / 2.0,
                Penalty::OneCentred => (slope - 1.0).powi(2),
            });
            penalties.sum::<f64>() / slopes.len() as f64
        };
        let leaf = weight.clone().autodiff().require_grad();
        let surrogate = penalty.by_difference(smooth(leaf.clone()), images.clone().autodiff(), 1e-3);
        let start = numbers(weight.clone());
        assert!((numbers(surrogate.value)[0] - value(&start)).abs() < 1e-9, "{penalty:?}");
        let found = numbers(leaf.grad(&surrogate.loss.backward()).unwrap());
        for (index, found) in found.into_iter().enumerate() {
            let moved = |by: f64| {
                let mut weight = start.clone();
                weight[index] += by;
                value(&weight)
            };
            let expected = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!((found - expected).abs() < 1e-3 * expected.abs().max(0.1), "{penalty:?}: {found}, not {expected}");
        }
    }
}

/// A small discriminator without BatchNorm, its weights large enough that slopes are.
fn leaky() -> Discriminator {
    let overrides = "discriminator.norm = \"none\"\ninitialization.weight_std = 0.3".parse().unwrap();
    tiny().with_overrides(&overrides).unwrap().discriminator(16, 3, &Device::flex().autodiff()).unwrap()
}

/// A residual one, whose blocks are something already.
fn residual() -> Discriminator {
    let family = "discriminator.family = \"resnet\"\ndiscriminator.kernel = 3\ndiscriminator.base_channels = 4";
    let recipe = tiny().with_overrides(&family.parse().unwrap()).unwrap();
    let discriminator = recipe.discriminator(16, 3, &Device::flex().autodiff()).unwrap();
    replace_parameters(&discriminator, |name, values| match name.ends_with("expand.weight") {
        true => values.random_like(Distribution::Normal(0.0, 0.5)),
        false => values,
    })
}

/// Always the same: of random ones, one in twelve has an activation that changes its sign within the difference, and there a leaky
/// network's gradient jumps.
fn images() -> Tensor<4> {
    let mut values = vec![0.0; 3 * 3 * 16 * 16];
    Philox::new(1, Stream::Mixture).fill_uniform(0, &mut values);
    let values = TensorData::new(values, [3, 3, 16, 16]);
    Tensor::from_data(values, &Device::flex()).mul_scalar(2.0).sub_scalar(1.0).autodiff()
}

/// The first layer's weights, as far as the surrogate moves them.
fn gradient(discriminator: &Discriminator, surrogate: &Surrogate) -> Vec<f64> {
    numbers(discriminator.first_weight().grad(&surrogate.loss.backward()).unwrap())
}

#[test]
fn the_tangent_is_linear_along_the_image_where_no_sign_changes() {
    for discriminator in [leaky(), residual()] {
        let images = images();
        let direction = images.clone() * 1e-4;
        let slope = discriminator.directional_derivative(images.clone(), direction.clone());
        let change =
            discriminator.forward(images.clone() + direction.clone()) - discriminator.forward(images - direction);
        for (slope, change) in numbers(slope).into_iter().zip(numbers(change)) {
            assert!((2.0 * slope - change).abs() < 2e-2 * change.abs().max(1e-4), "{slope} and {change}");
        }
    }
}

#[test]
fn on_a_leaky_network_the_difference_points_where_the_tangent_does() {
    let (discriminator, images) = (leaky(), images());
    for penalty in [Penalty::ZeroCentred, Penalty::OneCentred] {
        let exact = penalty.by_tangent(&discriminator, images.clone());
        let near = penalty.by_difference(|images| discriminator.forward(images), images.clone(), 1e-3);
        let [value, same] = [&exact, &near].map(|surrogate| numbers(surrogate.value.clone())[0]);
        assert!((value - same).abs() < 1e-5 * value, "{value} and {same}");
        let (exact, near) = (gradient(&discriminator, &exact), gradient(&discriminator, &near));
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let cosine = product(&exact, &near) / (product(&exact, &exact) * product(&near, &near)).sqrt();
        assert!(cosine > 0.99, "{penalty:?}: cosine {cosine}");
    }
}

/// Scaling the head scales every slope: n² / 2 grows fourfold at twice the weight, and its derivative for the scale is
/// n².
#[test]
fn the_tangent_s_gradient_is_the_penalty_s() {
    let (discriminator, images) = (leaky(), images());
    let exact = Penalty::ZeroCentred.by_tangent(&discriminator, images);
    let head = discriminator.head_weight();
    let gradient = head.grad(&exact.loss.backward()).unwrap();
    // θ · ∂/∂θ of a function of degree 2 in θ is twice it.
    let along: f64 = numbers(gradient.mul(head.inner())).into_iter().sum();
    let value = numbers(exact.value)[0];
    assert!((along - 2.0 * value).abs() < 1e-3 * value, "{along} and {value}");
}
