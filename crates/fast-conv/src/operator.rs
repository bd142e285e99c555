//! The two operators, over burn's tensors.

use burn::tensor::{
    DType, Tensor, module,
    ops::{ConvOptions, ConvTransposeOptions, PadMode},
};

use crate::{
    backend,
    device::{has_convolutions, is_flex},
    geometry::{FeatureMap, Geometry},
    precision::Precision,
};

/// Rows and columns of zeros around a image: what a convolution adds, what a transposed one cuts off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Padding {
    /// Rows above.
    pub top: usize,
    /// Columns to the left.
    pub left: usize,
    /// Rows below.
    pub bottom: usize,
    /// Columns to the right.
    pub right: usize,
}

impl Padding {
    /// The same on every side.
    pub const fn all(size: usize) -> Self {
        Self { top: size, left: size, bottom: size, right: size }
    }

    /// What keeps (stride 1) or halves (stride 2) an even side: TensorFlow's SAME, the odd pixel at the end.
    pub const fn same(kernel: usize, stride: usize) -> Self {
        let total = kernel.saturating_sub(stride);
        let (begin, end) = (total / 2, total - total / 2);
        Self { top: begin, left: begin, bottom: end, right: end }
    }

    /// Whether it is the same at both ends, which burn's own operators can do by themselves.
    fn is_symmetric(self) -> bool {
        (self.top, self.left) == (self.bottom, self.right)
    }
}

/// How a convolution is applied, beside the shapes of what it is applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvolutionOptions {
    /// Vertical and horizontal stride.
    pub stride: [usize; 2],
    /// Zeros around the image, or what a transposed convolution cuts off.
    pub padding: Padding,
    /// Parts that the channels are cut into, each convolved on its own: Xie et al., "Aggregated residual transformations for deep
    /// neural networks" (2017), figure 3c, whose cardinality it is.
    pub groups: usize,
    /// What the values are rounded to that are multiplied.
    pub precision: Precision,
}

impl ConvolutionOptions {
    /// All channels at once, without rounding.
    pub const fn new(stride: [usize; 2], padding: Padding) -> Self {
        Self { stride, padding, groups: 1, precision: Precision::Single }
    }
}

/// A convolution (in the sense of neural networks: a cross-correlation).
///
/// `y[n, o, i, j] = bias[o] + Σ x[n, c, s·i + a − top, s·j + b − left] · weight[o, c, a, b]`, c over the inputs of o's group
///
/// Devices other than flex get burn's own, which rounds nothing, where there is more than one group.
///
/// # Shapes
/// - x: `[batch, inputs, height, width]`
/// - weight: `[outputs, inputs / groups, kernel_height, kernel_width]`
/// - bias: `[outputs]`
/// - result: `[batch, outputs, (height + top + bottom − kernel_height) / stride + 1, …]`, rounded down
///
/// # Panics
/// If the shapes do not fit, as burn's own operator does, or the groups divide the inputs or the outputs unevenly.
pub fn conv2d(x: Tensor<4>, weight: Tensor<4>, bias: Option<Tensor<1>>, options: ConvolutionOptions) -> Tensor<4> {
    let ConvolutionOptions { stride, padding, groups, precision } = options;
    let [batch, inputs, height, width] = x.dims();
    let [outputs, group_inputs, kernel_height, kernel_width] = weight.dims();
    let Padding { top, left, bottom, right } = padding;
    assert_eq!(inputs, groups * group_inputs, "conv2d: x has {inputs} channels, weight {groups} times {group_inputs}");
    assert!(outputs.is_multiple_of(groups), "conv2d: {outputs} outputs in {groups} groups");
    let side = |length: usize, kernel: usize, stride: usize| {
        assert!(
            stride > 0 && kernel > 0 && length >= kernel,
            "conv2d: kernel {kernel}, stride {stride} on side {length}"
        );
        (length - kernel) / stride + 1
    };
    let small = FeatureMap {
        channels: outputs,
        height: side(height + top + bottom, kernel_height, stride[0]),
        width: side(width + left + right, kernel_width, stride[1]),
    };
    let big = FeatureMap { channels: inputs, height, width };
    let kernel = [kernel_height, kernel_width];
    let geometry = Geometry { batch, big, small, kernel, stride, top, left, groups, precision };
    if suits(geometry, &x, &weight) {
        return with_bias(backend::convolve(x, weight, geometry), bias);
    }
    if padding.is_symmetric() {
        return module::conv2d(x, weight, bias, ConvOptions::new(stride, [top, left], [1, 1], groups));
    }
    let x = x.pad([(top, bottom), (left, right)], PadMode::Constant(0.0));
    module::conv2d(x, weight, bias, ConvOptions::new(stride, [0, 0], [1, 1], groups))
}

/// A transposed convolution: [`conv2d`]'s gradient for its input, with the padding cut off.
///
/// `y[n, c, s·i + a − top, s·j + b − left] += x[n, o, i, j] · weight[o, c, a, b]`, and `bias[c]`
///
/// # Shapes
/// - x: `[batch, inputs, height, width]`
/// - weight: `[inputs, outputs, kernel_height, kernel_width]`
/// - bias: `[outputs]`
/// - result: `[batch, outputs, (height − 1) · stride + kernel_height − top − bottom, …]`
///
/// # Panics
/// If the shapes do not fit, nothing is left after cutting, or there is more than one group.
pub fn conv_transpose2d(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    options: ConvolutionOptions,
) -> Tensor<4> {
    let ConvolutionOptions { stride, padding, groups, precision } = options;
    assert_eq!(groups, 1, "conv_transpose2d: groups");
    let [batch, inputs, height, width] = x.dims();
    let [weight_inputs, outputs, kernel_height, kernel_width] = weight.dims();
    let Padding { top, left, bottom, right } = padding;
    assert_eq!(inputs, weight_inputs, "conv_transpose2d: x has {inputs} channels, weight {weight_inputs}");
    let side = |length: usize, kernel: usize, stride: usize, cut: usize| {
        assert!(
            stride > 0 && kernel > 0 && length > 0,
            "conv_transpose2d: kernel {kernel}, stride {stride} on side {length}"
        );
        let whole = (length - 1) * stride + kernel;
        assert!(whole > cut, "conv_transpose2d: padding {cut} leaves nothing of side {whole}");
        whole - cut
    };
    let big = FeatureMap {
        channels: outputs,
        height: side(height, kernel_height, stride[0], top + bottom),
        width: side(width, kernel_width, stride[1], left + right),
    };
    let small = FeatureMap { channels: inputs, height, width };
    let kernel = [kernel_height, kernel_width];
    let geometry = Geometry { batch, big, small, kernel, stride, top, left, groups, precision };
    if suits(geometry, &x, &weight) {
        return with_bias(backend::transpose(x, weight, geometry), bias);
    }
    if padding.is_symmetric() {
        let options = ConvTransposeOptions::new(stride, [top, left], [0, 0], [1, 1], 1);
        return module::conv_transpose2d(x, weight, bias, options);
    }
    let options = ConvTransposeOptions::new(stride, [0, 0], [0, 0], [1, 1], 1);
    let whole = module::conv_transpose2d(x, weight, bias, options);
    whole.narrow(2, top, big.height).narrow(3, left, big.width)
}

fn with_bias(x: Tensor<4>, bias: Option<Tensor<1>>) -> Tensor<4> {
    match bias {
        Some(bias) => {
            let channels = bias.dims()[0];
            x + bias.reshape([1, channels, 1, 1])
        }
        None => x,
    }
}

/// Whether this crate's passes can compute it: f32 on a device that has them, and not empty, since the chunks of a
/// batch are sized by dividing by its rows. Groups are the CPU's alone.
fn suits(geometry: Geometry, x: &Tensor<4>, weight: &Tensor<4>) -> bool {
    let [big, small, weights] = geometry.lengths();
    let single = x.dtype() == DType::F32 && weight.dtype() == DType::F32;
    single
        && (geometry.groups == 1 || is_flex(&x.device()))
        && big > 0
        && small > 0
        && weights > 0
        && [x, weight].into_iter().all(|tensor| has_convolutions(&tensor.device()))
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn single_floats_on_flex_take_the_fast_passes() {
        let map = FeatureMap { channels: 2, height: 4, width: 4 };
        let geometry = Geometry {
            batch: 1,
            big: map,
            small: map,
            kernel: [1, 1],
            stride: [1, 1],
            top: 0,
            left: 0,
            groups: 1,
            precision: Precision::Single,
        };
        let check = |dtype: DType, device: Device, expected: bool| {
            let [x, weight] = [[1, 2, 4, 4], [2, 2, 1, 1]].map(|shape| Tensor::<4>::zeros(shape, (&device, dtype)));
            assert_eq!(suits(geometry, &x, &weight), expected, "{dtype:?}");
        };
        check(DType::F32, Device::flex(), true);
        check(DType::F32, Device::flex().autodiff(), true);
        check(DType::F64, Device::flex(), false);
    }

    #[test]
    fn other_types_get_burn_s_operator() {
        let device = Device::flex();
        let ones = |shape: [usize; 4]| Tensor::<4>::ones(shape, (&device, DType::F64));
        let options = ConvolutionOptions::new([1, 1], Padding { top: 1, left: 0, bottom: 0, right: 1 });
        let down = conv2d(ones([1, 2, 4, 4]), ones([3, 2, 3, 3]), None, options);
        assert_eq!((down.dims(), down.dtype()), ([1, 3, 3, 3], DType::F64));
        let up = conv_transpose2d(ones([1, 2, 4, 4]), ones([2, 3, 3, 3]), None, options);
        assert_eq!((up.dims(), up.dtype()), ([1, 3, 5, 5], DType::F64));
        let centre: Vec<f64> = up.slice([0..1, 0..1, 2..3, 2..3]).into_data().try_to_vec().unwrap();
        assert_eq!(centre, [18.0]);
    }
}
