//! What a GPU computes between convolutions and with all weights, against the CPU.
//!
//! On the device that `BURN_DEVICE` names, `wgpu` or `cuda`; `CUBECL_WGPU_DEFAULT_DEVICE=Cpu` makes that a software one.
#![cfg(feature = "cube")]
#![allow(clippy::unwrap_used)]

use burn::tensor::{Device, Distribution, Tensor};
use fast_conv::{
    AdamUpdate, AdamUpdates, BatchNormUpdate, ConvolutionOptions, Padding, RunningStatistics, batch_norm_and_rectify,
    biased_leaky_relu, blend_all, conv2d, count_launches, leaky_relu, norm_of_all,
};

fn gpu() -> Option<Device> {
    if std::env::var_os("BURN_DEVICE").is_none() {
        eprintln!("skipped: BURN_DEVICE names no GPU");
        return None;
    }
    Some(Device::default())
}

fn random<const D: usize>(shape: [usize; D], distribution: Distribution) -> Tensor<D> {
    Tensor::random(shape, distribution, &Device::flex())
}

fn even<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    random(shape, Distribution::Uniform(-1.0, 1.0))
}

/// The same values on another device.
fn on<const D: usize>(tensor: &Tensor<D>, device: &Device) -> Tensor<D> {
    Tensor::from_data(tensor.to_data(), device)
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

fn check_close(what: &str, found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1e-6f32, |largest, x| largest.max(x.abs()));
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-4 * largest, "{what}: {found} instead of {expected}");
    }
}

/// How features lie in memory.
#[derive(Clone, Copy, Debug)]
enum Layout {
    Whole,
    ChannelsLast,
    /// Cut out of wider ones, so that no one stride leads through the pixels.
    Cut,
}

fn laid_out(tensor: Tensor<4>, layout: Layout) -> Tensor<4> {
    match layout {
        Layout::Whole => tensor,
        Layout::ChannelsLast => (tensor.permute([0, 2, 3, 1]) + 0.0).permute([0, 3, 1, 2]),
        Layout::Cut => {
            let [.., width] = tensor.dims();
            Tensor::cat(vec![tensor.clone(), tensor], 3).narrow(3, 0, width)
        }
    }
}

/// Output, running statistics and all gradients.
fn normalize(device: &Device, layout: Layout, (slope, batches): (f32, usize), inputs: &Normalization) -> Vec<Vec<f32>> {
    let tape = device.clone().autodiff();
    let leaf = |vector: &Tensor<1>| on(vector, &tape).require_grad();
    let x = on(&inputs.x, &tape).require_grad();
    let affine = inputs.affine.each_ref().map(leaf);
    let [mean, variance] = inputs.running.each_ref().map(|kept| on(kept, &tape));
    let update = BatchNormUpdate { epsilon: 1e-5, momentum: 0.1, slope, batches };
    let statistics = RunningStatistics { mean, variance };
    let (y, moved) = batch_norm_and_rectify(laid_out(x.clone(), layout), affine.clone(), statistics, update);
    let gradients = (y.clone() * laid_out(on(&inputs.upstream, &tape), layout)).sum().backward();
    let [gamma, beta] = affine.map(|leaf| values(leaf.grad(&gradients).unwrap()));
    let x = values(x.grad(&gradients).unwrap());
    vec![values(y.inner()), values(moved.mean.inner()), values(moved.variance.inner()), x, gamma, beta]
}

struct Normalization {
    x: Tensor<4>,
    upstream: Tensor<4>,
    affine: [Tensor<1>; 2],
    running: [Tensor<1>; 2],
}

#[test]
fn features_are_normalized_as_on_the_cpu() {
    let Some(gpu) = gpu() else { return };
    let names = ["output", "running mean", "running variance", "x", "gamma", "beta"];
    let check = |shape: [usize; 4], layout: Layout, slope: f32, batches: usize| {
        let of_channels = |mean, deviation| random([shape[1]], Distribution::Normal(mean, deviation));
        let inputs = Normalization {
            x: random(shape, Distribution::Normal(3.0, 2.0)),
            upstream: even(shape),
            affine: [of_channels(1.0, 0.3), of_channels(0.0, 1.0)],
            running: [of_channels(0.0, 1.0), of_channels(2.0, 0.3)],
        };
        let found = normalize(&gpu, layout, (slope, batches), &inputs);
        let expected = normalize(&Device::flex(), Layout::Whole, (slope, batches), &inputs);
        for ((name, found), expected) in names.iter().zip(found).zip(expected) {
            check_close(&format!("{name} of {batches} × {shape:?}, {layout:?}, slope {slope}"), &found, &expected);
        }
    };
    check([5, 7, 6, 6], Layout::Whole, 0.2, 1);
    check([4, 33, 4, 4], Layout::ChannelsLast, 0.0, 1);
    check([3, 2, 19, 23], Layout::Cut, 1.0, 1);
    check([40, 3, 1, 1], Layout::Whole, 0.0, 1);
    check([8, 2, 5, 1], Layout::Cut, 0.2, 1);
    check([6, 7, 19, 23], Layout::Whole, 0.2, 2);
    check([8, 33, 4, 4], Layout::ChannelsLast, 0.0, 2);
    check([9, 2, 5, 6], Layout::Cut, 1.0, 3);
}

#[test]
fn activations_are_those_of_the_cpu() {
    let Some(gpu) = gpu() else { return };
    type Activation = fn(Tensor<4>, Tensor<1>, f32) -> Tensor<4>;
    let plain: Activation = |x, _, slope| leaky_relu(x, slope);
    for (name, activation) in [("plain", plain), ("biased", biased_leaky_relu)] {
        let check = |shape: [usize; 4], layout: Layout, slope: f32| {
            let (x, bias, upstream) = (even(shape), even([shape[1]]), even(shape));
            let pass = |device: &Device, layout| {
                let tape = device.clone().autodiff();
                let (x, bias) = (on(&x, &tape).require_grad(), on(&bias, &tape).require_grad());
                let y = activation(laid_out(x.clone(), layout), bias.clone(), slope);
                let gradients = (y.clone() * on(&upstream, &tape)).sum().backward();
                let bias = bias.grad(&gradients).map(values).unwrap_or_default();
                [values(y.inner()), values(x.grad(&gradients).unwrap()), bias]
            };
            for (found, expected) in pass(&gpu, layout).iter().zip(&pass(&Device::flex(), Layout::Whole)) {
                check_close(&format!("{name}, {shape:?}, {layout:?}, slope {slope}"), found, expected);
            }
        };
        check([2, 5, 9, 7], Layout::Whole, 0.2);
        check([3, 4, 8, 8], Layout::ChannelsLast, 0.0);
        check([3, 4, 8, 5], Layout::Cut, 0.2);
    }
}

/// More tensors than a kernel takes, of several dimensions.
fn lengths() -> impl Iterator<Item = [usize; 2]> {
    (0..37).map(|index| [1 + index * 7 % 13, 1 + index * 31 % 19])
}

#[test]
fn parameters_are_updated_as_on_the_cpu() {
    let Some(gpu) = gpu() else { return };
    let updates =
        [1, 2, 3].map(|time| AdamUpdate { learning_rate: 1e-2, beta_1: 0.5, beta_2: 0.999, epsilon: 1e-8, time });
    let start: Vec<_> = lengths().map(|shape| [even(shape), even(shape), even(shape).square()]).collect();
    let gradients: Vec<Vec<_>> = updates.iter().map(|_| lengths().map(even).collect()).collect();
    let train = |device: &Device| {
        let mut state: Vec<_> =
            start.iter().map(|tensors| tensors.each_ref().map(|tensor| on(tensor, device))).collect();
        let mut held = Vec::new();
        for (update, gradients) in updates.iter().zip(&gradients) {
            let mut all = AdamUpdates::default();
            // Held by another after the first update, so that they must not be changed in place.
            if update.time == 2 {
                held = state.clone();
            }
            for ([parameter, mean, square], gradient) in state.into_iter().zip(gradients) {
                // A view too, which is not contiguous.
                let gradient = on(&gradient.clone().swap_dims(0, 1), device).swap_dims(0, 1);
                all.push(parameter, gradient, [mean, square], *update);
            }
            let mut updated = all.run();
            state = std::iter::from_fn(|| updated.take())
                .map(|(parameter, [mean, square])| [parameter, mean, square])
                .collect();
        }
        let flat = |state: Vec<[Tensor<2>; 3]>| state.into_iter().flatten().flat_map(values).collect::<Vec<_>>();
        [flat(state), flat(held)]
    };
    let [found, expected] = [train(&gpu), train(&Device::flex())];
    check_close("after three updates", &found[0], &expected[0]);
    check_close("what others held", &found[1], &expected[1]);
}

#[test]
fn averages_and_norms_are_those_of_the_cpu() {
    let Some(gpu) = gpu() else { return };
    let pairs: Vec<_> = lengths().map(|shape| [even(shape), even(shape)]).collect();
    let averages = |device: &Device| -> Vec<f32> {
        let pairs = pairs.iter().map(|pair| pair.each_ref().map(|tensor| on(tensor, device))).collect();
        blend_all(pairs, 0.9).into_iter().flat_map(values).collect()
    };
    check_close("averages", &averages(&gpu), &averages(&Device::flex()));
    let norm = |device: &Device| {
        let tensors = pairs.iter().flatten().map(|tensor| on(tensor, device)).collect();
        values(norm_of_all(tensors).unwrap())
    };
    check_close("norm", &norm(&gpu), &norm(&Device::flex()));
    assert!(norm_of_all(Vec::<Tensor<1>>::new()).is_none());
}

/// The launches of a layer whose features lie as this crate's kernels leave them.
#[test]
fn a_layer_is_a_handful_of_launches() {
    let Some(gpu) = gpu() else { return };
    let tape = gpu.clone().autodiff();
    let weights = on(&even([8, 4, 4, 4]), &tape).require_grad();
    let x = on(&even([4, 4, 16, 16]), &tape);
    let vector = |value: f32| Tensor::<1>::full([8], value, &tape);
    let layer = || {
        let y = conv2d(x.clone(), weights.clone(), None, ConvolutionOptions::new([2, 2], Padding::all(1)));
        let running = RunningStatistics { mean: vector(0.0), variance: vector(1.0) };
        let update = BatchNormUpdate { epsilon: 1e-5, momentum: 0.1, slope: 0.2, batches: 2 };
        batch_norm_and_rectify(y, [vector(1.0), vector(0.0)], running, update).0
    };
    let forward = || {
        let y = layer();
        gpu.sync().unwrap();
        y
    };
    forward();
    let (y, counts) = count_launches(forward);
    let of =
        |name: &str| counts.iter().filter(|(kernel, _)| kernel.contains(name)).map(|(_, count)| count).sum::<usize>();
    assert_eq!([of("Im2col"), of("Statistics"), of("Normalize")], [1, 1, 1], "{counts:?}");
    assert_eq!(y.dims(), [4, 8, 8, 8]);
}
