//! Batch normalization: in training in three passes over its input and two over its gradient, at rest in one.

// The generated trait is public inside this private module.
#![allow(unreachable_pub, missing_docs)]

mod statistics;

use burn::{
    backend::{TensorMetadata, autodiff::NodeId},
    tensor::{DType, Shape, Slice, Tensor, module},
};

use self::statistics::Size;
use crate::{
    activation::leaky_relu,
    device::{are_plain, is_flex},
    prelude::*,
    storage,
};
#[cfg(feature = "cube")]
use crate::{cube, device::takes_features};

/// What [`batch_norm`] returns.
#[derive(Clone, Debug)]
pub struct Normalized {
    /// The normalized input, of its shape.
    pub output: Tensor<4>,
    /// Each channel's mean over the batch, `[channels]`, off the tape.
    pub mean: Tensor<1>,
    /// Each channel's variance (divided by the count), `[channels]`, off the tape.
    pub variance: Tensor<1>,
}

/// Normalizes each channel by the batch's own statistics (Ioffe and Szegedy 2015, arXiv:1502.03167, algorithm 1).
///
/// `y = γ · (x − μ) / √(σ² + ε) + β`, with μ and σ² over batch, height and width. Differentiated through μ and σ²:
/// `∂x = γ / √(σ² + ε) · (∂y − mean(∂y) − x̂ · mean(∂y · x̂))`.
///
/// Devices other than flex, and types other than f32, get burn's own, which takes a dozen passes.
///
/// # Shapes
/// - x: `[batch, channels, height, width]`
/// - gamma, beta: `[channels]`
///
/// # Panics
/// If the shapes do not fit.
pub fn batch_norm(x: Tensor<4>, gamma: Tensor<1>, beta: Tensor<1>, epsilon: f64) -> Normalized {
    let channels = x.dims()[1];
    assert_eq!(gamma.dims(), [channels], "batch_norm: x has {channels} channels");
    assert_eq!(beta.dims(), [channels], "batch_norm: x has {channels} channels");
    let single = [x.dtype(), gamma.dtype(), beta.dtype()].iter().all(|dtype| *dtype == DType::F32);
    if !single || !is_flex(&x.device()) || x.shape().num_elements() == 0 {
        let module::BatchNormTrainOutput { output, mean, variance } = module::batch_norm_train(x, gamma, beta, epsilon);
        return Normalized { output, mean, variance };
    }
    let x = x.into_dispatch();
    let moments = Dispatch::moments(x.clone());
    let output = Dispatch::normalize(x, moments.clone(), gamma.into_dispatch(), beta.into_dispatch(), epsilon);
    let moments = Tensor::<2>::from_dispatch(moments);
    let row = |row: usize| moments.clone().slice([row..row + 1, 0..channels]).reshape([channels]);
    Normalized { output: Tensor::from_dispatch(output), mean: row(0), variance: row(1) }
}

/// Each channel's mean and variance as they are kept over batches, `[channels]` each, off the tape.
#[derive(Clone, Debug)]
pub struct RunningStatistics {
    /// The means.
    pub mean: Tensor<1>,
    /// The variances.
    pub variance: Tensor<1>,
}

/// The constants of [`batch_norm_and_rectify`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNormUpdate {
    /// ε, added to the variance.
    pub epsilon: f64,
    /// What the batch's statistics count in the running ones.
    pub momentum: f64,
    /// Leaky ReLU's slope; 0: ReLU, 1: no activation.
    pub slope: f32,
    /// How many batches of one size lie behind each other, each with statistics of its own: normalized as if they came one after the
    /// other.
    pub batches: usize,
}

/// [`batch_norm`] and [`leaky_relu`] behind it, and the running statistics after the batch: `running ← (1 − m) running + m batch`.
///
/// On the CPU these are the passes of both for each batch, on a GPU two launches forwards and two backwards for all.
///
/// # Shapes
/// - x and result: `[batches · batch, channels, height, width]`
/// - gamma, beta: `[channels]`
///
/// # Panics
/// If the shapes do not fit, x is not as many batches, or the slope is negative or not a number.
pub fn batch_norm_and_rectify(
    x: Tensor<4>,
    [gamma, beta]: [Tensor<1>; 2],
    running: RunningStatistics,
    update: BatchNormUpdate,
) -> (Tensor<4>, RunningStatistics) {
    let BatchNormUpdate { epsilon, momentum, slope, batches } = update;
    let [images, ..] = x.dims();
    assert!(
        batches > 0 && images.is_multiple_of(batches),
        "batch_norm_and_rectify: x has {images} images, not {batches} batches"
    );
    assert!(slope >= 0.0, "batch_norm_and_rectify: the slope is {slope}, and must not be negative");
    #[cfg(feature = "cube")]
    {
        let channels = x.dims()[1];
        let vectors = [&gamma, &beta, &running.mean, &running.variance];
        assert!(
            vectors.into_iter().all(|vector| vector.dims() == [channels]),
            "batch_norm_and_rectify: x has {channels} channels"
        );
        if takes_features(&x) && vectors.into_iter().all(takes_features) {
            return cube::batch_norm_and_rectify(x, [gamma, beta], running, update);
        }
    }
    if batches > 1 {
        let (mut moved, one) = (running, BatchNormUpdate { batches: 1, ..update });
        let normalized = x.chunk(batches, 0).into_iter().map(|batch| {
            let (y, after) = batch_norm_and_rectify(batch, [gamma.clone(), beta.clone()], moved.clone(), one);
            moved = after;
            y
        });
        let y = Tensor::cat(normalized.collect(), 0);
        return (y, moved);
    }
    let Normalized { output, mean, variance } = batch_norm(x, gamma, beta, epsilon);
    let moved = |kept: Tensor<1>, seen: Tensor<1>| (kept * (1.0 - momentum) + seen.detach() * momentum).detach();
    let running = RunningStatistics { mean: moved(running.mean, mean), variance: moved(running.variance, variance) };
    (if slope == 1.0 { output } else { leaky_relu(output, slope) }, running)
}

/// Normalizes each channel by statistics that were kept: `y = (x − μ) / √(σ² + ε) · γ + β`.
///
/// The same bits as by burn's operators, which take four passes and get whatever is not f32 on flex, off the tape.
///
/// # Shapes
/// - x: `[batch, channels, height, width]`
/// - gamma, beta, mean, variance: `[channels]`
///
/// # Panics
/// If the shapes do not fit.
pub fn batch_norm_at_rest(
    x: Tensor<4>,
    [gamma, beta]: [Tensor<1>; 2],
    [mean, variance]: [Tensor<1>; 2],
    epsilon: f64,
) -> Tensor<4> {
    if !are_plain([&x]) || !are_plain([&gamma, &beta, &mean, &variance]) || x.shape().num_elements() == 0 {
        return module::batch_norm(x, gamma, beta, mean, variance, epsilon);
    }
    let channels = x.dims()[1];
    let deviation = variance.add_scalar(epsilon).sqrt();
    let terms = [mean, deviation, gamma, beta].map(|term| {
        assert_eq!(term.dims(), [channels], "batch_norm_at_rest: x has {channels} channels");
        term.into_dispatch()
    });
    let [mean, deviation, gamma, beta] = terms;
    Tensor::from_dispatch(Dispatch::standardize(x.into_dispatch(), mean, deviation, gamma, beta))
}

/// Batch normalization at rest over a backend's tensors.
#[backend_extension(Flex)]
pub trait Standardizations: Backend {
    /// `(x − μ) / deviation · γ + β`.
    fn standardize(
        x: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        deviation: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

impl Standardizations for Flex {
    fn standardize(
        x: FlexTensor,
        mean: FlexTensor,
        deviation: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
    ) -> FlexTensor {
        let size = Size::of(&x);
        let terms = [mean, deviation, gamma, beta].map(|term| term.to_contiguous());
        let [mean, deviation, gamma, beta] = terms.each_ref().map(storage::values);
        storage::in_place(x, |x| {
            size.map(x, |channel, _, x| {
                let (mean, deviation) = (mean[channel], deviation[channel]);
                for x in x {
                    // Divided, not multiplied by the inverse: that would round otherwise than burn does.
                    *x = (*x - mean) / deviation * gamma[channel] + beta[channel];
                }
            });
        })
    }
}

/// Batch normalization's parts over a backend's tensors.
#[backend_extension(Autodiff, Flex)]
pub trait Normalizations: Backend {
    /// Means and variances, `[2, channels]`.
    fn moments(x: FloatTensor<Self>) -> FloatTensor<Self>;
    /// The output, `γ · (x − μ) / √(σ² + ε) + β`.
    fn normalize(
        x: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> FloatTensor<Self>;
    /// `Σ ∂y` and `Σ ∂y · x̂`, the gradients of β and γ, `[2, channels]`.
    fn gradient_sums(
        x: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        epsilon: f64,
    ) -> FloatTensor<Self>;
    /// The gradient of x, from the sums that [`Normalizations::gradient_sums`] made.
    fn input_gradient(
        x: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        sums: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        epsilon: f64,
    ) -> FloatTensor<Self>;
}

/// `1 / √(σ² + ε)`, in f64: ε is far below the f32 digits of a large variance.
fn inverse_deviation(variance: f32, epsilon: f64) -> f32 {
    (1.0 / (f64::from(variance) + epsilon).sqrt()) as f32
}

impl Normalizations for Flex {
    fn moments(x: FlexTensor) -> FlexTensor {
        let (x, size) = (x.to_contiguous(), Size::of(&x));
        let x = storage::values(&x);
        size.per_channel(|channel| {
            let mean = size.sum(channel, [x, x], |x, _| x) / size.count();
            let centre = mean as f32;
            // A second pass: E[x²] − μ² cancels where the mean is large beside the deviation.
            let variance = size.sum(channel, [x, x], |x, _| (x - centre) * (x - centre)) / size.count();
            [mean, variance]
        })
    }

    fn normalize(x: FlexTensor, moments: FlexTensor, gamma: FlexTensor, beta: FlexTensor, epsilon: f64) -> FlexTensor {
        let size = Size::of(&x);
        let [moments, gamma, beta] = [moments, gamma, beta].map(|tensor| tensor.to_contiguous());
        let (moments, gamma, beta) = (storage::values(&moments), storage::values(&gamma), storage::values(&beta));
        storage::in_place(x, |x| {
            size.map(x, |channel, _, x| {
                let scale = gamma[channel] * inverse_deviation(moments[size.channels + channel], epsilon);
                for x in x {
                    *x = (*x - moments[channel]) * scale + beta[channel];
                }
            });
        })
    }

    fn gradient_sums(x: FlexTensor, moments: FlexTensor, gradient: FlexTensor, epsilon: f64) -> FlexTensor {
        let size = Size::of(&x);
        let [x, moments, gradient] = [x, moments, gradient].map(|tensor| tensor.to_contiguous());
        let (x, moments, gradient) = (storage::values(&x), storage::values(&moments), storage::values(&gradient));
        size.per_channel(|channel| {
            let mean = moments[channel];
            let inverse = f64::from(inverse_deviation(moments[size.channels + channel], epsilon));
            let products = size.sum(channel, [gradient, x], |gradient, x| gradient * (x - mean));
            [size.sum(channel, [gradient, gradient], |gradient, _| gradient), products * inverse]
        })
    }

    fn input_gradient(
        x: FlexTensor,
        moments: FlexTensor,
        gamma: FlexTensor,
        sums: FlexTensor,
        gradient: FlexTensor,
        epsilon: f64,
    ) -> FlexTensor {
        let size = Size::of(&x);
        let [x, moments, gamma, sums] = [x, moments, gamma, sums].map(|tensor| tensor.to_contiguous());
        let (x, moments, gamma, sums) =
            (storage::values(&x), storage::values(&moments), storage::values(&gamma), storage::values(&sums));
        storage::in_place(gradient, |gradient| {
            size.map(gradient, |channel, start, gradient| {
                let inverse = inverse_deviation(moments[size.channels + channel], epsilon);
                let [sum, products] = [sums[channel], sums[size.channels + channel]].map(f64::from);
                let offset = (sum / size.count()) as f32;
                let slope = (products / size.count()) as f32 * inverse;
                let x = &x[start..start + gradient.len()];
                for (gradient, x) in gradient.iter_mut().zip(x) {
                    *gradient = gamma[channel] * inverse * (*gradient - offset - (x - moments[channel]) * slope);
                }
            });
        })
    }
}

#[derive(Debug)]
struct Gradient;

impl<B: Normalizations> Backward<B, 3> for Gradient {
    /// x and γ on the tape, the moments, how many channels, ε.
    type State = (NodeId, NodeId, FloatTensor<B>, usize, f64);

    fn backward(self, ops: Ops<Self::State, 3>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let [x_node, gamma_node, beta_node] = ops.parents;
        let gradient = gradients.consume::<B>(&ops.node);
        let (x, gamma, moments, channels, epsilon) = ops.state;
        let x: FloatTensor<B> = checkpointer.retrieve_node_output(x);
        let gamma: FloatTensor<B> = checkpointer.retrieve_node_output(gamma);
        let sums = B::gradient_sums(x.clone(), moments.clone(), gradient.clone(), epsilon);
        for (row, node) in [(0, beta_node), (1, gamma_node)] {
            if let Some(node) = node {
                let row = B::float_slice(sums.clone(), &[Slice::from(row..row + 1), Slice::full()]);
                gradients.register::<B>(node.id, B::float_reshape(row, Shape::from([channels])));
            }
        }
        if let Some(node) = x_node {
            gradients.register::<B>(node.id, B::input_gradient(x, moments, gamma, sums, gradient, epsilon));
        }
    }
}

impl<B: Normalizations, C: CheckpointStrategy> Normalizations for Autodiff<B, C> {
    /// Off the tape: `normalize` differentiates through them.
    fn moments(x: FloatTensor<Self>) -> FloatTensor<Self> {
        FloatTensor::<Self>::new(B::moments(x.into_primitive()))
    }

    fn normalize(
        x: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> FloatTensor<Self> {
        let moments = moments.into_primitive();
        let nodes = [x.node(), gamma.node(), beta.node()];
        let channels = x.shape()[1];
        match Gradient.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(mut prepared) => {
                let state = (prepared.checkpoint(&x), prepared.checkpoint(&gamma), moments.clone(), channels, epsilon);
                let [x, gamma, beta] = [x, gamma, beta].map(|tensor| tensor.into_primitive());
                prepared.finish(state, B::normalize(x, moments, gamma, beta, epsilon))
            }
            OpsKind::UnTracked(prepared) => {
                let [x, gamma, beta] = [x, gamma, beta].map(|tensor| tensor.into_primitive());
                prepared.finish(B::normalize(x, moments, gamma, beta, epsilon))
            }
        }
    }

    /// Off the tape, as the next: burn's autodiff has no second derivatives.
    fn gradient_sums(
        x: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        epsilon: f64,
    ) -> FloatTensor<Self> {
        let [x, moments, gradient] = [x, moments, gradient].map(|tensor| tensor.into_primitive());
        FloatTensor::<Self>::new(B::gradient_sums(x, moments, gradient, epsilon))
    }

    fn input_gradient(
        x: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        sums: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        epsilon: f64,
    ) -> FloatTensor<Self> {
        let [x, moments, gamma] = [x, moments, gamma].map(|tensor| tensor.into_primitive());
        let [sums, gradient] = [sums, gradient].map(|tensor| tensor.into_primitive());
        FloatTensor::<Self>::new(B::input_gradient(x, moments, gamma, sums, gradient, epsilon))
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};

    use super::*;

    fn close<const D: usize>(what: &str, found: Tensor<D>, expected: Tensor<D>) {
        let largest = expected.clone().abs().max().into_scalar::<f32>().max(1e-6);
        let error = (found - expected).abs().max().into_scalar::<f32>() / largest;
        assert!(error < 1e-4, "{what}: relative error {error}");
    }

    fn check([batch, channels, height, width]: [usize; 4]) {
        let device = Device::flex();
        let x: Tensor<4> = Tensor::random([batch, channels, height, width], Distribution::Normal(3.0, 2.0), &device);
        let gamma: Tensor<1> = Tensor::random([channels], Distribution::Normal(1.0, 0.3), &device);
        let beta: Tensor<1> = Tensor::random([channels], Distribution::Normal(0.0, 1.0), &device);
        let upstream = (x.clone() * 1.7).cos().autodiff();
        let leaves = || {
            let gamma = gamma.clone().autodiff().require_grad();
            (x.clone().autodiff().require_grad(), gamma, beta.clone().autodiff().require_grad())
        };
        let (fast, reference) = (leaves(), leaves());
        let found = batch_norm(fast.0.clone(), fast.1.clone(), fast.2.clone(), 1e-5);
        let expected = module::batch_norm_train(reference.0.clone(), reference.1.clone(), reference.2.clone(), 1e-5);
        close("mean", found.mean.inner(), expected.mean.inner());
        close("variance", found.variance.inner(), expected.variance.inner());
        close("output", found.output.clone().inner(), expected.output.clone().inner());
        let found = (found.output * upstream.clone()).sum().backward();
        let expected = (expected.output * upstream).sum().backward();
        close("x", fast.0.grad(&found).unwrap(), reference.0.grad(&expected).unwrap());
        close("gamma", fast.1.grad(&found).unwrap(), reference.1.grad(&expected).unwrap());
        close("beta", fast.2.grad(&found).unwrap(), reference.2.grad(&expected).unwrap());
    }

    /// The same bits forwards, and rounding alone backwards, where the gradients of scale and shift are added up.
    #[test]
    fn batches_behind_each_other_are_normalized_one_after_the_other() {
        let tape = Device::flex().autodiff();
        let (batch, channels, side) = (3, 5, 4);
        let of_channels = |mean| Tensor::<1>::random([channels], Distribution::Normal(mean, 0.3), &tape);
        let (affine, kept) = ([of_channels(1.0), of_channels(0.0)], [of_channels(0.5), of_channels(2.0)]);
        let images = |mean| Tensor::<4>::random([batch, channels, side, side], Distribution::Normal(mean, 2.0), &tape);
        let parts = [images(3.0), images(-1.0)];
        let update = |batches| BatchNormUpdate { epsilon: 1e-5, momentum: 0.1, slope: 0.2, batches };
        let pass = |at_once: bool| {
            let [gamma, beta] = affine.clone().map(|leaf| leaf.detach().require_grad());
            let parts = parts.clone().map(|part| part.detach().require_grad());
            let [mean, variance] = kept.clone();
            let running = RunningStatistics { mean, variance };
            let affine = || [gamma.clone(), beta.clone()];
            let (y, moved) = if at_once {
                batch_norm_and_rectify(Tensor::cat(parts.to_vec(), 0), affine(), running, update(2))
            } else {
                let (first, running) = batch_norm_and_rectify(parts[0].clone(), affine(), running, update(1));
                let (second, running) = batch_norm_and_rectify(parts[1].clone(), affine(), running, update(1));
                (Tensor::cat(vec![first, second], 0), running)
            };
            let gradients = (y.clone() * (y.clone().detach() * 1.7).cos()).sum().backward();
            let of_parts = parts.map(|part| part.grad(&gradients).unwrap());
            let of_affine = [gamma, beta].map(|leaf| leaf.grad(&gradients).unwrap());
            (y.inner(), [moved.mean.inner(), moved.variance.inner()], Tensor::cat(of_parts.to_vec(), 0), of_affine)
        };
        let (found, expected) = (pass(true), pass(false));
        assert_eq!(found.0.into_data(), expected.0.into_data());
        for (found, expected) in found.1.into_iter().zip(expected.1) {
            assert_eq!(found.into_data(), expected.into_data());
        }
        close("x", found.2, expected.2);
        for (found, expected) in found.3.into_iter().zip(expected.3) {
            close("scale and shift", found, expected);
        }
    }

    #[test]
    fn at_rest_the_bits_are_those_of_burn_s_operators() {
        let check = |shape: [usize; 4]| {
            let random = |mean| Tensor::<1>::random([shape[1]], Distribution::Normal(mean, 0.3), &Device::flex());
            let (affine, statistics) = ([random(1.0), random(0.0)], [random(0.5), random(2.0).square()]);
            let x: Tensor<4> = Tensor::random(shape, Distribution::Normal(3.0, 2.0), &Device::flex());
            let ([gamma, beta], [mean, variance]) = (affine.clone(), statistics.clone());
            let expected = module::batch_norm(x.clone(), gamma, beta, mean, variance, 1e-5);
            let found = batch_norm_at_rest(x, affine, statistics, 1e-5);
            let values = |tensor: Tensor<4>| tensor.into_data().try_to_vec::<f32>().unwrap();
            assert_eq!(values(found), values(expected));
        };
        check([5, 7, 6, 6]);
        check([2, 33, 4, 4]);
        check([3, 2, 19, 23]);
    }

    #[test]
    fn output_moments_and_gradients_are_burn_s() {
        check([5, 7, 6, 6]);
        check([64, 33, 4, 4]);
        check([3, 2, 19, 23]);
        // Not fewer: of two values a channel the gradients cancel, and only rounding would be compared.
        check([4, 1, 3, 1]);
    }
}
