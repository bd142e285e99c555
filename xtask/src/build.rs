//! Building the programs that stages run in.

use std::{collections::BTreeSet, path::Path};

use anyhow::{Context as _, bail};
use contracts::{Config, StageId, config::DeviceChoice, spec::Feature, tell};

use crate::{
    opencv, own_build,
    workspace::{Binaries, Workspace},
};

/// The stand-in booru's program and crate.
pub(crate) const MINI_BOORU: &str = "mini-booru";

/// The program that alone reads and writes Parquet, and its crate.
const PARQUET: &str = "dataset-parquet";

/// The cargo feature that a stage's crate is built with.
pub(crate) fn feature(stage: StageId, config: &Config) -> Option<&'static str> {
    match (stage.spec().feature)(config)? {
        Feature::OpenCv => Some("opencv"),
        Feature::Device(device) => accelerator(&device),
    }
}

/// Whether one of these stages is to be built with OpenCV.
pub(crate) fn needs_opencv(stages: &[StageId], config: &Config) -> bool {
    stages.iter().any(|stage| (stage.spec().feature)(config) == Some(Feature::OpenCv))
}

/// The trainer's feature for GPUs of all makers. Vulkan's own language reaches more of a card than WGSL does.
const GPU: &str = if cfg!(target_os = "macos") { "gpu" } else { "vulkan" };

/// The feature of the trainer that a device takes.
pub(crate) fn accelerator(device: &DeviceChoice) -> Option<&'static str> {
    match device {
        DeviceChoice::Cpu => None,
        DeviceChoice::Gpu(_) => Some(GPU),
        DeviceChoice::Cuda(_) => Some("cuda"),
        DeviceChoice::Auto => gpu_at_hand().then_some(GPU),
    }
}

/// Whether this machine seems to have a GPU: enough to be worth building the GPU backend, which triples the build.
/// The trainer itself looks closer.
fn gpu_at_hand() -> bool {
    if !cfg!(target_os = "linux") {
        return true;
    }
    ["/dev/nvidiactl", "/dev/dri/renderD128", "/dev/dxg"].iter().any(|device| Path::new(device).exists())
}

/// Builds the programs of `stages`, unless ready-built ones are used.
pub(crate) fn programs(workspace: &Workspace, config: &Config, stages: &[StageId]) -> anyhow::Result<()> {
    let mini = stages.contains(&StageId::Crawl) && config.crawl.is_mini();
    if let Binaries::Ready(folder) = workspace.binaries() {
        let programs = stages.iter().map(|stage| stage.spec().binary).chain(mini.then_some(MINI_BOORU));
        return match programs.map(|name| workspace.binaries().path(name)).find(|path| !path.exists()) {
            Some(path) => bail!("NIJIGEN_BIN_DIR names {}, which has no {}", folder.display(), path.display()),
            None => Ok(()),
        };
    }
    let packages = packages(workspace, stages, mini);
    let programs: Vec<(&str, &str)> =
        StageId::ALL.iter().map(|stage| (stage.spec().package, stage.spec().binary)).collect();
    own_build::forget_other_checkouts(workspace, &programs)?;
    let mut command = workspace.cargo();
    // The cropper's OpenCV is a default feature, for those who build it by hand; here the configuration decides.
    command.args(["build", "--release", "--no-default-features"]);
    for package in &packages {
        command.args(["--package", package]);
    }
    for stage in stages {
        if let Some(feature) = feature(*stage, config) {
            command.args(["--features", &format!("{}/{feature}", stage.spec().package)]);
        }
    }
    let missing = |stage: &&StageId| !workspace.binaries().path(stage.spec().binary).exists();
    if stages.iter().any(|stage| missing(&stage)) {
        let names: Vec<_> = packages.into_iter().collect();
        tell!("building {} (the first time takes some minutes)", names.join(", "));
    }
    command.envs(opencv::environment());
    let status = command.status().context("cannot start cargo")?;
    if !status.success() {
        bail!("the build failed; `cargo xtask setup` installs what the system lacks");
    }
    Ok(())
}

/// Builds a program of `package` that is no stage, unless ready-built ones are used. Together with the stages' crates, though
/// nothing of theirs is built, so that the dependencies that they share have the same features and are not compiled anew.
pub(crate) fn tool(workspace: &Workspace, package: &str, name: &str) -> anyhow::Result<()> {
    let path = workspace.binaries().path(name);
    if let Binaries::Ready(folder) = workspace.binaries() {
        anyhow::ensure!(path.exists(), "NIJIGEN_BIN_DIR names {}, which has no {name}", folder.display());
        return Ok(());
    }
    own_build::forget_other_checkouts(workspace, &[(package, name)])?;
    let mut command = workspace.cargo();
    command.args(["build", "--release", "--no-default-features", "--bin", name]);
    for package in StageId::ALL.iter().map(|stage| stage.spec().package).chain([MINI_BOORU, package]) {
        command.args(["--package", package]);
    }
    if path.exists() {
        command.arg("--quiet");
    } else {
        tell!("building {name} (the first time takes some minutes)");
    }
    let status = command.status().context("cannot start cargo")?;
    if status.success() { Ok(()) } else { bail!("the build of {name} failed") }
}

/// Builds the program that reads and writes Parquet, unless ready-built ones are used. By itself: what it takes would change the
/// features of what all stages are built with.
pub(crate) fn parquet(workspace: &Workspace) -> anyhow::Result<()> {
    if let Binaries::Ready(_) = workspace.binaries() {
        return Ok(());
    }
    own_build::forget_other_checkouts(workspace, &[(PARQUET, PARQUET)])?;
    if !workspace.binaries().path(PARQUET).exists() {
        tell!("building {PARQUET} (the first time takes some minutes)");
    }
    let mut command = workspace.cargo();
    command.args(["build", "--release", "--package", PARQUET]);
    let status = command.status().context("cannot start cargo")?;
    if status.success() { Ok(()) } else { bail!("the build of {PARQUET} failed") }
}

/// What to build: what the stages need. Once everything was built, everything again: cargo settles the features of shared
/// dependencies by what is built together, and another selection would compile them anew.
fn packages(workspace: &Workspace, stages: &[StageId], mini: bool) -> BTreeSet<&'static str> {
    let all_built = StageId::ALL.iter().all(|stage| workspace.binaries().path(stage.spec().binary).exists());
    let stages = if all_built { &StageId::ALL[..] } else { stages };
    let mini = (mini || all_built).then_some(MINI_BOORU);
    stages.iter().map(|stage| stage.spec().package).chain(mini).collect()
}
