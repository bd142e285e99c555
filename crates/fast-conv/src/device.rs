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

/// Whether tensors of this device, on the tape or off it, are on a GPU that this crate has kernels for. There each operation is
/// a launch or more, so that one for many tensors is worth gathering them.
#[cfg_attr(not(feature = "cube"), expect(unused_variables, reason = "there are no kernels for any"))]
pub fn is_gpu(device: &Device) -> bool {
    #[cfg(feature = "cube")]
    return matches!(device.clone().inner().as_dispatch(), DispatchDevice::Cube(_));
    #[cfg(not(feature = "cube"))]
    return false;
}

/// Whether these are f32 on a GPU, and some.
#[cfg(feature = "cube")]
pub(crate) fn takes_features<const D: usize>(tensor: &Tensor<D>) -> bool {
    tensor.dtype() == DType::F32 && is_gpu(&tensor.device()) && tensor.shape().num_elements() > 0
}

/// Whether these are f32 on a GPU, off the tape: what the kernels that nobody differentiates take.
#[cfg(feature = "cube")]
pub(crate) fn is_listable<const D: usize>(tensor: &Tensor<D>) -> bool {
    takes_features(tensor) && !tensor.device().is_autodiff()
}

/// Whether the three passes of a convolution exist for this device.
pub(crate) fn has_convolutions(device: &Device) -> bool {
    is_flex(device) || is_gpu(device)
}
