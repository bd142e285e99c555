//! Batch normalization in training and the leaky ReLU behind it: two launches forwards, two backwards, for one batch or for several
//! behind each other, whose statistics are their own.

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
    let BatchNormUpdate { epsilon, momentum, slope, batches } = update;
    let x = x.into_dispatch();
    let [mean, variance] = [running.mean, running.variance].map(tensor::Tensor::into_dispatch);
    let (moments, mean, variance) = Dispatch::statistics(x.clone(), mean, variance, momentum, batches);
    let [gamma, beta] = [gamma, beta].map(tensor::Tensor::into_dispatch);
    let y = Dispatch::normalize_and_rectify(x, moments, gamma, beta, epsilon, slope);
    let [mean, variance] = [mean, variance].map(tensor::Tensor::from_dispatch);
    (tensor::Tensor::from_dispatch(y), RunningStatistics { mean, variance })
}

/// The parts over a backend's tensors. A slope of 1 is no activation. As many batches as there are moments of are as large as each
/// other, and x holds them behind each other.
#[backend_extension(Autodiff, Cube, Fusion)]
pub trait RectifiedNormalizations: Backend {
    /// Means and variances of each batch, `[batches, 2, channels]`, and the running ones moved towards those of one batch after the
    /// other.
    #[fusion(meta = |x, mean, variance, _momentum, batches| {
        (TensorSpec::new(Shape::new([*batches, 2, x.shape[1]]), DType::F32), mean.clone(), variance.clone())
    })]
    fn statistics(
        x: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        momentum: f64,
        batches: usize,
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
    /// `Σ ∂y` and `Σ ∂y · x̂` of each batch, as the moments lie, and the gradients of β and γ, which are the sums of these.
    #[fusion(meta = |_x, moments, gamma, beta, _gradient, _epsilon, _slope| {
        (moments.clone(), beta.clone(), gamma.clone())
    })]
    fn gradient_totals(
        x: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        epsilon: f64,
        slope: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
    /// The gradient of x, from what [`RectifiedNormalizations::gradient_totals`] made.
    #[fusion(dtype = x, shape = x)]
    fn normalized_gradient(
        x: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        totals: FloatTensor<Self>,
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
        batches: usize,
    ) -> (CubeTensor, CubeTensor, CubeTensor) {
        let [_, channels, ..] = sides(&x);
        let moments = empty_like(&x, Shape::new([batches, 2, channels]));
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

    fn gradient_totals(
        x: CubeTensor,
        moments: CubeTensor,
        gamma: CubeTensor,
        beta: CubeTensor,
        gradient: CubeTensor,
        epsilon: f64,
        slope: f32,
    ) -> (CubeTensor, CubeTensor, CubeTensor) {
        let [_, channels, ..] = sides(&x);
        let totals = empty_like(&moments, moments.meta.shape().clone());
        let gradients = [(); 2].map(|()| empty_like(&x, Shape::new([channels])));
        let units = units_of_a_sum(&x);
        let ([x, gradient], [gamma, beta]) = ([x, gradient].map(pixel_rows), [gamma, beta].map(into_contiguous));
        let [of_beta, of_gamma] = gradients.clone();
        // SAFETY: as for the statistics.
        unsafe {
            gradient_totals_kernel::launch_unchecked(
                &of_beta.client.clone(),
                CubeCount::new_1d(channels as u32),
                CubeDim::new_1d(units),
                address_type([&x, &gradient]),
                x.into_tensor_arg(),
                moments.into_tensor_arg(),
                gamma.into_tensor_arg(),
                beta.into_tensor_arg(),
                gradient.into_tensor_arg(),
                totals.clone().into_tensor_arg(),
                of_beta.into_tensor_arg(),
                of_gamma.into_tensor_arg(),
                epsilon as f32,
                slope,
                units as usize,
            );
        }
        let [of_beta, of_gamma] = gradients;
        (totals, of_beta, of_gamma)
    }

    fn normalized_gradient(
        x: CubeTensor,
        moments: CubeTensor,
        gamma: CubeTensor,
        beta: CubeTensor,
        totals: CubeTensor,
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
                totals.into_tensor_arg(),
                gradient.into_tensor_arg(),
                output.clone().into_tensor_arg(),
                epsilon as f32,
                slope,
            );
        }
        output
    }
}

/// Where a channel's value in the first or second row of a batch lies, in `[batches, 2, channels]`.
#[cube]
fn place(channels: usize, batch: usize, row: usize, channel: usize) -> usize {
    (batch * 2 + row) * channels + channel
}

/// `1 / √(σ² + ε)` of a channel in a batch.
#[cube]
fn inverse_deviation(moments: &Tensor<f32>, batch: usize, channel: usize, epsilon: f32) -> f32 {
    let channels = moments.shape(2);
    let deviation = (moments[place(channels, batch, 1, channel)] + epsilon).sqrt();
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
    let (batches, channels) = (moments.shape(0), moments.shape(2));
    let count = values_of_a_channel(x) / batches;
    let mut running_mean = mean[channel];
    let mut running_variance = variance[channel];
    for batch in 0..batches {
        let (first, end) = (batch * count, (batch + 1) * count);
        let mut sum = 0.0f32;
        let mut position = first + UNIT_POS as usize;
        while position < end {
            sum += x[offset(x, channel, position)];
            position += units;
        }
        let batch_mean = sum_over_units(sum, units) / f32::cast_from(count);
        // A second pass: E[x²] − μ² cancels where the mean is large beside the deviation.
        let mut squares = 0.0f32;
        let mut position = first + UNIT_POS as usize;
        while position < end {
            let centred = x[offset(x, channel, position)] - batch_mean;
            squares += centred * centred;
            position += units;
        }
        let batch_variance = sum_over_units(squares, units) / f32::cast_from(count);
        running_mean = running_mean * (1.0f32 - momentum) + batch_mean * momentum;
        running_variance = running_variance * (1.0f32 - momentum) + batch_variance * momentum;
        if UNIT_POS == 0 {
            let (mean, variance) = (place(channels, batch, 0, channel), place(channels, batch, 1, channel));
            moments[mean] = batch_mean;
            moments[variance] = batch_variance;
        }
    }
    if UNIT_POS == 0 {
        moved_mean[channel] = running_mean;
        moved_variance[channel] = running_variance;
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
    let (batch, channels) = (position / (count / moments.shape(0)), moments.shape(2));
    let scale = gamma[channel] * inverse_deviation(moments, batch, channel, epsilon);
    let centred = x[offset(x, channel, position)] - moments[place(channels, batch, 0, channel)];
    let normalized = centred * scale + beta[channel];
    y[ABSOLUTE_POS] = normalized * rectifier(normalized, slope);
}

#[cube(launch_unchecked, address_type = "dynamic")]
fn gradient_totals_kernel(
    x: &Tensor<f32>,
    moments: &Tensor<f32>,
    gamma: &Tensor<f32>,
    beta: &Tensor<f32>,
    gradient: &Tensor<f32>,
    totals: &mut Tensor<f32>,
    beta_gradient: &mut Tensor<f32>,
    gamma_gradient: &mut Tensor<f32>,
    epsilon: f32,
    slope: f32,
    #[comptime] units: usize,
) {
    let channel = CUBE_POS;
    let (batches, channels) = (moments.shape(0), moments.shape(2));
    let count = values_of_a_channel(x) / batches;
    let mut of_beta = 0.0f32;
    let mut of_gamma = 0.0f32;
    for batch in 0..batches {
        let mean = moments[place(channels, batch, 0, channel)];
        let inverse = inverse_deviation(moments, batch, channel, epsilon);
        let (scale, shift) = (gamma[channel] * inverse, beta[channel]);
        let mut sum = 0.0f32;
        let mut products = 0.0f32;
        let mut position = batch * count + UNIT_POS as usize;
        while position < (batch + 1) * count {
            let centred = x[offset(x, channel, position)] - mean;
            let upstream = gradient[offset(gradient, channel, position)] * rectifier(centred * scale + shift, slope);
            sum += upstream;
            products += upstream * centred;
            position += units;
        }
        let sum = sum_over_units(sum, units);
        let products = sum_over_units(products, units) * inverse;
        of_beta += sum;
        of_gamma += products;
        if UNIT_POS == 0 {
            let (first, second) = (place(channels, batch, 0, channel), place(channels, batch, 1, channel));
            totals[first] = sum;
            totals[second] = products;
        }
    }
    if UNIT_POS == 0 {
        beta_gradient[channel] = of_beta;
        gamma_gradient[channel] = of_gamma;
    }
}

#[cube(launch_unchecked, address_type = "dynamic")]
fn normalized_gradient_kernel(
    x: &Tensor<f32>,
    moments: &Tensor<f32>,
    gamma: &Tensor<f32>,
    beta: &Tensor<f32>,
    totals: &Tensor<f32>,
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
    let count = count / moments.shape(0);
    let (batch, channels) = (position / count, moments.shape(2));
    let inverse = inverse_deviation(moments, batch, channel, epsilon);
    let scale = gamma[channel] * inverse;
    let centred = x[offset(x, channel, position)] - moments[place(channels, batch, 0, channel)];
    let upstream = gradient[offset(gradient, channel, position)] * rectifier(centred * scale + beta[channel], slope);
    let values = f32::cast_from(count);
    let along = centred * inverse * (totals[place(channels, batch, 1, channel)] / values);
    output[ABSOLUTE_POS] = scale * (upstream - totals[place(channels, batch, 0, channel)] / values - along);
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
        let (totals, beta_gradient, gamma_gradient) =
            B::gradient_totals(of_x, moments.clone(), of_gamma, of_beta, gradient.clone(), epsilon, slope);
        if let Some(node) = x_node {
            let gradient = B::normalized_gradient(x, moments, gamma, beta, totals, gradient, epsilon, slope);
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
        batches: usize,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let [x, mean, variance] = [x, mean, variance].map(|tensor| tensor.into_primitive());
        let (moments, mean, variance) = B::statistics(x, mean, variance, momentum, batches);
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
    fn gradient_totals(
        x: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        epsilon: f64,
        slope: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let [x, moments, gamma] = [x, moments, gamma].map(|tensor| tensor.into_primitive());
        let [beta, gradient] = [beta, gradient].map(|tensor| tensor.into_primitive());
        let (totals, beta, gamma) = B::gradient_totals(x, moments, gamma, beta, gradient, epsilon, slope);
        let off_tape = FloatTensor::<Self>::new;
        (off_tape(totals), off_tape(beta), off_tape(gamma))
    }

    fn normalized_gradient(
        x: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        totals: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        epsilon: f64,
        slope: f32,
    ) -> FloatTensor<Self> {
        let [x, moments, gamma, beta] = [x, moments, gamma, beta].map(|tensor| tensor.into_primitive());
        let [totals, gradient] = [totals, gradient].map(|tensor| tensor.into_primitive());
        let gradient = B::normalized_gradient(x, moments, gamma, beta, totals, gradient, epsilon, slope);
        FloatTensor::<Self>::new(gradient)
    }
}
