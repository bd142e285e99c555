//! Building the programs that stages run in.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail};
use contracts::{
    Config, StageId,
    config::DeviceChoice,
    cuda::{Cuda, CudaMissing},
    spec::Feature,
    tell,
};

use crate::{
    opencv, own_build,
    workspace::{Binaries, Workspace},
};

/// The stand-in booru's program and crate.
pub(crate) const MINI_BOORU: &str = "mini-booru";

/// The program that alone reads and writes Parquet, and its crate.
const PARQUET: &str = "dataset-parquet";

/// What a ready-built benchmark of the trainer is called.
const DEVICE_BENCH: &str = "train-bench";

/// The cargo feature that a stage's crate is built with.
pub(crate) fn feature(stage: StageId, config: &Config) -> Option<&'static str> {
    match (stage.spec().feature)(config)? {
        Feature::OpenCv => Some("opencv"),
        Feature::Device(device) => accelerator(&device),
        Feature::Ranks => Some(MPI),
    }
}

/// Whether one of these stages is to be built with OpenCV.
pub(crate) fn needs_opencv(stages: &[StageId], config: &Config) -> bool {
    stages.iter().any(|stage| (stage.spec().feature)(config) == Some(Feature::OpenCv))
}

/// Whether one of these stages is to be built with MPI.
pub(crate) fn needs_mpi(stages: &[StageId], config: &Config) -> bool {
    stages.iter().any(|stage| (stage.spec().feature)(config) == Some(Feature::Ranks))
}

/// The trainer's feature for several ranks.
pub(crate) const MPI: &str = "mpi";

/// The trainer's feature for GPUs of all makers. Vulkan's own language reaches more of a card than WGSL does.
const GPU: &str = if cfg!(target_os = "macos") { "gpu" } else { "vulkan" };

/// Its feature for NVIDIA's own way.
const CUDA: &str = "cuda";

/// The feature of the trainer that a device takes.
pub(crate) fn accelerator(device: &DeviceChoice) -> Option<&'static str> {
    match device {
        DeviceChoice::Cpu => None,
        DeviceChoice::Gpu(_) => Some(GPU),
        DeviceChoice::Cuda(_) => Some(CUDA),
        DeviceChoice::Auto => match Way::of_this_machine() {
            Way::Cpu => None,
            Way::Cuda => Some(CUDA),
            Way::Gpu(_) => Some(GPU),
        },
    }
}

/// The way to this machine's card, as far as files tell before anything is built. The trainer itself looks closer.
#[derive(Debug, PartialEq, Eq)]
enum Way {
    /// There seems to be none.
    Cpu,
    /// NVIDIA's own.
    Cuda,
    /// Vulkan, Metal or DirectX 12, and what CUDA lacks, where it is to be thought of.
    Gpu(Option<CudaMissing>),
}

impl Way {
    fn of_this_machine() -> Self {
        if !cfg!(target_os = "linux") {
            return Self::Gpu(None);
        }
        let any = |devices: &[&str]| devices.iter().any(|device| Path::new(device).exists());
        let (nvidia, other) = (any(&["/dev/nvidiactl", "/dev/dxg"]), any(&["/dev/dri/renderD128"]));
        Self::new(nvidia, other, Cuda::find)
    }

    /// The way where there seems to be an NVIDIA card, and where one of any maker. CUDA is looked for only where it is
    /// of use.
    fn new(nvidia: bool, other: bool, cuda: impl FnOnce() -> Result<Cuda, CudaMissing>) -> Self {
        match (nvidia, other) {
            (true, _) => cuda().map_or_else(|missing| Self::Gpu(Some(missing)), |_| Self::Cuda),
            (false, true) => Self::Gpu(None),
            (false, false) => Self::Cpu,
        }
    }
}

/// Says why a card of NVIDIA's is used through Vulkan, where the configuration leaves it to the runner.
fn tell_why_not_cuda(stages: &[StageId], config: &Config) {
    let is_automatic = |stage: &StageId| (stage.spec().feature)(config) == Some(Feature::Device(DeviceChoice::Auto));
    if let (true, Way::Gpu(Some(missing))) = (stages.iter().any(is_automatic), Way::of_this_machine()) {
        tell!("building for Vulkan, which is slower than CUDA: {missing}");
    }
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
    tell_why_not_cuda(stages, config);
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

/// The trainer's benchmark with all ways to a card, which is also what is tested of GPUs, so that nothing is compiled
/// twice: the program's path. A ready-built one is used where there are such.
pub(crate) fn device_bench(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    if let Binaries::Ready(folder) = workspace.binaries() {
        let path = workspace.binaries().path(DEVICE_BENCH);
        anyhow::ensure!(path.exists(), "NIJIGEN_BIN_DIR names {}, which has no {DEVICE_BENCH}", folder.display());
        return Ok(path);
    }
    tell!("building for CUDA and Vulkan (the first time takes half an hour of processor time)");
    let mut command = workspace.cargo();
    command.args(["build", "--release", "--no-default-features", "--package", "fast-conv", "--package", "trainer"]);
    command.args(["--features", &format!("trainer/{CUDA},trainer/{GPU}"), "--bench", "train"]);
    built(command.args(["--message-format", "json-render-diagnostics"]), "train")
}

/// The driver of a card that is not there.
pub(crate) fn driver_stub(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let mut command = workspace.cargo();
    command.args(["build", "--release", "--package", "cuda-stub", "--message-format", "json-render-diagnostics"]);
    built(&mut command, "cuda_stub")
}

/// Has cargo build, and tell what became of a target: its program, or else its first file.
fn built(command: &mut Command, target: &str) -> anyhow::Result<PathBuf> {
    let output = command.stderr(Stdio::inherit()).output().context("cannot start cargo")?;
    anyhow::ensure!(output.status.success(), "the build failed");
    let lines = output.stdout.split(|byte| *byte == b'\n');
    let path = lines.filter_map(|line| artifact(line, target)).next_back();
    path.with_context(|| format!("cargo does not say where {target} lies"))
}

/// The file that a line of cargo's says was built for a target.
fn artifact(line: &[u8], target: &str) -> Option<PathBuf> {
    let line: serde_json::Value = serde_json::from_slice(line).ok()?;
    if line["target"]["name"] != target {
        return None;
    }
    line["executable"].as_str().or_else(|| line["filenames"][0].as_str()).map(PathBuf::from)
}

/// What to build: what the stages need. Once everything was built, everything again: cargo settles the features of shared
/// dependencies by what is built together, and another selection would compile them anew.
fn packages(workspace: &Workspace, stages: &[StageId], mini: bool) -> BTreeSet<&'static str> {
    let all_built = StageId::ALL.iter().all(|stage| workspace.binaries().path(stage.spec().binary).exists());
    let stages = if all_built { &StageId::ALL[..] } else { stages };
    let mini = (mini || all_built).then_some(MINI_BOORU);
    stages.iter().map(|stage| stage.spec().package).chain(mini).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuda_is_taken_where_all_of_it_is_there() {
        let missing = || CudaMissing::OldDriver(550);
        let found = || Cuda { driver: PathBuf::new(), nvrtc: PathBuf::new(), toolkit: PathBuf::new() };
        let check = |[nvidia, other]: [bool; 2], cuda: Result<Cuda, CudaMissing>, expected: Way| {
            assert_eq!(Way::new(nvidia, other, || cuda), expected, "NVIDIA's: {nvidia}, another: {other}");
        };
        check([true, true], Ok(found()), Way::Cuda);
        check([true, false], Ok(found()), Way::Cuda);
        check([true, true], Err(missing()), Way::Gpu(Some(missing())));
        check([false, true], Ok(found()), Way::Gpu(None));
        check([false, false], Ok(found()), Way::Cpu);
    }

    #[test]
    fn cargo_says_where_it_put_things() {
        let check = |line: &str, expected: Option<&str>| {
            assert_eq!(artifact(line.as_bytes(), "train"), expected.map(PathBuf::from), "{line}");
        };
        let line = |rest: &str| format!(r#"{{"reason":"compiler-artifact","target":{{"name":"train"}},{rest}}}"#);
        check(&line(r#""executable":"/t/train-1","filenames":["/t/train-1"]"#), Some("/t/train-1"));
        check(&line(r#""executable":null,"filenames":["/t/libtrain.so"]"#), Some("/t/libtrain.so"));
        check(&line(r#""executable":null,"filenames":[]"#).replace("train\"", "gan\""), None);
        check(r#"{"reason":"build-finished","success":true}"#, None);
        check("not JSON", None);
    }

    #[test]
    fn a_device_that_is_named_decides_by_itself() {
        let check = |device: &str, expected: Option<&str>| assert_eq!(accelerator(&device.parse().unwrap()), expected);
        check("cpu", None);
        check("gpu:1", Some(GPU));
        check("cuda", Some(CUDA));
    }
}
