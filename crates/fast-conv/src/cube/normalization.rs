//! Batch normalization in training and the leaky ReLU behind it: two launches forwards, two backwards.

use burn::{
    backend::{autodiff::NodeId, fusion::custom::TensorSpec},
    tensor::{self, DType, Shape},
};
use burn_cubecl::{
    CubeBackend,
    cubecl::{self, prelude::*},
    kernel::into_contiguous,
    tensor::CubeTensor,
};

use super::{
    address_type, empty_features, empty_like, offset, pixel_rows, rectifier, sides, sum_over_units, units,
    units_of_a_sum, values_of_a_channel,
};
use crate::{
    batch_norm::{BatchNormUpdate, RunningStatistics},
    prelude::*,
};

/// [`crate::batch_norm_and_rectify`] for tensors on a GPU.
pub(crate) fn batch_norm_and_rectify(
    x: tensor::Tensor<4>,
    [gamma, beta]: [tensor::Tensor<1>; 2],
    running: RunningStatistics,
    update: BatchNormUpdate,
) -> (tensor::Tensor<4>, RunningStatistics) {
    let BatchNormUpdate { epsilon, momentum, slope } = update;
    let x = x.into_dispatch();
    let [mean, variance] = [running.mean, running.variance].map(tensor::Tensor::into_dispatch);
    let (moments, mean, variance) = Dispatch::statistics(x.clone(), mean, variance, momentum);
    let [gamma, beta] = [gamma, beta].map(tensor::Tensor::into_dispatch);
    let y = Dispatch::normalize_and_rectify(x, moments, gamma, beta, epsilon, slope);
    let [mean, variance] = [mean, variance].map(tensor::Tensor::from_dispatch);
    (tensor::Tensor::from_dispatch(y), RunningStatistics { mean, variance })
}

/// The parts over a backend's tensors. A slope of 1 is no activation.
#[backend_extension(Autodiff, Cube, Fusion)]
pub trait RectifiedNormalizations: Backend {
    /// Means and variances of the batch, `[2, channels]`, and the running ones moved towards them.
    #[fusion(meta = |x, mean, variance, _momentum| {
        (TensorSpec::new(Shape::new([2, x.shape[1]]), DType::F32), mean.clone(), variance.clone())
    })]
    fn statistics(
        x: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        momentum: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
    /// y of `γ · (x − μ) / √(σ² + ε) + β`.
    #[fusion(dtype = x, shape = x)]
    fn normalize_and_rectify(
        x: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
        slope: f32,
    ) -> FloatTensor<Self>;
    /// The gradients of β and γ.
    #[fusion(meta = |_x, _moments, gamma, beta, _gradient, _epsilon, _slope| (beta.clone(), gamma.clone()))]
    fn affine_gradients(
        x: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        epsilon: f64,
        slope: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
    /// The gradient of x, from those of β and γ.
    #[fusion(dtype = x, shape = x)]
    fn normalized_gradient(
        x: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        beta_gradient: FloatTensor<Self>,
        gamma_gradient: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        epsilon: f64,
        slope: f32,
    ) -> FloatTensor<Self>;
}

impl RectifiedNormalizations for CubeBackend {
    fn statistics(
        x: CubeTensor,
        mean: CubeTensor,
        variance: CubeTensor,
        momentum: f64,
    ) -> (CubeTensor, CubeTensor, CubeTensor) {
        let [_, channels, ..] = sides(&x);
        let moments = empty_like(&x, Shape::new([2, channels]));
        let moved = [(); 2].map(|()| empty_like(&x, Shape::new([channels])));
        let units = units_of_a_sum(&x);
        let (x, [mean, variance]) = (pixel_rows(x), [mean, variance].map(into_contiguous));
        let [moved_mean, moved_variance] = moved.clone();
        // SAFETY: a cube for each channel, and indices within the shapes.
        unsafe {
            statistics_kernel::launch_unchecked(
                &moments.client,
                CubeCount::new_1d(channels as u32),
                CubeDim::new_1d(units),
                address_type([&x]),
                x.into_tensor_arg(),
                mean.into_tensor_arg(),
                variance.into_tensor_arg(),
                moments.clone().into_tensor_arg(),
                moved_mean.into_tensor_arg(),
                moved_variance.into_tensor_arg(),
                momentum as f32,
                units as usize,
            );
        }
        let [mean, variance] = moved;
        (moments, mean, variance)
    }

    fn normalize_and_rectify(
        x: CubeTensor,
        moments: CubeTensor,
        gamma: CubeTensor,
        beta: CubeTensor,
        epsilon: f64,
        slope: f32,
    ) -> CubeTensor {
        let y = empty_features(&x, sides(&x));
        let (count, dim) = units(&y);
        let (x, [gamma, beta]) = (pixel_rows(x), [gamma, beta].map(into_contiguous));
        // SAFETY: a unit beyond the output's end does nothing.
        unsafe {
            normalize_kernel::launch_unchecked(
                &y.client,
                count,
                dim,
                address_type([&x, &y]),
                x.into_tensor_arg(),
                moments.into_tensor_arg(),
                gamma.into_tensor_arg(),
                beta.into_tensor_arg(),
                y.clone().into_tensor_arg(),
                epsilon as f32,
                slope,
            );
        }
        y
    }

    fn affine_gradients(
        x: CubeTensor,
        moments: CubeTensor,
        gamma: CubeTensor,
        beta: CubeTensor,
        gradient: CubeTensor,
        epsilon: f64,
        slope: f32,
    ) -> (CubeTensor, CubeTensor) {
        let [_, channels, ..] = sides(&x);
        let gradients = [(); 2].map(|()| empty_like(&x, Shape::new([channels])));
        let units = units_of_a_sum(&x);
        let ([x, gradient], [gamma, beta]) = ([x, gradient].map(pixel_rows), [gamma, beta].map(into_contiguous));
        let [of_beta, of_gamma] = gradients.clone();
        // SAFETY: as for the statistics.
        unsafe {
            affine_gradients_kernel::launch_unchecked(
                &of_beta.client.clone(),
                CubeCount::new_1d(channels as u32),
                CubeDim::new_1d(units),
                address_type([&x, &gradient]),
                x.into_tensor_arg(),
                moments.into_tensor_arg(),
                gamma.into_tensor_arg(),
                beta.into_tensor_arg(),
                gradient.into_tensor_arg(),
                of_beta.into_tensor_arg(),
                of_gamma.into_tensor_arg(),
                epsilon as f32,
                slope,
                units as usize,
            );
        }
        let [of_beta, of_gamma] = gradients;
        (of_beta, of_gamma)
    }

    fn normalized_gradient(
        x: CubeTensor,
        moments: CubeTensor,
        gamma: CubeTensor,
        beta: CubeTensor,
        beta_gradient: CubeTensor,
        gamma_gradient: CubeTensor,
        gradient: CubeTensor,
        epsilon: f64,
        slope: f32,
    ) -> CubeTensor {
        let output = empty_features(&x, sides(&x));
        let (count, dim) = units(&output);
        let ([x, gradient], [gamma, beta]) = ([x, gradient].map(pixel_rows), [gamma, beta].map(into_contiguous));
        // SAFETY: a unit beyond the output's end does nothing.
        unsafe {
            normalized_gradient_kernel::launch_unchecked(
                &output.client,
                count,
                dim,
                address_type([&x, &gradient, &output]),
                x.into_tensor_arg(),
                moments.into_tensor_arg(),
                gamma.into_tensor_arg(),
                beta.into_tensor_arg(),
                beta_gradient.into_tensor_arg(),
                gamma_gradient.into_tensor_arg(),
                gradient.into_tensor_arg(),
                output.clone().into_tensor_arg(),
                epsilon as f32,
                slope,
            );
        }
        output
    }
}

/// `1 / √(σ² + ε)` of a channel.
#[cube]
fn inverse_deviation(moments: &Tensor<f32>, channel: usize, epsilon: f32) -> f32 {
    let deviation = (moments[moments.shape(1) + channel] + epsilon).sqrt();
    1.0f32 / deviation
}

#[cube(launch_unchecked, address_type = "dynamic")]
fn statistics_kernel(
    x: &Tensor<f32>,
    mean: &Tensor<f32>,
    variance: &Tensor<f32>,
    moments: &mut Tensor<f32>,
    moved_mean: &mut Tensor<f32>,
    moved_variance: &mut Tensor<f32>,
    momentum: f32,
    #[comptime] units: usize,
) {
    let channel = CUBE_POS;
    let count = values_of_a_channel(x);
    let mut sum = 0.0f32;
    let mut position = UNIT_POS as usize;
    while position < count {
        sum += x[offset(x, channel, position)];
        position += units;
    }
    let batch_mean = sum_over_units(sum, units) / f32::cast_from(count);
    // A second pass: E[x²] − μ² cancels where the mean is large beside the deviation.
    let mut squares = 0.0f32;
    let mut position = UNIT_POS as usize;
    while position < count {
        let centred = x[offset(x, channel, position)] - batch_mean;
        squares += centred * centred;
        position += units;
    }
    let batch_variance = sum_over_units(squares, units) / f32::cast_from(count);
    if UNIT_POS == 0 {
        let channels = moments.shape(1);
        moments[channel] = batch_mean;
        moments[channels + channel] = batch_variance;
        moved_mean[channel] = mean[channel] * (1.0f32 - momentum) + batch_mean * momentum;
        moved_variance[channel] = variance[channel] * (1.0f32 - momentum) + batch_variance * momentum;
    }
}

#[cube(launch_unchecked, address_type = "dynamic")]
fn normalize_kernel(
    x: &Tensor<f32>,
    moments: &Tensor<f32>,
    gamma: &Tensor<f32>,
    beta: &Tensor<f32>,
    y: &mut Tensor<f32>,
    epsilon: f32,
    slope: f32,
) {
    if ABSOLUTE_POS >= y.len() {
        terminate!();
    }
    let count = values_of_a_channel(x);
    let (channel, position) = (ABSOLUTE_POS / count, ABSOLUTE_POS % count);
    let scale = gamma[channel] * inverse_deviation(moments, channel, epsilon);
    let normalized = (x[offset(x, channel, position)] - moments[channel]) * scale + beta[channel];
    y[ABSOLUTE_POS] = normalized * rectifier(normalized, slope);
}

#[cube(launch_unchecked, address_type = "dynamic")]
fn affine_gradients_kernel(
    x: &Tensor<f32>,
    moments: &Tensor<f32>,
    gamma: &Tensor<f32>,
    beta: &Tensor<f32>,
    gradient: &Tensor<f32>,
    beta_gradient: &mut Tensor<f32>,
    gamma_gradient: &mut Tensor<f32>,
    epsilon: f32,
    slope: f32,
    #[comptime] units: usize,
) {
    let channel = CUBE_POS;
    let (count, mean) = (values_of_a_channel(x), moments[channel]);
    let inverse = inverse_deviation(moments, channel, epsilon);
    let (scale, shift) = (gamma[channel] * inverse, beta[channel]);
    let mut sum = 0.0f32;
    let mut products = 0.0f32;
    let mut position = UNIT_POS as usize;
    while position < count {
        let centred = x[offset(x, channel, position)] - mean;
        let upstream = gradient[offset(gradient, channel, position)] * rectifier(centred * scale + shift, slope);
        sum += upstream;
        products += upstream * centred;
        position += units;
    }
    let sum = sum_over_units(sum, units);
    let products = sum_over_units(products, units);
    if UNIT_POS == 0 {
        beta_gradient[channel] = sum;
        gamma_gradient[channel] = products * inverse;
    }
}

#[cube(launch_unchecked, address_type = "dynamic")]
fn normalized_gradient_kernel(
    x: &Tensor<f32>,
    moments: &Tensor<f32>,
    gamma: &Tensor<f32>,
    beta: &Tensor<f32>,
    beta_gradient: &Tensor<f32>,
    gamma_gradient: &Tensor<f32>,
    gradient: &Tensor<f32>,
    output: &mut Tensor<f32>,
    epsilon: f32,
    slope: f32,
) {
    if ABSOLUTE_POS >= output.len() {
        terminate!();
    }
    let count = values_of_a_channel(x);
    let (channel, position) = (ABSOLUTE_POS / count, ABSOLUTE_POS % count);
    let inverse = inverse_deviation(moments, channel, epsilon);
    let scale = gamma[channel] * inverse;
    let centred = x[offset(x, channel, position)] - moments[channel];
    let upstream = gradient[offset(gradient, channel, position)] * rectifier(centred * scale + beta[channel], slope);
    let values = f32::cast_from(count);
    let along = centred * inverse * (gamma_gradient[channel] / values);
    output[ABSOLUTE_POS] = scale * (upstream - beta_gradient[channel] / values - along);
}

#[derive(Debug)]
struct Gradient;

impl<B: RectifiedNormalizations> Backward<B, 3> for Gradient {
    /// x, γ and β on the tape, the moments, ε, the slope.
    type State = ([NodeId; 3], FloatTensor<B>, f64, f32);

    fn backward(self, ops: Ops<Self::State, 3>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let [x_node, gamma_node, beta_node] = ops.parents;
        let gradient = gradients.consume::<B>(&ops.node);
        let (kept, moments, epsilon, slope) = ops.state;
        let [x, gamma, beta]: [FloatTensor<B>; 3] = kept.map(|node| checkpointer.retrieve_node_output(node));
        let [of_x, of_gamma, of_beta] = [x.clone(), gamma.clone(), beta.clone()];
        let (beta_gradient, gamma_gradient) =
            B::affine_gradients(of_x, moments.clone(), of_gamma, of_beta, gradient.clone(), epsilon, slope);
        if let Some(node) = x_node {
            let (beta_gradient, gamma_gradient) = (beta_gradient.clone(), gamma_gradient.clone());
            let gradient = B::normalized_gradient(
                x,
                moments,
                gamma,
                beta,
                beta_gradient,
                gamma_gradient,
                gradient,
                epsilon,
                slope,
            );
            gradients.register::<B>(node.id, gradient);
        }
        for (node, gradient) in [(beta_node, beta_gradient), (gamma_node, gamma_gradient)] {
            if let Some(node) = node {
                gradients.register::<B>(node.id, gradient);
            }
        }
    }
}

impl<B: RectifiedNormalizations, C: CheckpointStrategy> RectifiedNormalizations for Autodiff<B, C> {
    /// Off the tape: `normalize_and_rectify` differentiates through the moments, and nothing through the running ones.
    fn statistics(
        x: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        momentum: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let [x, mean, variance] = [x, mean, variance].map(|tensor| tensor.into_primitive());
        let (moments, mean, variance) = B::statistics(x, mean, variance, momentum);
        let off_tape = FloatTensor::<Self>::new;
        (off_tape(moments), off_tape(mean), off_tape(variance))
    }

    fn normalize_and_rectify(
        x: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
        slope: f32,
    ) -> FloatTensor<Self> {
        let moments = moments.into_primitive();
        match Gradient.prepare::<C>([x.node(), gamma.node(), beta.node()]).compute_bound().stateful() {
            OpsKind::Tracked(mut prepared) => {
                let kept = [&x, &gamma, &beta].map(|tensor| prepared.checkpoint(tensor));
                let [x, gamma, beta] = [x, gamma, beta].map(|tensor| tensor.into_primitive());
                let y = B::normalize_and_rectify(x, moments.clone(), gamma, beta, epsilon, slope);
                prepared.finish((kept, moments, epsilon, slope), y)
            }
            OpsKind::UnTracked(prepared) => {
                let [x, gamma, beta] = [x, gamma, beta].map(|tensor| tensor.into_primitive());
                prepared.finish(B::normalize_and_rectify(x, moments, gamma, beta, epsilon, slope))
            }
        }
    }

    /// Off the tape, as the next: burn's autodiff has no second derivatives.
    fn affine_gradients(
        x: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        epsilon: f64,
        slope: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let [x, moments, gamma] = [x, moments, gamma].map(|tensor| tensor.into_primitive());
        let [beta, gradient] = [beta, gradient].map(|tensor| tensor.into_primitive());
        let (beta, gamma) = B::affine_gradients(x, moments, gamma, beta, gradient, epsilon, slope);
        (FloatTensor::<Self>::new(beta), FloatTensor::<Self>::new(gamma))
    }

    fn normalized_gradient(
        x: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        beta_gradient: FloatTensor<Self>,
        gamma_gradient: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        epsilon: f64,
        slope: f32,
    ) -> FloatTensor<Self> {
        let [x, moments, gamma, beta] = [x, moments, gamma, beta].map(|tensor| tensor.into_primitive());
        let [beta_gradient, gamma_gradient] = [beta_gradient, gamma_gradient].map(|tensor| tensor.into_primitive());
        let gradient = gradient.into_primitive();
        FloatTensor::<Self>::new(B::normalized_gradient(
            x,
            moments,
            gamma,
            beta,
            beta_gradient,
            gamma_gradient,
            gradient,
            epsilon,
            slope,
        ))
    }
}
