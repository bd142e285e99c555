//! Convolutions for burn's CPU backend that spend less arithmetic than the definition asks for, and for its GPU
//! backend.
//!
//! [`conv2d`] and [`conv_transpose2d`] compute what burn's operators of those names do, forwards and backwards. On the
//! flex backend, in f32, they take the cheapest of three algorithms by the shape alone:
//!
//! - Winograd's `F(4 × 4, 2 × 2)` on the phases of a stride: a 4 × 4 kernel of stride 2 is four 2 × 2 kernels of
//!   stride 1, and takes 100 multiplications where the definition takes 256;
//! - `F(4 × 4, 3 × 3)` likewise: 5 × 5 of stride 2 (144 for 400), 3 × 3 of stride 1 (36 for 144);
//! - the definition, as one matrix product, for everything else.
//!
//! [`ConvolutionOptions`] cut the channels into groups, each by the algorithm that suits it, or round what is multiplied.
//! [`upsampled_conv2d`] enlarges its input inside the convolution.
//!
//! [`leaky_relu`], [`biased_leaky_relu`], [`batch_norm`] and [`batch_norm_at_rest`], which stand between convolutions, do in a pass or
//! two each what burn composes of a dozen: once the convolutions are fast, those passes are what a step of training waits for.
//! [`adam`], [`blend`] and [`sum_of_squares`] do the same for what is done with all weights.
//!
//! On GPUs, with the feature `cube`, the convolutions are matrix products over copied windows, and what stands between them,
//! [`batch_norm_and_rectify`] and the activations, takes a launch or two each way. [`AdamUpdates`], [`blend_all`] and
//! [`norm_of_all`] take all weights of a network at once. Everything else, any other device and any other type gets burn's
//! own operators.
//!
//! Results on the CPU are the same bits on any number of threads, and on every run on the same kind of processor;
//! AVX-512, AVX2 and portable registers may differ in the last bits. Errors stay below 10⁻⁵ of the largest output.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use fast_conv::{ConvolutionOptions, Padding, conv2d};
//!
//! let device = Device::flex();
//! let images = Tensor::<4>::ones([2, 3, 8, 8], &device);
//! let weight = Tensor::<4>::ones([5, 3, 4, 4], &device);
//! let halved = conv2d(images, weight, None, ConvolutionOptions::new([2, 2], Padding::all(1)));
//! assert_eq!(halved.dims(), [2, 5, 4, 4]);
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod activation;
mod adam;
mod backend;
mod batch_norm;
mod biased;
mod channels;
#[cfg(feature = "cube")]
mod cube;
mod device;
mod geometry;
mod groups;
mod im2col;
mod lanes;
mod lowering;
mod memory;
mod operator;
mod packed;
mod passes;
mod plan;
mod precision;
mod prelude;
mod product;
mod resample;
mod scratch;
mod simd;
mod storage;
mod upsample;
mod vectors;
mod widening;
mod winograd;

pub use activation::leaky_relu;
pub use adam::{AdamUpdate, AdamUpdates, UpdatedParameters, adam};
pub use batch_norm::{
    BatchNormUpdate, Normalized, RunningStatistics, batch_norm, batch_norm_and_rectify, batch_norm_at_rest,
};
pub use biased::biased_leaky_relu;
#[cfg(feature = "cube")]
pub use cube::count_launches;
pub use device::is_gpu;
pub use memory::keep_freed_memory;
pub use operator::{ConvolutionOptions, Padding, conv_transpose2d, conv2d};
pub use precision::Precision;
pub use resample::{downsample_bilinear, upsample_bilinear};
pub use upsample::upsampled_conv2d;
pub use vectors::{blend, blend_all, norm_of_all, sum_of_squares};
