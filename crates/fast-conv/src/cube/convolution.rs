//! The passes of a convolution, each as one matrix product over the windows that the small side's pixels look through.
//!
//! burn's own operators have, for f32 on Vulkan, Metal and DirectX, one kernel for a forward convolution, which
//! multiplies without tiles, and take a transposed convolution's weight gradient for a convolution by a kernel as large
//! as the image. A matrix product is tiled, and tuned to the card. There is one group here: others are burn's own.

use burn::tensor::{DType, Shape, bf16};
use burn_cubecl::{
    CubeBackend,
    cubecl::{self, prelude::*},
    kernel::{
        cast, into_contiguous,
        matmul::{MatmulStrategy, matmul},
    },
    ops::{numeric::empty_device_contiguous_dtype, permute},
    tensor::CubeTensor,
};

use super::{address_type, channel_rows, empty_features, empty_like, of_channel_rows, units, view};
use crate::{
    backend::Convolutions,
    geometry::{FeatureMap, Geometry},
    precision::Precision,
};

impl Convolutions for CubeBackend {
    fn convolve(big: CubeTensor, weights: CubeTensor, geometry: Geometry) -> CubeTensor {
        let [rows, columns] = windows_shape(&geometry);
        let [big, weights] = multiplied([big, weights], geometry.precision);
        let windows = view(im2col(big, geometry, 1), [rows, columns], [columns, 1]);
        of_channel_rows(product(weight_rows(weights, geometry), windows), features_shape(geometry, geometry.small))
    }

    fn transpose(small: CubeTensor, weights: CubeTensor, geometry: Geometry) -> CubeTensor {
        let [small, weights] = multiplied([small, weights], geometry.precision);
        let windows = product(permute(weight_rows(weights, geometry), &[1, 0]), channel_rows(small));
        col2im(windows, geometry)
    }

    /// The sum over all pixels is cut into parts that are added up at last: a matrix product works on as many outputs at
    /// once as there are, and weights are few where the image is large.
    fn weight_gradient(big: CubeTensor, small: CubeTensor, geometry: Geometry) -> CubeTensor {
        let [rows, columns] = windows_shape(&geometry);
        let channels = geometry.small.channels;
        let parts = parts(columns, channels * rows);
        let [big, small] = multiplied([big, small], geometry.precision);
        let windows = permute(im2col(big, geometry, parts), &[0, 2, 1]);
        let small = channel_rows(small);
        let (strides, width) = (small.meta.strides().clone(), columns / parts);
        let small = view(small, [parts, channels, width], [width * strides[1], strides[0], strides[1]]);
        let products = product(small, windows);
        let [height, width] = geometry.kernel;
        let shape = [channels, geometry.big.channels, height, width];
        let strides = [rows, height * width, width, 1];
        match parts {
            1 => view(products, shape, strides),
            _ => sum_of_parts(products, shape),
        }
    }
}

/// Tensors as they are multiplied: products of bf16 are summed in f32 all the same.
fn multiplied(tensors: [CubeTensor; 2], precision: Precision) -> [CubeTensor; 2] {
    match precision {
        Precision::Single => tensors,
        Precision::Bf16 => tensors.map(|tensor| cast(tensor, DType::BF16)),
    }
}

/// Rows and columns of the windows' matrix: in a row what each window holds at one place of one channel of the big side, all places
/// of a channel after each other, as weights have them; a column for each of the small side's pixels, image by image.
fn windows_shape(geometry: &Geometry) -> [usize; 2] {
    [geometry.taps() * geometry.big.channels, geometry.batch * geometry.small.area()]
}

fn features_shape(geometry: Geometry, map: FeatureMap) -> [usize; 4] {
    [geometry.batch, map.channels, map.height, map.width]
}

/// The weights, `[small channels, big channels · taps]`.
fn weight_rows(weights: CubeTensor, geometry: Geometry) -> CubeTensor {
    let [rows, _] = windows_shape(&geometry);
    view(into_contiguous(weights), [geometry.small.channels, rows], [rows, 1])
}

/// A whole tensor of f32, which burn's own output need not be.
fn product(left: CubeTensor, right: CubeTensor) -> CubeTensor {
    let mut shape = left.meta.shape().clone();
    let rank = shape.num_dims();
    shape[rank - 1] = right.meta.shape()[rank - 1];
    let output = empty_like(&left, shape);
    let product = matmul(left, right, Some(output), MatmulStrategy::default(), DType::F32);
    product.unwrap_or_else(|error| panic!("a GPU refused every kernel for a matrix product: {error:?}"))
}

/// Outputs that keep a card busy.
const MANY_OUTPUTS: usize = 1 << 20;
/// Columns that a part keeps at least.
const MIN_COLUMNS: usize = 256;

/// The parts, a power of two that divides the columns, which bring the outputs near [`MANY_OUTPUTS`].
fn parts(columns: usize, outputs: usize) -> usize {
    let mut parts = 1;
    while 2 * parts * outputs <= MANY_OUTPUTS
        && columns.is_multiple_of(2 * parts)
        && columns / (2 * parts) >= MIN_COLUMNS
    {
        parts *= 2;
    }
    parts
}

/// Copies every window out; padding is 0. The columns are cut into equal parts: `[parts, rows, columns / parts]`.
fn im2col(big: CubeTensor, geometry: Geometry, parts: usize) -> CubeTensor {
    let [rows, columns] = windows_shape(&geometry);
    let shape = Shape::new([parts, rows, columns / parts]);
    let windows = empty_device_contiguous_dtype(big.client.clone(), big.device.clone(), shape, big.dtype);
    match big.dtype {
        DType::BF16 => copy_windows::<bf16>(big, &windows, geometry, parts),
        _ => copy_windows::<f32>(big, &windows, geometry, parts),
    }
    windows
}

fn copy_windows<F: Float>(big: CubeTensor, windows: &CubeTensor, geometry: Geometry, parts: usize) {
    let (count, dim) = units(windows);
    // SAFETY: a unit beyond the output's end does nothing, and the geometry says what of the input there is.
    unsafe {
        im2col_kernel::launch_unchecked::<F>(
            &windows.client,
            count,
            dim,
            address_type([&big, windows]),
            big.into_tensor_arg(),
            windows.clone().into_tensor_arg(),
            geometry,
            parts,
        );
    }
}

/// The sum of all that windows hold for each pixel of the big side.
fn col2im(windows: CubeTensor, geometry: Geometry) -> CubeTensor {
    let big = empty_features(&windows, features_shape(geometry, geometry.big));
    let (count, dim) = units(&big);
    // SAFETY: as above.
    unsafe {
        col2im_kernel::launch_unchecked(
            &big.client,
            count,
            dim,
            address_type([&windows, &big]),
            windows.into_tensor_arg(),
            big.clone().into_tensor_arg(),
            geometry,
        );
    }
    big
}

/// The sum over the first dimension of a whole tensor.
fn sum_of_parts(products: CubeTensor, shape: [usize; 4]) -> CubeTensor {
    let sums = empty_like(&products, Shape::new(shape));
    let (count, dim) = units(&sums);
    // SAFETY: as above.
    unsafe {
        sum_kernel::launch_unchecked(
            &sums.client,
            count,
            dim,
            address_type([&products, &sums]),
            products.into_tensor_arg(),
            sums.clone().into_tensor_arg(),
        );
    }
    sums
}

#[cube(launch_unchecked, address_type = "dynamic")]
fn im2col_kernel<F: Float>(
    big: &Tensor<F>,
    windows: &mut Tensor<F>,
    #[comptime] geometry: Geometry,
    #[comptime] parts: usize,
) {
    if ABSOLUTE_POS >= windows.len() {
        terminate!();
    }
    let rows = comptime!(windows_shape(&geometry)[0]);
    let width = comptime!(windows_shape(&geometry)[1] / parts);
    let (line, column) = (ABSOLUTE_POS / width, ABSOLUTE_POS % width);
    let (part, row) = (line / rows, line % rows);
    let taps = comptime!(geometry.taps());
    let (channel, tap) = (row / taps, row % taps);
    let area = comptime!(geometry.small.area());
    let position = part * width + column;
    let (image, pixel) = (position / area, position % area);
    // Counted from the padding's first row and column.
    let (width, kernel_width) = (comptime!(geometry.small.width), comptime!(geometry.kernel[1]));
    let y = pixel / width * comptime!(geometry.stride[0]) + tap / kernel_width;
    let x = pixel % width * comptime!(geometry.stride[1]) + tap % kernel_width;
    let (top, left) = (comptime!(geometry.top), comptime!(geometry.left));
    let inside = y >= top
        && y < comptime!(geometry.top + geometry.big.height)
        && x >= left
        && x < comptime!(geometry.left + geometry.big.width);
    let mut value = F::new(0.0);
    if inside {
        let pixel = (y - top) * big.stride(2) + (x - left) * big.stride(3);
        value = big[image * big.stride(0) + channel * big.stride(1) + pixel];
    }
    windows[ABSOLUTE_POS] = value;
}

#[cube(launch_unchecked, address_type = "dynamic")]
fn col2im_kernel(windows: &Tensor<f32>, big: &mut Tensor<f32>, #[comptime] geometry: Geometry) {
    if ABSOLUTE_POS >= big.len() {
        terminate!();
    }
    let x = ABSOLUTE_POS % comptime!(geometry.big.width) + comptime!(geometry.left);
    let line = ABSOLUTE_POS / comptime!(geometry.big.width);
    let y = line % comptime!(geometry.big.height) + comptime!(geometry.top);
    let map = line / comptime!(geometry.big.height);
    let (channel, image) = (map / comptime!(geometry.batch), map % comptime!(geometry.batch));
    let (height, width) = (comptime!(geometry.small.height), comptime!(geometry.small.width));
    let (kernel_height, kernel_width) = (comptime!(geometry.kernel[0]), comptime!(geometry.kernel[1]));
    let (vertical, horizontal) = (comptime!(geometry.stride[0]), comptime!(geometry.stride[1]));
    let mut sum = 0.0f32;
    // The taps that meet a pixel lie a stride apart.
    #[unroll]
    for down in 0..comptime!(geometry.kernel[0].div_ceil(geometry.stride[0])) {
        #[unroll]
        for right in 0..comptime!(geometry.kernel[1].div_ceil(geometry.stride[1])) {
            let (i, j) = (y % vertical + down * vertical, x % horizontal + right * horizontal);
            // Where i or j is greater than y or x these wrap, and are not looked at.
            let (row, column) = ((y - i) / vertical, (x - j) / horizontal);
            let meets = i < kernel_height && j < kernel_width && i <= y && j <= x && row < height && column < width;
            if meets {
                let value = (channel * kernel_height + i) * kernel_width + j;
                let window = (image * height + row) * width + column;
                sum += windows[value * windows.stride(0) + window * windows.stride(1)];
            }
        }
    }
    big[ABSOLUTE_POS] = sum;
}

#[cube(launch_unchecked, address_type = "dynamic")]
fn sum_kernel(products: &Tensor<f32>, sums: &mut Tensor<f32>) {
    if ABSOLUTE_POS >= sums.len() {
        terminate!();
    }
    let mut sum = 0.0f32;
    for part in 0..products.shape(0) {
        sum += products[part * sums.len() + ABSOLUTE_POS];
    }
    sums[ABSOLUTE_POS] = sum;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_outputs_are_summed_in_parts() {
        let check =
            |columns, outputs, expected| assert_eq!(parts(columns, outputs), expected, "{columns} columns, {outputs}");
        check(65_536, 64 * 48, 256);
        check(16_384, 128 * 1024, 8);
        check(1024, 512 * 4096, 1);
        check(3 * 1024, 1, 8);
        check(255, 1, 1);
    }
}
