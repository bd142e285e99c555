//! The operators that networks are made of: those of `fast-conv`, which hands other devices than the CPU to burn's own.

use burn::nn::conv::{Conv2d, ConvTranspose2d};
use burn::nn::{BatchNorm, PaddingConfig2d};
use burn::tensor::Tensor;
use fast_conv::{Normalized, Padding};

/// Applies a convolution.
pub(crate) fn convolve(convolution: &Conv2d, input: Tensor<4>) -> Tensor<4> {
    let padding = match convolution.padding {
        PaddingConfig2d::Valid => Padding::default(),
        PaddingConfig2d::Explicit(top, left, bottom, right) => Padding { top, left, bottom, right },
        PaddingConfig2d::Same => return convolution.forward(input),
    };
    let bias = convolution.bias.as_ref().map(|bias| bias.val());
    fast_conv::conv2d(input, convolution.weight.val(), bias, convolution.stride, padding)
}

/// Applies a transposed convolution, cutting off this padding instead of the convolution's own.
pub(crate) fn convolve_transposed(convolution: &ConvTranspose2d, input: Tensor<4>, padding: Padding) -> Tensor<4> {
    let bias = convolution.bias.as_ref().map(|bias| bias.val());
    fast_conv::conv_transpose2d(input, convolution.weight.val(), bias, convolution.stride, padding)
}

/// Applies BatchNorm: by the batch's statistics where the module trains, keeping the running ones as burn does.
pub(crate) fn normalise(norm: &BatchNorm, input: Tensor<4>) -> Tensor<4> {
    if !input.device().is_autodiff() || !norm.training.is_enabled() {
        return norm.forward(input);
    }
    let Normalized { output, mean, variance } =
        fast_conv::batch_norm(input, norm.gamma.val(), norm.beta.val(), norm.epsilon);
    for (running, seen) in [(&norm.running_mean, mean), (&norm.running_var, variance)] {
        let kept = running.value_sync().to_device(&seen.device()) * (1.0 - norm.momentum);
        running.update((kept + seen.detach() * norm.momentum).detach());
    }
    output
}

/// `x` where positive, else `slope · x`; ReLU at slope 0.
pub(crate) fn leaky_relu(input: Tensor<4>, slope: f64) -> Tensor<4> {
    fast_conv::leaky_relu(input, slope as f32)
}
