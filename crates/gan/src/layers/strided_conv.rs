//! Strided convolutions: those that halve a side, and transposed ones that double it.
//!
//! Both pad as TensorFlow's SAME does: `kernel − 2` in all, the odd pixel at the end. At kernel 4 that is PyTorch's
//! `padding=1`. The transposed one is the full transposed convolution (side 2n + kernel − 2) cut to
//! `[begin, begin + 2n)` with `begin = (kernel − 2) / 2`: [1 : 1 + 2n] at kernel 5, which no PyTorch padding gives.

use burn::{
    nn::{
        Initializer, PaddingConfig2d,
        conv::{Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig},
    },
    tensor::{Device, Tensor},
};
use fast_conv::Padding;

use crate::operators::Operators;

/// A convolution from `[_, from, 2n, 2n]` to `[_, to, n, n]`, its weights zero.
pub(crate) fn downsample_conv([from, to]: [usize; 2], kernel: usize, bias: bool, device: &Device) -> Conv2d {
    let (begin, end) = same_padding(kernel);
    Conv2dConfig::new([from, to], [kernel, kernel])
        .with_stride([2, 2])
        .with_padding(PaddingConfig2d::Explicit(begin, begin, end, end))
        .with_bias(bias)
        .with_initializer(Initializer::Zeros)
        .init(device)
}

/// A transposed convolution for [`upsample`], from `[_, from, n, n]` to `[_, to, 2n, 2n]`, its weights zero.
pub(crate) fn upsample_conv([from, to]: [usize; 2], kernel: usize, bias: bool, device: &Device) -> ConvTranspose2d {
    let (begin, _) = same_padding(kernel);
    ConvTranspose2dConfig::new([from, to], [kernel, kernel])
        .with_stride([2, 2])
        .with_padding([begin, begin])
        .with_bias(bias)
        .with_initializer(Initializer::Zeros)
        .init(device)
}

/// Applies a transposed convolution that [`upsample_conv`] made.
///
/// [`Padding::same`] cuts `begin` pixels off the beginning and what an odd kernel leaves besides off the end.
pub(crate) fn upsample(operators: Operators, convolution: &ConvTranspose2d, input: Tensor<4>) -> Tensor<4> {
    operators.convolve_transposed(convolution, input, Padding::same(convolution.kernel_size[0], 2))
}

/// Applies the generator's first layer, a transposed convolution with neither stride nor padding.
pub(crate) fn project(operators: Operators, convolution: &ConvTranspose2d, input: Tensor<4>) -> Tensor<4> {
    operators.convolve_transposed(convolution, input, Padding::default())
}

fn same_padding(kernel: usize) -> (usize, usize) {
    ((kernel - 2) / 2, (kernel - 1) / 2)
}

#[cfg(test)]
mod tests {
    use burn::{module::Param, tensor::TensorData};

    use fast_conv::Precision;

    use super::*;

    fn ones(shape: [usize; 4], device: &Device) -> Tensor<4> {
        Tensor::ones(shape, device)
    }

    const BOTH: [Operators; 2] = [Operators::Fast(Precision::Single), Operators::Burn];

    #[test]
    fn every_kernel_halves_and_doubles() {
        let device = Device::flex();
        for (kernel, operators) in (2..=9).flat_map(|kernel| BOTH.map(|operators| (kernel, operators))) {
            let half =
                operators.convolve(&downsample_conv([2, 3], kernel, true, &device), ones([1, 2, 12, 12], &device));
            assert_eq!(half.dims(), [1, 3, 6, 6], "kernel {kernel}");
            let twice = upsample(operators, &upsample_conv([3, 2], kernel, true, &device), ones([1, 3, 6, 6], &device));
            assert_eq!(twice.dims(), [1, 2, 12, 12], "kernel {kernel}");
        }
    }

    /// One pixel at (1, 1) of a 3×3 input, kernel entries 1 to 25: the full output has the kernel at rows and columns
    /// 2 to 6, so that the cut [1 : 7] has it at 1 to 5.
    #[test]
    fn an_odd_kernel_is_placed_as_tensorflow_places_it() {
        let device = Device::flex();
        let mut convolution = upsample_conv([1, 1], 5, false, &device);
        let kernel: Vec<f32> = (1..=25u8).map(f32::from).collect();
        convolution.weight = Param::from_data(TensorData::new(kernel, [1, 1, 5, 5]), &device);
        let mut input = vec![0.0f32; 9];
        input[4] = 1.0;
        let input = Tensor::<4>::from_data(TensorData::new(input, [1, 1, 3, 3]), &device);
        for operators in BOTH {
            let output = upsample(operators, &convolution, input.clone());
            let output: Vec<f32> = output.into_data().try_to_vec().unwrap();
            for (row, column) in (0..6).flat_map(|row| (0..6).map(move |column| (row, column))) {
                let inside = row >= 1 && column >= 1;
                let expected = if inside { ((row - 1) * 5 + column) as f32 } else { 0.0 };
                assert_eq!(output[row * 6 + column], expected, "{operators:?} at ({row}, {column})");
            }
        }
    }

    /// SAME at kernel 5 and stride 2 pads 1 before and 2 after: the first output sees pixels 0 to 3, the last 3 to 5.
    #[test]
    fn an_odd_kernel_pads_more_at_the_end() {
        let device = Device::flex();
        let mut convolution = downsample_conv([1, 1], 5, false, &device);
        convolution.weight = Param::from_tensor(ones([1, 1, 5, 5], &device));
        for operators in BOTH {
            let output = operators.convolve(&convolution, ones([1, 1, 6, 6], &device));
            let output: Vec<f32> = output.into_data().try_to_vec().unwrap();
            assert_eq!(output, [16.0, 20.0, 12.0, 20.0, 25.0, 15.0, 12.0, 15.0, 9.0], "{operators:?}");
        }
    }
}
