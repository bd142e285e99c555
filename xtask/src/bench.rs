//! `cargo xtask bench`: what stages take here, by the number of posts too, and cards elsewhere.

use std::{path::PathBuf, str::FromStr};

use clap::Args;
use contracts::{Config, NoSuchStage, Outcome, StageId};

use crate::{bad_usage::BadUsage, build, device_check, tools, workspace::Workspace};

#[derive(Clone, Debug, Args)]
pub(crate) struct BenchOptions {
    /// crawl, crop, pack or train; scale, which is memory and time by the number of posts; or device, whose measuring of an NVIDIA
    /// card is made into a folder.
    #[arg(value_name = "STAGE")]
    pub(crate) target: BenchTarget,
    /// For device: the folder that is made, to be taken to a machine with a card, where it needs no Rust.
    #[arg(long, value_name = "DIR")]
    pub(crate) pack: Option<PathBuf>,
    /// For device: a dataset that is trained on there; the pipeline's unless given.
    #[arg(long, value_name = "FOLDER", requires = "pack")]
    pub(crate) dataset: Option<PathBuf>,
    /// Handed on to the benchmark.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<String>,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BenchTarget {
    /// A stage, here and now.
    Stage(StageId),
    /// What goes through all posts, where nothing is left to do.
    Scale,
    /// A GPU, elsewhere.
    Device,
}

impl FromStr for BenchTarget {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "device" => Ok(Self::Device),
            "scale" => Ok(Self::Scale),
            _ => name.parse().map(Self::Stage).map_err(|error: NoSuchStage| format!("{error}, and scale and device")),
        }
    }
}

/// Measures a stage here, or makes the folder that measures a card elsewhere.
pub(crate) fn run(workspace: &Workspace, options: &BenchOptions) -> anyhow::Result<Outcome> {
    match (options.target, &options.pack) {
        (BenchTarget::Device, Some(folder)) => device_check::pack(workspace, folder, options),
        (BenchTarget::Device, None) => {
            let message = "a card is measured elsewhere: name the folder that is made for it by --pack DIR";
            Err(BadUsage(message.into()).into())
        }
        (BenchTarget::Stage(stage), Some(_)) => {
            Err(BadUsage(format!("--pack is for `bench device`: {stage} is measured here")).into())
        }
        (BenchTarget::Scale, Some(_)) => Err(BadUsage("--pack is for `bench device`".into()).into()),
        (BenchTarget::Stage(stage), None) => of_stage(workspace, stage, &options.arguments),
        (BenchTarget::Scale, None) => scale(workspace, &options.arguments),
    }
}

/// The benchmark of a stage, in the profile that users run.
fn of_stage(workspace: &Workspace, stage: StageId, arguments: &[String]) -> anyhow::Result<Outcome> {
    if !has_benchmark(workspace, stage) {
        return Err(BadUsage(format!("there is no benchmark of {stage}; there are {}", benchmarks(workspace))).into());
    }
    let mut command = vec!["bench", "--package", stage.spec().package, "--bench", stage.name()];
    let named = arguments.windows(2).find(|pair| pair[0] == "--device").and_then(|pair| pair[1].parse().ok());
    if let Some(feature) = named.as_ref().and_then(build::accelerator) {
        command.extend(["--features", feature]);
    }
    command.push("--");
    command.extend(arguments.iter().map(String::as_str));
    tools::run(workspace, &command)
}

/// Memory and time by the number of posts, of the programs that users run.
fn scale(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<Outcome> {
    build::programs(workspace, &Config::default(), &[StageId::Crawl, StageId::Crop, StageId::Pack])?;
    let mut command = vec!["bench", "--package", StageId::Crawl.spec().package, "--bench", "scale", "--"];
    command.extend(arguments.iter().map(String::as_str));
    tools::run(workspace, &command)
}

/// The stages that can be measured, as they are listed in a sentence.
fn benchmarks(workspace: &Workspace) -> String {
    let stages = StageId::ALL.into_iter().filter(|stage| has_benchmark(workspace, *stage)).map(StageId::name);
    match stages.collect::<Vec<_>>().as_slice() {
        [others @ .., last] if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        few => few.concat(),
    }
}

fn has_benchmark(workspace: &Workspace, stage: StageId) -> bool {
    let package = workspace.packages.get(stage.spec().package);
    let is_there = |file: &str| package.is_some_and(|package| package.folder.join("benches").join(file).exists());
    is_there(&format!("{stage}.rs")) || is_there(&format!("{stage}/main.rs"))
}
