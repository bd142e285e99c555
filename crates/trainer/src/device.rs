//! Where tensors live: the CPU, or a GPU where one was built in and found.

use std::fmt;

use burn::tensor::Device;
use contracts::config::DeviceChoice;

/// The device that a run was given, and why.
#[derive(Clone, Debug)]
pub struct ChosenDevice {
    /// The device, without autodiff.
    pub device: Device,
    /// Which kind it is; runs are bit for bit the same on one kind.
    pub kind: DeviceKind,
    /// Why it is this one, for people.
    pub reason: String,
}

/// The kinds of devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceKind {
    /// The CPU.
    Cpu,
    /// A GPU, by its number among the real ones.
    Gpu(usize),
}

/// A device that was asked for and is not there.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// This program knows no GPU.
    #[error(
        "cannot train on a GPU: this trainer was built without it; build it with `--features gpu`, \
         or set train.device = \"cpu\""
    )]
    NotBuiltIn,
    /// No GPU answers.
    #[error(
        "cannot train on GPU {wanted}: {found}; install its driver (Vulkan, Metal or DirectX 12), \
         or set train.device = \"cpu\""
    )]
    NotFound {
        /// The number that was asked for.
        wanted: usize,
        /// What was found instead.
        found: String,
    },
}

impl ChosenDevice {
    /// The device that the configuration asks for.
    ///
    /// # Errors
    /// When a GPU was asked for and this program has none built in, or the machine none to offer.
    pub fn new(choice: DeviceChoice) -> Result<Self, DeviceError> {
        match choice {
            DeviceChoice::Cpu => Ok(Self::cpu("as asked for")),
            DeviceChoice::Gpu(number) => gpu::open(number),
            DeviceChoice::Auto => Ok(gpu::open(0).unwrap_or_else(|error| Self::cpu(&why_not(&error)))),
        }
    }

    fn cpu(reason: &str) -> Self {
        Self { device: Device::flex(), kind: DeviceKind::Cpu, reason: reason.to_owned() }
    }
}

fn why_not(error: &DeviceError) -> String {
    match error {
        DeviceError::NotBuiltIn => "no GPU support was built in".into(),
        DeviceError::NotFound { found, .. } => found.clone(),
    }
}

impl fmt::Display for DeviceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Gpu(number) => write!(f, "gpu:{number}"),
        }
    }
}

#[cfg(not(feature = "gpu"))]
mod gpu {
    use super::{ChosenDevice, DeviceError};

    pub(super) fn open(_number: usize) -> Result<ChosenDevice, DeviceError> {
        Err(DeviceError::NotBuiltIn)
    }
}

#[cfg(feature = "gpu")]
mod gpu {
    use std::env;

    use burn::tensor::{Device, DeviceKind as Adapter, DeviceType};

    use super::{ChosenDevice, DeviceError, DeviceKind};

    /// burn's own way to name an adapter, which may be a software one.
    const NAMED_ADAPTER: &str = "CUBECL_WGPU_DEFAULT_DEVICE";

    /// The adapter that the environment names, else the n-th that is no software rasterizer.
    pub(super) fn open(number: usize) -> Result<ChosenDevice, DeviceError> {
        if let Ok(name) = env::var(NAMED_ADAPTER) {
            let device = Device::wgpu(Adapter::DefaultDevice);
            let reason = format!("{NAMED_ADAPTER} names {name}");
            return Ok(ChosenDevice { device, kind: DeviceKind::Gpu(number), reason });
        }
        let adapters: Vec<Device> = Device::enumerate(DeviceType::Wgpu).iter().cloned().collect();
        let software = Device::wgpu(Adapter::Cpu);
        let real: Vec<&Device> = adapters.iter().filter(|adapter| **adapter != software).collect();
        match real.get(number) {
            Some(device) => Ok(ChosenDevice {
                device: (*device).clone(),
                kind: DeviceKind::Gpu(number),
                reason: format!("{device:?}, one of {}", real.len()),
            }),
            None => Err(DeviceError::NotFound { wanted: number, found: found(real.len(), adapters.len()) }),
        }
    }

    fn found(real: usize, all: usize) -> String {
        match (real, all - real) {
            (0, 0) => "no graphics adapter was found".into(),
            (0, software) => format!("only {software} software adapter was found, which is no GPU"),
            (real, _) => format!("GPUs count from 0 and {real} were found"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_is_always_there() {
        assert_eq!(ChosenDevice::new(DeviceChoice::Cpu).unwrap().kind, DeviceKind::Cpu);
    }

    #[cfg(not(feature = "gpu"))]
    #[test]
    fn without_the_feature_auto_says_why_and_gpu_is_an_error() {
        let chosen = ChosenDevice::new(DeviceChoice::Auto).unwrap();
        assert_eq!(chosen.kind, DeviceKind::Cpu);
        assert!(chosen.reason.contains("no GPU support was built in"), "{}", chosen.reason);
        let error = ChosenDevice::new(DeviceChoice::Gpu(1)).unwrap_err().to_string();
        assert!(error.contains("--features gpu") && error.contains("train.device"), "{error}");
    }
}
