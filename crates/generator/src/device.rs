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

/// The kinds of devices; a run is bit for bit the same on one kind only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceKind {
    /// The CPU, by burn's flex backend and the workspace's own operators.
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
        "cannot compute on {wanted}: this program was built without it; build it with `--features {feature}`, or set \
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
        "cannot compute on {wanted}: looked for {looked_for}, and {found}; install its driver, or set \
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
        /// The environment variable.
        variable: &'static str,
        /// What it says, which is no name.
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
                let found = cuda::open(0).or_else(|cuda| gpu::open(0).map_err(|gpu| [cuda, gpu]));
                Ok(found.unwrap_or_else(|errors| Self::cpu(&why_not(&errors))))
            }
        }
    }

    fn cpu(reason: &str) -> Self {
        Self { device: Device::flex(), kind: DeviceKind::Cpu, reason: reason.to_owned() }
    }
}

fn why_not(errors: &[DeviceError]) -> String {
    let reasons = errors.iter().filter_map(|error| match error {
        DeviceError::NotBuiltIn { .. } => None,
        DeviceError::NotFound { found, .. } => Some(found.clone()),
        DeviceError::BadName { .. } => Some(error.to_string()),
    });
    let reasons: Vec<String> = reasons.collect();
    if reasons.is_empty() { "no GPU support was built in".into() } else { reasons.join("; ") }
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

    #[test]
    fn auto_gives_the_reason_of_each_way_that_is_built_in() {
        let missing = |found: &str| DeviceError::NotFound {
            wanted: DeviceKind::Cuda(0),
            looked_for: "a card",
            found: found.to_owned(),
        };
        let not_built_in = || DeviceError::NotBuiltIn { wanted: DeviceKind::Gpu(0), feature: "gpu" };
        let check = |errors: [DeviceError; 2], expected: &str| assert_eq!(why_not(&errors), expected);
        check([not_built_in(), not_built_in()], "no GPU support was built in");
        check([missing("found no card"), not_built_in()], "found no card");
        check([missing("found no card"), missing("no driver")], "found no card; no driver");
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
