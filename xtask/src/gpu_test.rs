//! `cargo xtask test gpu`: what can be tested of GPUs on this machine, with a card or without. What cannot says why.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};
use contracts::{Outcome, cuda::Cuda, tell};
use serde::Deserialize;

use crate::{build, tools, workspace::Workspace};

/// The cards whose kernels are compiled without one, by their compute capability without the point.
const ARCHITECTURES: [&str; 2] = ["90", "80"];

/// What is trained on them: a recipe and its batch.
const JOBS: [(&str, &str); 2] = [("dcgan", "64"), ("modern", "16")];

/// Where Mesa says that its software adapter is.
const ADAPTERS: &str = "/usr/share/vulkan/icd.d";

/// One part, which returns why it is left out, if it is.
type Part = (&'static str, fn(&Workspace) -> anyhow::Result<Option<String>>);

const PARTS: [Part; 3] = [
    ("CUDA's kernels, compiled by NVRTC without a card", without_a_card),
    ("operators on an NVIDIA card", on_a_card),
    ("operators on a software adapter of Vulkan", on_lavapipe),
];

/// Runs all parts, whatever becomes of the others.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::Done;
    for (name, part) in PARTS {
        match part(workspace) {
            Ok(None) => tell!("{name}: passed"),
            Ok(Some(reason)) => tell!("{name}: skipped: {reason}"),
            Err(error) => {
                tell!("{name}: failed: {error:#}");
                outcome = Outcome::Failed;
            }
        }
    }
    Ok(outcome)
}

/// Steps of training with a driver that computes nothing, and the real compiler: a kernel that it refuses is an error.
fn without_a_card(workspace: &Workspace) -> anyhow::Result<Option<String>> {
    if !cfg!(target_os = "linux") {
        return Ok(Some("the driver of no card is Linux's alone".into()));
    }
    let driver = driver_folder(workspace)?;
    if let Err(missing) = Cuda::find_with_driver_in(&driver) {
        return Ok(Some(missing.to_string()));
    }
    let bench = build::device_bench(workspace)?;
    for architecture in ARCHITECTURES {
        for job in JOBS {
            train(&bench, &driver, architecture, job)?;
        }
    }
    Ok(None)
}

/// A folder where the stub has the driver's name. The loader takes it only where it is told to.
fn driver_folder(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let stub = build::driver_stub(workspace)?;
    let folder = workspace.target.join("cuda-stub");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    fs::copy(&stub, folder.join("libcuda.so.1")).with_context(|| format!("cannot copy {}", stub.display()))?;
    Ok(folder)
}

/// What a run of the benchmark says, as far as it is told.
#[derive(Deserialize)]
struct Measured {
    launches_a_step: f64,
}

fn train(bench: &Path, driver: &Path, architecture: &str, (recipe, batch): (&str, &str)) -> anyhow::Result<()> {
    let log = driver.join("log.txt");
    fs::write(&log, "").with_context(|| format!("cannot write {}", log.display()))?;
    let loader = env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let loader = env::join_paths([driver.to_path_buf()].into_iter().chain(env::split_paths(&loader)))?;
    let mut command = Command::new(bench);
    command.args(["--measure", "fast", "--device", "cuda:0", "--recipe", recipe, "--batch", batch, "--steps", "2"]);
    command.env("LD_LIBRARY_PATH", loader).env("CUBECL_AUTOTUNE_LEVEL", "minimal");
    command.env("CUDA_STUB_ARCHITECTURE", architecture).env("CUDA_STUB_LOG", &log);
    let output = command.output().with_context(|| format!("cannot start {}", bench.display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{recipe} on sm_{architecture} ({}):\n{said}", output.status);
    let measured: Measured = serde_json::from_slice(&output.stdout).context("cannot read what the benchmark says")?;
    let log = fs::read_to_string(&log).with_context(|| format!("cannot read {}", log.display()))?;
    let kernels = log.lines().filter(|line| line.starts_with("kernel ")).count();
    ensure!(kernels > 0, "{recipe} on sm_{architecture}: no kernel was compiled");
    let launches = measured.launches_a_step;
    tell!("sm_{architecture}, {recipe}, batch {batch}: {kernels} kernels compiled, {launches:.0} launches a step");
    Ok(())
}

fn on_a_card(workspace: &Workspace) -> anyhow::Result<Option<String>> {
    if let Err(missing) = Cuda::find() {
        return Ok(Some(missing.to_string()));
    }
    operators(workspace, "cuda,trainer/vulkan", &[("BURN_DEVICE", "cuda")])
}

fn on_lavapipe(workspace: &Workspace) -> anyhow::Result<Option<String>> {
    let adapters = fs::read_dir(ADAPTERS).into_iter().flatten().flatten();
    let mut names = adapters.map(|entry| entry.file_name().to_string_lossy().into_owned());
    if !names.any(|name| name.starts_with("lvp")) {
        return Ok(Some(format!("{ADAPTERS} names no lavapipe: install mesa-vulkan-drivers")));
    }
    // Nobody waits for these kernels for long: they are not worth much tuning.
    let device = [("BURN_DEVICE", "wgpu"), ("CUBECL_WGPU_DEFAULT_DEVICE", "Cpu"), ("CUBECL_AUTOTUNE_LEVEL", "minimal")];
    operators(workspace, "gpu", &device)
}

/// The tests of the crates that compute on GPUs, on the device that the environment names.
fn operators(workspace: &Workspace, features: &str, device: &[(&str, &str)]) -> anyhow::Result<Option<String>> {
    let runner: &[&str] = if tools::has(workspace, "nextest") { &["nextest", "run"] } else { &["test"] };
    let mut command = workspace.cargo();
    command.args(runner).args(["--release", "--no-default-features", "--package", "fast-conv", "--package", "trainer"]);
    command.args(["--features", &format!("trainer/{features}"), "--lib", "--tests"]);
    let status = command.envs(device.iter().copied()).status().context("cannot start cargo")?;
    ensure!(status.success(), "tests failed");
    Ok(None)
}
