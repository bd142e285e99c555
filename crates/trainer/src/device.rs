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
    /// A GPU through Vulkan, Metal or DirectX 12, by its number among the real ones.
    Gpu(usize),
    /// An NVIDIA GPU through CUDA, by its number.
    Cuda(usize),
}

/// A device that was asked for and is not there.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// This program knows no such device.
    #[error(
        "cannot train on {wanted}: this trainer was built without it; build it with `--features {feature}`, or set \
         train.device = \"cpu\""
    )]
    NotBuiltIn {
        /// The device that was asked for.
        wanted: DeviceKind,
        /// What it has to be built with.
        feature: &'static str,
    },
    /// No such device answers.
    #[error(
        "cannot train on {wanted}: looked for {looked_for}, and {found}; install its driver, or set \
         train.device = \"cpu\""
    )]
    NotFound {
        /// The device that was asked for.
        wanted: DeviceKind,
        /// Where it was looked for.
        looked_for: &'static str,
        /// What was found instead.
        found: String,
    },
    /// The environment names an adapter in a way that nobody understands.
    #[error(
        "{variable} is {value:?}, which names no adapter: use Cpu, DiscreteGpu(N), IntegratedGpu(N) or VirtualGpu(N), or \
         leave it out"
    )]
    BadName {
        /// The variable.
        variable: &'static str,
        /// What it says.
        value: String,
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
            DeviceChoice::Cuda(number) => cuda::open(number),
            DeviceChoice::Auto => {
                // Where both were built in, CUDA is the faster way to the same card.
                let cuda = if cfg!(feature = "cuda") { cuda::open(0).ok() } else { None };
                let found = cuda.map_or_else(|| gpu::open(0), Ok);
                Ok(found.unwrap_or_else(|error| Self::cpu(&why_not(&error))))
            }
        }
    }

    fn cpu(reason: &str) -> Self {
        Self { device: Device::flex(), kind: DeviceKind::Cpu, reason: reason.to_owned() }
    }
}

fn why_not(error: &DeviceError) -> String {
    match error {
        DeviceError::NotBuiltIn { .. } => "no GPU support was built in".into(),
        DeviceError::NotFound { found, .. } => found.clone(),
        DeviceError::BadName { .. } => error.to_string(),
    }
}

impl fmt::Display for DeviceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Gpu(number) => write!(f, "gpu:{number}"),
            Self::Cuda(number) => write!(f, "cuda:{number}"),
        }
    }
}

#[cfg(not(feature = "gpu"))]
mod gpu {
    use super::{ChosenDevice, DeviceError, DeviceKind};

    pub(super) fn open(number: usize) -> Result<ChosenDevice, DeviceError> {
        Err(DeviceError::NotBuiltIn { wanted: DeviceKind::Gpu(number), feature: "gpu" })
    }
}

#[cfg(feature = "gpu")]
mod gpu;

#[cfg(not(feature = "cuda"))]
mod cuda {
    use super::{ChosenDevice, DeviceError, DeviceKind};

    pub(super) fn open(number: usize) -> Result<ChosenDevice, DeviceError> {
        Err(DeviceError::NotBuiltIn { wanted: DeviceKind::Cuda(number), feature: "cuda" })
    }
}

#[cfg(feature = "cuda")]
mod cuda;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_is_always_there() {
        assert_eq!(ChosenDevice::new(DeviceChoice::Cpu).unwrap().kind, DeviceKind::Cpu);
    }

    #[cfg(not(any(feature = "gpu", feature = "cuda")))]
    #[test]
    fn without_the_feature_auto_says_why_and_a_gpu_is_an_error() {
        let chosen = ChosenDevice::new(DeviceChoice::Auto).unwrap();
        assert_eq!(chosen.kind, DeviceKind::Cpu);
        assert!(chosen.reason.contains("no GPU support was built in"), "{}", chosen.reason);
        for (choice, parts) in [
            (DeviceChoice::Gpu(1), ["gpu:1", "--features gpu", "train.device"]),
            (DeviceChoice::Cuda(2), ["cuda:2", "--features cuda", "train.device"]),
        ] {
            let error = ChosenDevice::new(choice).unwrap_err().to_string();
            assert!(parts.iter().all(|part| error.contains(part)), "{error}");
        }
    }
}
