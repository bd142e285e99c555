//! The layers that networks are lists of.

mod strided;
mod strided_conv;
mod transposed;
mod upsampled;

pub(crate) use self::{strided::StridedLayer, transposed::TransposedLayer, upsampled::UpsampledLayer};
