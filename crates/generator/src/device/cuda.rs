//! NVIDIA GPUs through CUDA, whose driver and compiler are loaded here and linked nowhere.

use std::path::Path;

use burn::tensor::{Device, DeviceType};
use contracts::cuda::Cuda;
use libloading::Library;

use super::{ChosenDevice, DeviceError, DeviceKind};

const LOOKED_FOR: &str = "NVIDIA's driver, its compiler NVRTC, and a GPU";

/// What NVRTC loads in turn, by this beginning of its name, from the folder that it lies in.
const BUILTINS: &str = "libnvrtc-builtins.so";

/// The n-th GPU.
pub(super) fn open(number: usize) -> Result<ChosenDevice, DeviceError> {
    let kind = DeviceKind::Cuda(number);
    let missing = |found| DeviceError::NotFound { wanted: kind, looked_for: LOOKED_FOR, found };
    load().map_err(missing)?;
    match Device::enumerate(DeviceType::Cuda).len() {
        0 => Err(missing("found both, but no NVIDIA GPU".into())),
        devices if number < devices => {
            let reason = format!("one of {devices} NVIDIA GPUs");
            Ok(ChosenDevice { device: Device::cuda(number), kind, reason })
        }
        devices => Err(missing(format!("found {devices} NVIDIA GPUs, counted from 0"))),
    }
}

/// Loads what cubecl will ask the loader for by name, wherever it lies, and says what is missing: cubecl would panic.
fn load() -> Result<(), String> {
    if cfg!(target_os = "linux") {
        let Cuda { driver, nvrtc, .. } = Cuda::find().map_err(|missing| missing.to_string())?;
        let folder = nvrtc.parent().into_iter().flat_map(Path::read_dir).flatten().flatten();
        let builtins = folder.filter(|entry| entry.file_name().to_string_lossy().starts_with(BUILTINS));
        // The builtins first, while NVRTC would look for them where the loader looks only.
        for library in builtins.map(|entry| entry.path()).chain([nvrtc.clone(), driver]) {
            keep(&library).map_err(|error| format!("could not load {}: {error}", library.display()))?;
        }
    }
    // SAFETY: both only try to open libraries by names that are NVIDIA's.
    #[allow(unsafe_code, reason = "the crate that loads the libraries knows by what names")]
    let (driver, nvrtc) = unsafe { (cudarc::driver::sys::is_culib_present(), cudarc::nvrtc::sys::is_culib_present()) };
    match (driver, nvrtc) {
        (true, true) => Ok(()),
        (false, _) => Err("found no NVIDIA driver".into()),
        (true, false) => Err("found no NVRTC, which is part of NVIDIA's CUDA toolkit".into()),
    }
}

/// Opens a library for as long as the program runs: whoever opens it by its own name gets this one.
fn keep(path: &Path) -> Result<(), libloading::Error> {
    // SAFETY: the driver and NVRTC begin to work when they are called, not when they are loaded.
    #[allow(unsafe_code, reason = "there is no other way to load a library by its path")]
    let library = unsafe { Library::new(path) }?;
    std::mem::forget(library);
    Ok(())
}
