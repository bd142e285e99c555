//! The operators that networks are made of: burn's own, or those of `fast-conv`.

use burn::{
    module::{Param, RunningState},
    nn::{
        BatchNorm, PaddingConfig2d,
        conv::{Conv2d, ConvTranspose2d},
    },
    tensor::{
        Device, Tensor, activation, module,
        ops::{ConvTransposeOptions, InterpolateMode, InterpolateOptions},
    },
};
use fast_conv::{BatchNormUpdate, ConvolutionOptions, Padding, Precision, RunningStatistics};

use crate::running_statistics;

/// Whose operators a network computes with. Both compute the same function, but for rounding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operators {
    /// Those of `fast-conv`, which hands what it has no kernels for to burn's own. What convolutions multiply is rounded to this.
    Fast(Precision),
    /// Burn's own on every device.
    Burn,
}

impl Default for Operators {
    /// Those of `fast-conv`, without rounding.
    fn default() -> Self {
        Self::Fast(Precision::Single)
    }
}

impl Operators {
    /// Applies a convolution.
    pub(crate) fn convolve(self, convolution: &Conv2d, input: Tensor<4>) -> Tensor<4> {
        let padding = match convolution.padding {
            PaddingConfig2d::Valid => Padding::default(),
            PaddingConfig2d::Explicit(top, left, bottom, right) => Padding { top, left, bottom, right },
            PaddingConfig2d::Same => return convolution.forward(input),
        };
        match self {
            Self::Burn => convolution.forward(input),
            Self::Fast(precision) => {
                let bias = convolution.bias.as_ref().map(|bias| bias.val());
                let (stride, groups) = (convolution.stride, convolution.groups);
                let options = ConvolutionOptions { stride, padding, groups, precision };
                fast_conv::conv2d(input, convolution.weight.val(), bias, options)
            }
        }
    }

    /// Applies a convolution without its bias: the linear map that it adds the bias to.
    pub(crate) fn convolve_linearly(self, convolution: &Conv2d, input: Tensor<4>) -> Tensor<4> {
        self.convolve(&without_bias(convolution), input)
    }

    /// Applies a transposed convolution, cutting off this padding instead of the convolution's own.
    pub(crate) fn convolve_transposed(
        self,
        convolution: &ConvTranspose2d,
        input: Tensor<4>,
        padding: Padding,
    ) -> Tensor<4> {
        let bias = convolution.bias.as_ref().map(|bias| bias.val());
        let (weight, stride) = (convolution.weight.val(), convolution.stride);
        match self {
            Self::Fast(precision) => {
                let options = ConvolutionOptions { precision, ..ConvolutionOptions::new(stride, padding) };
                fast_conv::conv_transpose2d(input, weight, bias, options)
            }
            Self::Burn => {
                // Burn cuts as much off the end as off the beginning; the rest is cut here.
                let Padding { top, left, bottom, right } = padding;
                let options = ConvTransposeOptions::new(stride, [top, left], [0, 0], [1, 1], 1);
                let whole = module::conv_transpose2d(input, weight, bias, options);
                let [_, _, height, width] = whole.dims();
                whole.narrow(2, 0, height + top - bottom).narrow(3, 0, width + left - right)
            }
        }
    }

    /// Repeats each pixel 2 × 2, then applies a convolution of stride 1 that keeps the side.
    pub(crate) fn convolve_upsampled(self, convolution: &Conv2d, input: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Fast(precision) => {
                let bias = convolution.bias.as_ref().map(|bias| bias.val());
                fast_conv::upsampled_conv2d(input, convolution.weight.val(), bias, precision)
            }
            Self::Burn => {
                let twice = InterpolateOptions::new(InterpolateMode::Nearest).with_scale_factor([2.0, 2.0]);
                convolution.forward(module::interpolate(input, twice))
            }
        }
    }

    /// As [`Operators::convolve_upsampled`], with leaky ReLU behind it.
    pub(crate) fn convolve_upsampled_and_rectify(
        self,
        convolution: &Conv2d,
        input: Tensor<4>,
        slope: f64,
    ) -> Tensor<4> {
        let output = self.convolve_upsampled(&without_bias(convolution), input);
        self.shift_and_rectify(convolution.bias.as_ref().map(Param::val), output, slope)
    }

    /// Bilinear resampling to twice the side.
    pub(crate) fn upsample(self, input: Tensor<4>) -> Tensor<4> {
        fast_conv::upsample_bilinear(input)
    }

    /// Bilinear resampling to half the side.
    pub(crate) fn downsample(self, input: Tensor<4>) -> Tensor<4> {
        fast_conv::downsample_bilinear(input)
    }

    /// The derivative of leaky ReLU where its output is `output`, which has the input's sign; off the tape where that is.
    pub(crate) fn slopes(output: &Tensor<4>, slope: f64) -> Tensor<4> {
        output.clone().greater_elem(0.0).float().mul_scalar(1.0 - slope).add_scalar(slope)
    }

    /// BatchNorm, where there is one, and leaky ReLU: what follows the convolution of every hidden layer.
    pub(crate) fn normalize_and_rectify(self, norm: Option<&BatchNorm>, input: Tensor<4>, slope: f64) -> Tensor<4> {
        self.normalize_batches_and_rectify(norm, input, 1, slope)
    }

    /// The same of so many batches of one size behind each other, as if they came one after the other.
    ///
    /// # Panics
    /// When there are several, and these operators do not take them at once.
    pub(crate) fn normalize_batches_and_rectify(
        self,
        norm: Option<&BatchNorm>,
        input: Tensor<4>,
        batches: usize,
        slope: f64,
    ) -> Tensor<4> {
        assert!(batches == 1 || norm.is_none() || self != Self::Burn, "burn's BatchNorm takes one batch at a time");
        match norm {
            Some(norm) if self.takes_the_batch_s_statistics(norm, &input) => {
                normalize_by_batch(norm, input, batches, slope)
            }
            _ => self.leaky_relu(self.normalize(norm, input), slope),
        }
    }

    /// A convolution's bias, where it has one, and leaky ReLU.
    pub(crate) fn shift_and_rectify(self, bias: Option<Tensor<1>>, input: Tensor<4>, slope: f64) -> Tensor<4> {
        let Some(bias) = bias else { return self.leaky_relu(input, slope) };
        match self {
            Self::Fast(_) => fast_conv::biased_leaky_relu(input, bias, slope as f32),
            Self::Burn => {
                let channels = bias.dims()[0];
                self.leaky_relu(input + bias.reshape([1, channels, 1, 1]), slope)
            }
        }
    }

    /// A convolution with its bias, and leaky ReLU.
    pub(crate) fn convolve_and_rectify(self, convolution: &Conv2d, input: Tensor<4>, slope: f64) -> Tensor<4> {
        let bias = convolution.bias.as_ref().map(Param::val);
        self.shift_and_rectify(bias, self.convolve_linearly(convolution, input), slope)
    }

    /// Applies BatchNorm, where there is one: by the batch's statistics where the module trains, keeping the running ones as
    /// burn does.
    pub(crate) fn normalize(self, norm: Option<&BatchNorm>, input: Tensor<4>) -> Tensor<4> {
        let Some(norm) = norm else { return input };
        if self == Self::Burn {
            return norm.forward(input);
        }
        if self.takes_the_batch_s_statistics(norm, &input) {
            return normalize_by_batch(norm, input, 1, 1.0);
        }
        let affine = [&norm.gamma, &norm.beta].map(Param::val);
        let statistics = [&norm.running_mean, &norm.running_var].map(|kept| kept.value().to_device(&input.device()));
        fast_conv::batch_norm_at_rest(input, affine, statistics, norm.epsilon)
    }

    /// Whether it is worth it that several batches, each with BatchNorm's statistics of its own, pass through a network as one: where
    /// each launch costs, and as many are made for all.
    pub(crate) fn take_batches_at_once(self, device: &Device) -> bool {
        self != Self::Burn && fast_conv::is_gpu(device)
    }

    /// Whether `fast-conv` normalizes by the batch here.
    fn takes_the_batch_s_statistics(self, norm: &BatchNorm, input: &Tensor<4>) -> bool {
        self != Self::Burn && input.device().is_autodiff() && norm.training.is_enabled()
    }

    /// `x` where positive, else `slope · x`; ReLU at slope 0.
    pub(crate) fn leaky_relu(self, input: Tensor<4>, slope: f64) -> Tensor<4> {
        match self {
            Self::Fast(_) => fast_conv::leaky_relu(input, slope as f32),
            Self::Burn if slope == 0.0 => activation::relu(input),
            Self::Burn => activation::leaky_relu(input, slope),
        }
    }
}

/// BatchNorm by each batch's own statistics, keeping the running ones, and leaky ReLU unless the slope is 1.
fn normalize_by_batch(norm: &BatchNorm, input: Tensor<4>, batches: usize, slope: f64) -> Tensor<4> {
    let device = input.device();
    let kept = |running: &RunningState<Tensor<1>>| running.value_sync().to_device(&device);
    let running = RunningStatistics { mean: kept(&norm.running_mean), variance: kept(&norm.running_var) };
    let update = BatchNormUpdate { epsilon: norm.epsilon, momentum: norm.momentum, slope: slope as f32, batches };
    let affine = [&norm.gamma, &norm.beta].map(Param::val);
    let (output, moved) = fast_conv::batch_norm_and_rectify(input, affine, running, update);
    running_statistics::keep(&norm.running_mean, moved.mean);
    running_statistics::keep(&norm.running_var, moved.variance);
    output
}

/// The linear map that a convolution adds its bias to.
fn without_bias(convolution: &Conv2d) -> Conv2d {
    Conv2d { bias: None, ..convolution.clone() }
}
