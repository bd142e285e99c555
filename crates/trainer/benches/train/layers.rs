//! What each layer's passes take, by each way that there is to compute them.

use std::time::Instant;

use burn::tensor::{
    Device, Distribution, Tensor, TensorData, module,
    ops::{ConvOptions, ConvTransposeOptions},
};
use fast_conv::{ConvolutionOptions, Padding};
use gan::{Architecture, Family};
use serde_json::{Value, json};

use crate::measure::Job;

/// A convolution of a network: stride 2, kernel 4, padding 1, from the wide side to the narrow one, or transposed.
#[derive(Clone, Copy, Debug)]
struct Layer {
    network: &'static str,
    inputs: usize,
    outputs: usize,
    /// Of what goes in.
    side: usize,
}

/// The passes that are timed: each is the forward pass alone, or with the gradients of one of its arguments.
const PASSES: [(&str, [bool; 2]); 3] =
    [("forward", [false, false]), ("and input gradient", [true, false]), ("and weight gradient", [false, true])];

/// One way to compute a layer.
type Way = fn(Layer, Tensor<4>, Tensor<4>) -> Tensor<4>;

const WAYS: [(&str, Way); 3] = [("windows and product", by_windows), ("burn's own", by_burn), ("2 × 2", by_quarters)];

/// Milliseconds of each way of each pass of each layer; those of `dcgan`'s networks alone, whose layers are of one
/// kind.
pub(crate) fn measure(job: &Job) -> Value {
    let difference = largest_difference(&Device::flex());
    assert!(difference < 1e-5, "the ways differ by {difference}");
    let (device, _) = job.open();
    let layers = layers(job).into_iter().map(|layer| {
        let ways = WAYS.iter().filter(|(name, _)| layer.network == "generator" || *name != "2 × 2");
        let times = ways.flat_map(|(way, function)| {
            PASSES.map(|(pass, wanted)| json!({ "way": way, "pass": pass, "ms": time(job, layer, *function, wanted, &device) }))
        });
        let Layer { network, inputs, outputs, side } = layer;
        json!({ "network": network, "inputs": inputs, "outputs": outputs, "side": side, "times": times.collect::<Vec<_>>() })
    });
    Value::Array(layers.collect())
}

/// The convolutions of both networks but for the first and the last ones, which have no stride.
fn layers(job: &Job) -> Vec<Layer> {
    let recipe = job.recipe();
    let widths = |architecture: &Architecture| {
        assert_eq!(architecture.family, Family::Dcgan, "layers are those of dcgan alone");
        architecture.features().unwrap()
    };
    let generator = widths(recipe.generator(job.side as u32, 1, &Device::flex()).unwrap().architecture());
    let discriminator = widths(recipe.discriminator(job.side as u32, 1, &Device::flex()).unwrap().architecture());
    let stages = |features: Vec<(usize, usize)>| {
        let colors = (3, job.side);
        let narrower = features.iter().skip(1).copied().chain([colors]).collect::<Vec<_>>();
        features.into_iter().zip(narrower)
    };
    let up =
        stages(generator).map(|((inputs, side), (outputs, _))| Layer { network: "generator", inputs, outputs, side });
    let down = stages(discriminator).map(|((outputs, _), (inputs, side))| Layer {
        network: "discriminator",
        inputs,
        outputs,
        side,
    });
    up.chain(down).collect()
}

/// The median of some turns, waited for one by one.
fn time(job: &Job, layer: Layer, way: Way, wanted: [bool; 2], device: &Device) -> f64 {
    const WARM_UP: usize = 2;
    const TURNS: usize = 7;
    let random = |shape| Tensor::<4>::random(shape, Distribution::Uniform(-1.0, 1.0), device);
    let image = random([job.batch, layer.inputs, layer.side, layer.side]);
    let weights = random(match layer.network {
        "generator" => [layer.inputs, layer.outputs, 4, 4],
        _ => [layer.outputs, layer.inputs, 4, 4],
    });
    let mut times: Vec<f64> = (0..WARM_UP + TURNS)
        .map(|_| {
            device.sync().unwrap();
            let started = Instant::now();
            turn(layer, way, wanted, [image.clone(), weights.clone()]);
            device.sync().unwrap();
            1e3 * started.elapsed().as_secs_f64()
        })
        .skip(WARM_UP)
        .collect();
    times.sort_by(f64::total_cmp);
    times[TURNS / 2]
}

fn turn(layer: Layer, way: Way, wanted: [bool; 2], tensors: [Tensor<4>; 2]) {
    if wanted == [false, false] {
        let [image, weights] = tensors;
        std::hint::black_box(way(layer, image, weights));
        return;
    }
    let on_tape = |tensor: Tensor<4>, is_wanted: bool| {
        let tensor = Tensor::from_inner(tensor);
        if is_wanted { tensor.require_grad() } else { tensor }
    };
    let [image, weights] = tensors;
    let (image, weights) = (on_tape(image, wanted[0]), on_tape(weights, wanted[1]));
    let gradients = way(layer, image.clone(), weights.clone()).sum().backward();
    std::hint::black_box((image.grad(&gradients), weights.grad(&gradients)));
}

fn by_windows(layer: Layer, image: Tensor<4>, weights: Tensor<4>) -> Tensor<4> {
    let options = ConvolutionOptions::new([2, 2], Padding::all(1));
    match layer.network {
        "generator" => fast_conv::conv_transpose2d(image, weights, None, options),
        _ => fast_conv::conv2d(image, weights, None, options),
    }
}

fn by_burn(layer: Layer, image: Tensor<4>, weights: Tensor<4>) -> Tensor<4> {
    match layer.network {
        "generator" => {
            let options = ConvTransposeOptions::new([2, 2], [1, 1], [0, 0], [1, 1], 1);
            module::conv_transpose2d(image, weights, None, options)
        }
        _ => module::conv2d(image, weights, None, ConvOptions::new([2, 2], [1, 1], [1, 1], 1)),
    }
}

/// A transposed convolution by a 4 × 4 kernel of stride 2 as one of stride 1 by 2 × 2 kernels: each of the four gives
/// the outputs of one parity of row and column, which are put side by side. Output `2j + a` before the cut is `x[j]
/// w[a] + x[j − 1] w[a + 2]`.
fn by_quarters(_: Layer, image: Tensor<4>, weights: Tensor<4>) -> Tensor<4> {
    let [inputs, outputs, _, _] = weights.dims();
    // Inputs, outputs, half and parity of the row, half and parity of the column; the later half meets the earlier
    // pixel.
    let weights = weights.reshape([inputs, outputs, 2, 2, 2, 2]).flip([2, 4]).permute([1, 3, 5, 0, 2, 4]);
    let weights = weights.reshape([4 * outputs, inputs, 2, 2]);
    let quarters = module::conv2d(image, weights, None, ConvOptions::new([1, 1], [1, 1], [1, 1], 1));
    let [batch, _, height, width] = quarters.dims();
    let whole = quarters.reshape([batch, outputs, 2, 2, height, width]).permute([0, 1, 4, 2, 5, 3]);
    let whole = whole.reshape([batch, outputs, 2 * height, 2 * width]);
    whole.narrow(2, 1, 2 * height - 2).narrow(3, 1, 2 * width - 2)
}

/// How far the ways are apart, on a small image.
fn largest_difference(device: &Device) -> f32 {
    let layer = Layer { network: "generator", inputs: 3, outputs: 5, side: 4 };
    let ramp = |shape: [usize; 4]| {
        let values: Vec<f32> = (0..shape.iter().product()).map(|index| (index as f32 * 0.7).sin()).collect();
        Tensor::<4>::from_data(TensorData::new(values, shape), device)
    };
    let [first, others @ ..] = WAYS
        .map(|(_, way)| way(layer, ramp([2, 3, 4, 4]), ramp([3, 5, 4, 4])).into_data().try_to_vec::<f32>().unwrap());
    let differences = others.iter().flat_map(|other| first.iter().zip(other).map(|(one, other)| (one - other).abs()));
    differences.fold(0.0, f32::max)
}
