//! The layers that networks are lists of.

mod color;
mod kinds;
mod residual;
mod strided;
mod strided_conv;
mod transposed;
mod upsampled;

pub(crate) use self::{
    color::ColorLayer,
    kinds::layer_kinds,
    residual::{Resample, ResidualLayer},
    strided::StridedLayer,
    transposed::TransposedLayer,
    upsampled::UpsampledLayer,
};
