//! GPUs through Vulkan, Metal or DirectX 12.

use std::env;

use burn::tensor::{Device, DeviceKind as Adapter, DeviceType};

use super::{ChosenDevice, DeviceError, DeviceKind};

/// burn's own way to name an adapter, which may be a software one.
const NAMED_ADAPTER: &str = "CUBECL_WGPU_DEFAULT_DEVICE";

const LOOKED_FOR: &str = "adapters of Vulkan, Metal and DirectX 12 (lavapipe and other software adapters do not count)";

/// The adapter that the environment names, else the n-th that is no software rasterizer.
pub(super) fn open(number: usize) -> Result<ChosenDevice, DeviceError> {
    let kind = DeviceKind::Gpu(number);
    let missing = |found| DeviceError::NotFound { wanted: kind, looked_for: LOOKED_FOR, found };
    if let Ok(name) = env::var(NAMED_ADAPTER) {
        // Opening an adapter by a name that is misspelt, or that is not there, is a panic.
        let named = named(&name).ok_or(DeviceError::BadName { variable: NAMED_ADAPTER, value: name.clone() })?;
        let device = Device::wgpu(named);
        if !Device::enumerate(DeviceType::Wgpu).contains(&device) {
            return Err(missing(format!("the adapter {name} that {NAMED_ADAPTER} names is not there")));
        }
        return Ok(ChosenDevice { device, kind, reason: format!("{NAMED_ADAPTER} names {name}") });
    }
    let adapters = Device::enumerate(DeviceType::Wgpu);
    let software = Device::wgpu(Adapter::Cpu);
    let real: Vec<&Device> = adapters.iter().filter(|adapter| **adapter != software).collect();
    match real.get(number) {
        Some(device) => {
            Ok(ChosenDevice { device: (*device).clone(), kind, reason: format!("{device:?}, one of {}", real.len()) })
        }
        None => Err(missing(found(real.len(), adapters.len()))),
    }
}

fn named(name: &str) -> Option<Adapter> {
    let Some((kind, number)) = name.strip_suffix(')').and_then(|name| name.split_once('(')) else {
        return (name == "Cpu").then_some(Adapter::Cpu);
    };
    let number = number.parse().ok()?;
    match kind {
        "DiscreteGpu" => Some(Adapter::DiscreteGpu(number)),
        "IntegratedGpu" => Some(Adapter::IntegratedGpu(number)),
        "VirtualGpu" => Some(Adapter::VirtualGpu(number)),
        _ => None,
    }
}

fn found(real: usize, all: usize) -> String {
    match (real, all - real) {
        (0, 0) => "found no adapter at all".into(),
        (0, software) => format!("found {software} software adapter only, which is no GPU"),
        (real, _) => format!("found {real}, counted from 0"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adapters_by_name() {
        let check = |name: &str, expected: Option<&str>| {
            assert_eq!(named(name).map(|adapter| format!("{adapter:?}")).as_deref(), expected, "{name}");
        };
        check("Cpu", Some("Cpu"));
        check("DiscreteGpu(1)", Some("DiscreteGpu(1)"));
        check("VirtualGpu(0)", Some("VirtualGpu(0)"));
        for wrong in ["cpu", "DiscreteGpu", "DiscreteGpu()", "DiscreteGpu(-1)", "Gpu(0)", ""] {
            check(wrong, None);
        }
    }
}
