//! The passes on a GPU, each as one matrix product over the windows that the small side's pixels look through.
//!
//! burn's own operators have, for f32 on Vulkan, Metal and DirectX, one kernel for a forward convolution, which
//! multiplies without tiles, and take a transposed convolution's weight gradient for a convolution by a kernel as large
//! as the image. A matrix product is tiled, and tuned to the card. There is one group here: others are burn's own.
#![allow(unreachable_pub, missing_docs, unsafe_code)]

use burn::{
    backend::{Backend, Cube, backend_extension, ops::FloatTensorOps as _, tensor::FloatTensor},
    tensor::{DType, Shape},
};
use burn_cubecl::{
    CubeBackend,
    cubecl::{self, calculate_cube_count_elemwise, prelude::*},
    ops::{numeric::empty_device_contiguous_dtype, permute_nhwc_to_nchw},
    tensor::CubeTensor,
};

use crate::{backend::Convolutions, geometry::Geometry};

/// Between the big side and the matrix of its windows, `[batch · small pixels, taps · big channels]`: a row for each of
/// the small side's pixels, in it the window's pixels row by row, all channels of one after the other.
#[backend_extension(Cube, Fusion)]
pub trait Im2col: Backend {
    /// Copies every window out; padding is 0.
    #[fusion(dtype = big, shape = Shape::from(windows_shape(geometry)))]
    fn im2col(big: FloatTensor<Self>, geometry: Geometry) -> FloatTensor<Self>;
    /// The sum of all that windows hold for each pixel of the big side, `[batch, channels, height, width]`.
    #[fusion(dtype = windows, shape = Shape::from(big_shape(geometry)))]
    fn col2im(windows: FloatTensor<Self>, geometry: Geometry) -> FloatTensor<Self>;
}

fn windows_shape(geometry: &Geometry) -> [usize; 2] {
    [geometry.batch * geometry.small.area(), geometry.taps() * geometry.big.channels]
}

fn big_shape(geometry: &Geometry) -> [usize; 4] {
    [geometry.batch, geometry.big.channels, geometry.big.height, geometry.big.width]
}

impl Convolutions for Cube {
    fn convolve(big: FloatTensor<Self>, weights: FloatTensor<Self>, geometry: Geometry) -> FloatTensor<Self> {
        let weights = Self::float_swap_dims(weight_rows(weights, geometry), 0, 1);
        image_of_rows(Self::float_matmul(Self::im2col(big, geometry), weights), geometry)
    }

    fn transpose(small: FloatTensor<Self>, weights: FloatTensor<Self>, geometry: Geometry) -> FloatTensor<Self> {
        let windows = Self::float_matmul(rows_of_image(small, geometry), weight_rows(weights, geometry));
        Self::col2im(windows, geometry)
    }

    /// The sum over all rows is cut into parts that are added up at last: a matrix product works on as many outputs at
    /// once as there are, and weights are few where the image is large.
    fn weight_gradient(big: FloatTensor<Self>, small: FloatTensor<Self>, geometry: Geometry) -> FloatTensor<Self> {
        let [rows, columns] = windows_shape(&geometry);
        let parts = parts(rows, geometry.small.channels * columns);
        let cut = |matrix, width| Self::float_reshape(matrix, Shape::new([parts, rows / parts, width]));
        let windows = cut(Self::im2col(big, geometry), columns);
        let small = cut(rows_of_image(small, geometry), geometry.small.channels);
        let products = Self::float_matmul(Self::float_swap_dims(small, 1, 2), windows);
        let [height, width] = geometry.kernel;
        let shape = [geometry.small.channels, height, width, geometry.big.channels];
        let weights = Self::float_reshape(Self::float_sum_dim(products, 0), Shape::new(shape));
        Self::float_permute(weights, &[0, 3, 1, 2])
    }
}

/// The weights, `[small channels, taps · big channels]`.
fn weight_rows(weights: FloatTensor<Cube>, geometry: Geometry) -> FloatTensor<Cube> {
    let [_, columns] = windows_shape(&geometry);
    channels_last(weights, [geometry.small.channels, columns])
}

/// The small side, `[batch · pixels, channels]`.
fn rows_of_image(small: FloatTensor<Cube>, geometry: Geometry) -> FloatTensor<Cube> {
    let [rows, _] = windows_shape(&geometry);
    channels_last(small, [rows, geometry.small.channels])
}

fn channels_last(tensor: FloatTensor<Cube>, shape: [usize; 2]) -> FloatTensor<Cube> {
    Cube::float_reshape(Cube::float_permute(tensor, &[0, 2, 3, 1]), Shape::new(shape))
}

/// The reverse of [`rows_of_image`].
fn image_of_rows(rows: FloatTensor<Cube>, geometry: Geometry) -> FloatTensor<Cube> {
    let Geometry { batch, small, .. } = geometry;
    let rows = Cube::float_reshape(rows, Shape::new([batch, small.height, small.width, small.channels]));
    Cube::float_permute(rows, &[0, 3, 1, 2])
}

/// Outputs that keep a card busy.
const MANY_OUTPUTS: usize = 1 << 20;
/// Rows that a part keeps at least.
const MIN_ROWS: usize = 256;

/// The parts, a power of two that divides the rows, which bring the outputs near [`MANY_OUTPUTS`].
fn parts(rows: usize, outputs: usize) -> usize {
    let mut parts = 1;
    while 2 * parts * outputs <= MANY_OUTPUTS && rows.is_multiple_of(2 * parts) && rows / (2 * parts) >= MIN_ROWS {
        parts *= 2;
    }
    parts
}

impl Im2col for CubeBackend {
    fn im2col(big: CubeTensor, geometry: Geometry) -> CubeTensor {
        let windows = empty_like(&big, windows_shape(&geometry).into());
        let (count, dim) = units(&windows);
        // SAFETY: a unit beyond the output's end does nothing, and the geometry says what of the input there is.
        unsafe {
            im2col_kernel::launch_unchecked(
                &windows.client,
                count,
                dim,
                big.required_address_type().max(windows.required_address_type()),
                big.into_tensor_arg(),
                windows.clone().into_tensor_arg(),
                geometry,
            );
        }
        windows
    }

    fn col2im(windows: CubeTensor, geometry: Geometry) -> CubeTensor {
        let [batch, channels, height, width] = big_shape(&geometry);
        let big = empty_like(&windows, [batch, height, width, channels].into());
        let (count, dim) = units(&big);
        // SAFETY: as above.
        unsafe {
            col2im_kernel::launch_unchecked(
                &big.client,
                count,
                dim,
                big.required_address_type().max(windows.required_address_type()),
                windows.into_tensor_arg(),
                big.clone().into_tensor_arg(),
                geometry,
            );
        }
        permute_nhwc_to_nchw(big)
    }
}

fn empty_like(tensor: &CubeTensor, shape: Shape) -> CubeTensor {
    empty_device_contiguous_dtype(tensor.client.clone(), tensor.device.clone(), shape, DType::F32)
}

/// One unit for each value of a tensor.
fn units(output: &CubeTensor) -> (CubeCount, CubeDim) {
    let values = output.meta.num_elements();
    let dim = CubeDim::new(&output.client, values);
    (calculate_cube_count_elemwise(&output.client, values, dim), dim)
}

#[cube(launch_unchecked, address_type = "dynamic")]
fn im2col_kernel(big: &Tensor<f32>, windows: &mut Tensor<f32>, #[comptime] geometry: Geometry) {
    if ABSOLUTE_POS >= windows.len() {
        terminate!();
    }
    let columns = comptime!(windows_shape(&geometry)[1]);
    let (row, column) = (ABSOLUTE_POS / columns, ABSOLUTE_POS % columns);
    let channels = comptime!(geometry.big.channels);
    let (tap, channel) = (column / channels, column % channels);
    let area = comptime!(geometry.small.area());
    let (image, pixel) = (row / area, row % area);
    // Counted from the padding's first row and column.
    let (width, kernel_width) = (comptime!(geometry.small.width), comptime!(geometry.kernel[1]));
    let y = pixel / width * comptime!(geometry.stride[0]) + tap / kernel_width;
    let x = pixel % width * comptime!(geometry.stride[1]) + tap % kernel_width;
    let (top, left) = (comptime!(geometry.top), comptime!(geometry.left));
    let inside = y >= top
        && y < comptime!(geometry.top + geometry.big.height)
        && x >= left
        && x < comptime!(geometry.left + geometry.big.width);
    let mut value = 0.0f32;
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
    let (channels, width) = (comptime!(geometry.big.channels), comptime!(geometry.big.width));
    let channel = ABSOLUTE_POS % channels;
    let x = ABSOLUTE_POS / channels % width + comptime!(geometry.left);
    let y = ABSOLUTE_POS / comptime!(geometry.big.channels * geometry.big.width) % comptime!(geometry.big.height)
        + comptime!(geometry.top);
    let image = ABSOLUTE_POS / comptime!(geometry.big.len());
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
                let window = (image * height + row) * width + column;
                let value = (i * kernel_width + j) * channels + channel;
                sum += windows[window * windows.stride(0) + value * windows.stride(1)];
            }
        }
    }
    big[ABSOLUTE_POS] = sum;
}

#[cfg(test)]
mod tests {
    use burn::{
        backend::Dispatch,
        tensor::{Device, Distribution, Tensor},
    };

    use super::*;
    use crate::geometry::FeatureMap;

    fn random<const D: usize>(shape: [usize; D]) -> Tensor<D> {
        Tensor::random(shape, Distribution::Uniform(-1.0, 1.0), &Device::flex())
    }

    fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    /// Where each value of the windows' matrix lies in the big side, if it is not padding.
    fn source_indices(geometry: Geometry) -> Vec<Option<usize>> {
        let Geometry { big, small, kernel, stride, top, left, .. } = geometry;
        let [rows, columns] = windows_shape(&geometry);
        let within = |at: usize, padding: usize, side: usize| at.checked_sub(padding).filter(|at| *at < side);
        let offset = |row: usize, column: usize| {
            let (pixel, tap) = (row % small.area(), column / big.channels);
            let y = within(pixel / small.width * stride[0] + tap / kernel[1], top, big.height)?;
            let x = within(pixel % small.width * stride[1] + tap % kernel[1], left, big.width)?;
            Some(((row / small.area() * big.channels + column % big.channels) * big.height + y) * big.width + x)
        };
        (0..rows).flat_map(|row| (0..columns).map(move |column| offset(row, column))).collect()
    }

    /// On the device that `BURN_DEVICE` names, `wgpu` or `cuda`; `CUBECL_WGPU_DEFAULT_DEVICE=Cpu` makes that a software
    /// one.
    #[test]
    fn windows_are_copied_and_added_up() {
        if std::env::var_os("BURN_DEVICE").is_none() {
            eprintln!("skipped: BURN_DEVICE names no GPU");
            return;
        }
        let gpu = Device::default();
        let map = |channels, height, width| FeatureMap { channels, height, width };
        let check = |geometry: Geometry| {
            let (big, windows) = (random(big_shape(&geometry)), random(windows_shape(&geometry)));
            let copied = Dispatch::im2col(big.clone().to_device(&gpu).into_dispatch(), geometry);
            let added = Dispatch::col2im(windows.clone().to_device(&gpu).into_dispatch(), geometry);
            let (big, windows) = (values(big), values(windows));
            let mut sums = vec![0.0; big.len()];
            let mut copies = vec![0.0; windows.len()];
            for (index, offset) in source_indices(geometry).into_iter().enumerate() {
                let Some(offset) = offset else { continue };
                copies[index] = big[offset];
                sums[offset] += windows[index];
            }
            assert_eq!(values(Tensor::<2>::from_dispatch(copied)), copies, "{geometry:?}");
            for (found, expected) in values(Tensor::<4>::from_dispatch(added)).into_iter().zip(sums) {
                assert!((found - expected).abs() < 1e-5, "{found} instead of {expected} for {geometry:?}");
            }
        };
        let (big, small) = (map(3, 12, 12), map(8, 6, 6));
        check(Geometry { batch: 2, big, small, kernel: [4, 4], stride: [2, 2], top: 1, left: 1, groups: 1 });
        let (big, small) = (map(5, 9, 7), map(2, 4, 6));
        check(Geometry { batch: 3, big, small, kernel: [5, 3], stride: [2, 1], top: 2, left: 0, groups: 1 });
    }

    #[test]
    fn few_outputs_are_summed_in_parts() {
        let check = |rows, outputs, expected| assert_eq!(parts(rows, outputs), expected, "{rows} rows, {outputs}");
        check(65_536, 64 * 48, 256);
        check(16_384, 128 * 1024, 8);
        check(1024, 512 * 4096, 1);
        check(3 * 1024, 1, 8);
        check(255, 1, 1);
    }
}
