//! Which devices this crate has kernels for; any other gets burn's operators.

use burn::{backend::DispatchDevice, tensor::Device};

/// Whether tensors of this device, on the tape or off it, lie in flex's memory.
pub(crate) fn is_flex(device: &Device) -> bool {
    matches!(device.clone().inner().as_dispatch(), DispatchDevice::Flex(_))
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
