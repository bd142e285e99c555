//! NVIDIA GPUs through CUDA.

use burn::tensor::{Device, DeviceType};

use super::{ChosenDevice, DeviceError, DeviceKind};

/// The n-th GPU.
pub(super) fn open(number: usize) -> Result<ChosenDevice, DeviceError> {
    let kind = DeviceKind::Cuda(number);
    // Where the driver's library is missing, looking for devices is a panic of the crate that loads it.
    let devices = std::panic::catch_unwind(|| Device::enumerate(DeviceType::Cuda).len());
    let found = match devices {
        Ok(devices) if number < devices => {
            let reason = format!("one of {devices} NVIDIA GPUs");
            return Ok(ChosenDevice { device: Device::cuda(number), kind, reason });
        }
        Ok(0) => "found no NVIDIA GPU".into(),
        Ok(devices) => format!("found {devices} NVIDIA GPUs, counted from 0"),
        Err(_) => "CUDA could not be loaded".into(),
    };
    Err(DeviceError::NotFound { wanted: kind, looked_for: "NVIDIA GPUs through CUDA", found })
}
