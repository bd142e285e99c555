//! A convolution of an enlarged input, without the enlarged input.

use burn::tensor::Tensor;

use crate::{
    operator::{ConvolutionOptions, Padding, conv_transpose2d},
    precision::Precision,
    widening::widened,
};

/// Repeats each pixel 2 × 2 (nearest-neighbour upsampling), then convolves with stride 1 and zeros around that keep the
/// side: Odena, Dumoulin and Olah, "Deconvolution and checkerboard artifacts" (2016), section "Better upsampling".
///
/// Neighbouring outputs read the same pixels, so the two are one transposed convolution of stride 2 whose kernel is a
/// tap larger. With f the kernel turned by half a circle, and on one axis
///
/// `y[2i + a − ⌊k / 2⌋] += x[i] · (f[a] + f[a − 1])`, 0 ≤ a ≤ k.
///
/// At a 3 × 3 kernel that takes 100 multiplications where a Winograd convolution of the enlarged input takes 144.
///
/// # Shapes
/// - x: `[batch, inputs, height, width]`
/// - weight: `[outputs, inputs, kernel, kernel]`, the kernel odd
/// - bias: `[outputs]`
/// - result: `[batch, outputs, 2 · height, 2 · width]`
///
/// # Panics
/// If the shapes do not fit, or the kernel is even: no padding keeps the side then.
pub fn upsampled_conv2d(x: Tensor<4>, weight: Tensor<4>, bias: Option<Tensor<1>>, precision: Precision) -> Tensor<4> {
    let [_, _, height, width] = weight.dims();
    assert!(height == width && height % 2 == 1, "upsampled_conv2d: kernel {height} × {width}");
    let options = ConvolutionOptions { precision, ..ConvolutionOptions::new([2, 2], Padding::all(height / 2)) };
    conv_transpose2d(x, widened(weight), bias, options)
}

#[cfg(test)]
mod tests {
    use burn::tensor::{
        Device, Distribution, TensorData, module,
        ops::{ConvOptions, InterpolateMode, InterpolateOptions},
    };

    use super::*;

    fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    fn single(x: Tensor<4>, weight: Tensor<4>, bias: Option<Tensor<1>>) -> Tensor<4> {
        upsampled_conv2d(x, weight, bias, Precision::Single)
    }

    /// Both steps by burn's operators.
    fn in_two_steps(x: Tensor<4>, weight: Tensor<4>, bias: Option<Tensor<1>>) -> Tensor<4> {
        let enlarged =
            module::interpolate(x, InterpolateOptions::new(InterpolateMode::Nearest).with_scale_factor([2.0, 2.0]));
        let padding = [weight.dims()[2] / 2; 2];
        module::conv2d(enlarged, weight, bias, ConvOptions::new([1, 1], padding, [1, 1], 1))
    }

    fn check_close(what: &str, found: Vec<f32>, expected: Vec<f32>) {
        let largest = expected.iter().fold(1e-6f32, |largest, x| largest.max(x.abs()));
        assert_eq!(found.len(), expected.len(), "{what}");
        for (found, expected) in found.into_iter().zip(expected) {
            assert!((found - expected).abs() <= 1e-4 * largest, "{what}: {found} instead of {expected}");
        }
    }

    #[test]
    fn output_and_gradients_are_those_of_two_steps() {
        let device = Device::flex();
        let random = |shape: [usize; 4]| Tensor::<4>::random(shape, Distribution::Uniform(-1.0, 1.0), &device);
        for (kernel, [inputs, outputs, side]) in [(1, [2, 3, 4]), (3, [5, 4, 6]), (3, [33, 18, 8]), (5, [3, 2, 5])] {
            let (x, weight) = (random([2, inputs, side, side]), random([outputs, inputs, kernel, kernel]));
            let bias = Tensor::<1>::random([outputs], Distribution::Uniform(-1.0, 1.0), &device);
            let upstream = random([2, outputs, 2 * side, 2 * side]);
            let on_tape = |operator: fn(Tensor<4>, Tensor<4>, Option<Tensor<1>>) -> Tensor<4>| {
                let (x, weight) = (x.clone().autodiff().require_grad(), weight.clone().autodiff().require_grad());
                let bias = bias.clone().autodiff().require_grad();
                let output = operator(x.clone(), weight.clone(), Some(bias.clone()));
                let gradients = (output.clone() * upstream.clone().autodiff()).sum().backward();
                let bias = values(bias.grad(&gradients).unwrap());
                let [x, weight] = [x, weight].map(|leaf| values(leaf.grad(&gradients).unwrap()));
                [values(output.inner()), x, weight, bias]
            };
            let (found, expected) = (on_tape(single), on_tape(in_two_steps));
            let names = ["output", "input's gradient", "weight's gradient", "bias's gradient"];
            for ((name, found), expected) in names.into_iter().zip(found).zip(expected) {
                check_close(&format!("{name}, kernel {kernel}"), found, expected);
            }
        }
    }

    /// One pixel, kernel 1 to 9: each of its four copies adds the turned kernel around itself.
    #[test]
    fn one_pixel_by_hand() {
        let device = Device::flex();
        let kernel: Vec<f32> = (1..=9u8).map(f32::from).collect();
        let weight = Tensor::<4>::from_data(TensorData::new(kernel, [1, 1, 3, 3]), &device);
        let output = single(Tensor::ones([1, 1, 1, 1], &device), weight, None);
        // The output at (0, 0) sees copies at the kernel's centre, right, below and diagonally below: 5 + 6 + 8 + 9.
        assert_eq!(values(output), [28.0, 24.0, 16.0, 12.0]);
    }
}
