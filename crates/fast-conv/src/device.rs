//! Which devices this crate has kernels for; any other gets burn's operators.

use burn::{
    backend::DispatchDevice,
    tensor::{DType, Device, Tensor},
};

/// Whether tensors of this device, on the tape or off it, lie in flex's memory.
pub(crate) fn is_flex(device: &Device) -> bool {
    matches!(device.clone().inner().as_dispatch(), DispatchDevice::Flex(_))
}

/// Whether these are f32 in flex's memory, off the tape: what the passes that nobody differentiates take.
pub(crate) fn are_plain<const D: usize, const N: usize>(tensors: [&Tensor<D>; N]) -> bool {
    tensors
        .into_iter()
        .all(|tensor| tensor.dtype() == DType::F32 && is_flex(&tensor.device()) && !tensor.device().is_autodiff())
}

/// Whether the three passes of a convolution exist for this device.
pub(crate) fn has_convolutions(device: &Device) -> bool {
    match device.clone().inner().as_dispatch() {
        DispatchDevice::Flex(_) => true,
        #[cfg(feature = "cube")]
        DispatchDevice::Cube(_) => true,
        _ => false,
    }
}
