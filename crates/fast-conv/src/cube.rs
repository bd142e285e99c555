//! What this crate computes on a GPU, in few launches: each costs the processor some microseconds, which is more than most
//! layers cost the card.
//!
//! Features lie channel by channel, `[channels, batch, height, width]`, behind the shape `[batch, channels, height, width]` that
//! burn sees: so a matrix product's rows are channels, a channel's statistics run over neighbours, and nothing is ever
//! permuted. What comes in may lie otherwise.
#![allow(unreachable_pub, missing_docs, unsafe_code, clippy::too_many_arguments)]

mod activation;
mod convolution;
mod launches;
mod list;
mod normalization;

pub(crate) use activation::{rectify, shift_and_rectify};
pub use launches::count_launches;
pub(crate) use list::{adam, blend, norm};
pub(crate) use normalization::batch_norm_and_rectify;

use burn::{
    backend::TensorMetadata as _,
    tensor::{DType, Shape},
};
use burn_cubecl::{
    cubecl::{self, calculate_cube_count_elemwise, prelude::*, zspace::metadata::Metadata},
    kernel::into_contiguous,
    ops::{numeric::empty_device_contiguous_dtype, permute},
    tensor::CubeTensor,
};

/// The same values under another shape and strides.
fn view<const D: usize>(tensor: CubeTensor, shape: [usize; D], strides: [usize; D]) -> CubeTensor {
    CubeTensor { meta: Box::new(Metadata::new(shape, strides)), ..tensor }
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

/// Units that sum one channel: a power of two.
fn units_of_a_sum(tensor: &CubeTensor) -> u32 {
    let most = tensor.client.properties().hardware.max_units_per_cube.clamp(1, 512);
    1 << most.ilog2()
}

/// What of the widest address of these.
fn address_type<const N: usize>(tensors: [&CubeTensor; N]) -> AddressType {
    tensors.into_iter().map(CubeTensor::required_address_type).max().unwrap_or_default()
}

/// Batch, channels, height and width.
fn sides(tensor: &CubeTensor) -> [usize; 4] {
    let shape = tensor.shape();
    [shape[0], shape[1], shape[2], shape[3]]
}

/// Features with their pixels in one row, `[batch, channels, height · width]`: as they lie, where one stride leads from any pixel
/// to the next.
fn pixel_rows(tensor: CubeTensor) -> CubeTensor {
    let [batch, channels, height, width] = sides(&tensor);
    let tensor = if pixel_stride(&tensor).is_some() { tensor } else { into_contiguous(tensor) };
    let pixel = pixel_stride(&tensor).unwrap_or(1);
    let strides = tensor.meta.strides();
    let strides = [strides[0], strides[1], pixel];
    view(tensor, [batch, channels, height * width], strides)
}

fn pixel_stride(tensor: &CubeTensor) -> Option<usize> {
    let ([_, _, height, width], strides) = (sides(tensor), tensor.meta.strides());
    match (height, width) {
        (_, 1) => Some(strides[2]),
        (1, _) => Some(strides[3]),
        _ => (strides[2] == width * strides[3]).then_some(strides[3]),
    }
}

/// Features as the matrix `[channels, batch · height · width]`, as they lie where two strides lead through it.
fn channel_rows(tensor: CubeTensor) -> CubeTensor {
    let [batch, channels, height, width] = sides(&tensor);
    let (area, rows) = (height * width, pixel_rows(tensor));
    let strides = rows.meta.strides();
    let [image, channel, pixel] = [strides[0], strides[1], strides[2]];
    let column = match (batch, area) {
        (1, _) => Some(pixel),
        (_, 1) => Some(image),
        _ => (image == area * pixel).then_some(pixel),
    };
    let shape = [channels, batch * area];
    match column {
        // A single channel has no stride of its own; this one says that its row is whole.
        Some(column) if channels == 1 => view(rows, shape, [batch * area * column, column]),
        Some(column) if column == 1 || channel == 1 => view(rows, shape, [channel, column]),
        _ => view(into_contiguous(permute(rows, &[1, 0, 2])), shape, [batch * area, 1]),
    }
}

/// Room for features that lie channel by channel.
fn empty_features(like: &CubeTensor, [batch, channels, height, width]: [usize; 4]) -> CubeTensor {
    of_channel_rows(empty_like(like, Shape::new([channels, batch * height * width])), [batch, channels, height, width])
}

/// The reverse of [`channel_rows`], of a whole matrix.
fn of_channel_rows(rows: CubeTensor, [batch, channels, height, width]: [usize; 4]) -> CubeTensor {
    let area = height * width;
    view(rows, [batch, channels, height, width], [area, batch * area, width, 1])
}

/// Where a value lies in `[batch, channels, pixels]`, counted over the images of its channel.
#[cube]
fn offset(x: &Tensor<f32>, channel: usize, position: usize) -> usize {
    let area = x.shape(2);
    position / area * x.stride(0) + channel * x.stride(1) + position % area * x.stride(2)
}

/// How many values a channel has.
#[cube]
fn values_of_a_channel(x: &Tensor<f32>) -> usize {
    x.shape(0) * x.shape(2)
}

/// What x is multiplied by where x is `sign`: leaky ReLU and its derivative.
#[cube]
fn rectifier(sign: f32, slope: f32) -> f32 {
    let mut factor = slope;
    if sign > 0.0f32 {
        factor = 1.0f32;
    }
    factor
}

/// The sum of a value of each unit of a cube, always in the same order. All units of the cube ask for it, as often as they like.
#[cube]
fn sum_over_units(value: f32, #[comptime] units: usize) -> f32 {
    let mut sums = Shared::<[f32]>::new_slice(units);
    let unit = UNIT_POS as usize;
    sums[unit] = value;
    sync_cube();
    let mut half = comptime!(units / 2).runtime();
    while half > 0 {
        if unit < half {
            let other = sums[unit + half];
            sums[unit] += other;
        }
        sync_cube();
        half /= 2;
    }
    let sum = sums[0];
    // In a loop the next sum's values come to lie where this one is read.
    sync_cube();
    sum
}
