//! Running cargo's own tools over the workspace.

use std::{
    env,
    process::{Command, Stdio},
};

use anyhow::Context as _;
use contracts::{Outcome, StageId, tell};

use crate::{bad_usage::BadUsage, build, opencv, setup, workspace::Workspace};

/// `cargo xtask test`: all tests, in the profile that users run.
pub(crate) fn test(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<Outcome> {
    setup::system(true)?;
    let runner: &[&str] = if has(workspace, "nextest") { &["nextest", "run"] } else { &["test"] };
    let mut command: Vec<&str> = runner.to_vec();
    command.extend(["--release", "--workspace", "--no-fail-fast"]);
    command.extend(arguments.iter().map(String::as_str));
    run(workspace, &command)
}

/// `cargo xtask bench`: the benchmark of a stage, in the profile that users run.
pub(crate) fn bench(workspace: &Workspace, stage: StageId, arguments: &[String]) -> anyhow::Result<Outcome> {
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
    run(workspace, &command)
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

/// `cargo xtask cascade`: the cascade trainer, which needs no OpenCV. Relative paths start at the current folder.
pub(crate) fn cascade(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<Outcome> {
    run_program(workspace, "cascade-trainer", "cascade-trainer", arguments)
}

/// `cargo xtask measure`: the evaluator's program that compares two sets, built when it is first asked for. Relative paths
/// start at the current folder.
pub(crate) fn measure(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<Outcome> {
    run_program(workspace, "evaluator", "measure", arguments)
}

/// Builds and runs a program of the workspace in the current folder.
fn run_program(workspace: &Workspace, package: &str, name: &str, arguments: &[String]) -> anyhow::Result<Outcome> {
    build::tool(workspace, package, name)?;
    let status = Command::new(workspace.binaries().path(name)).args(arguments).status();
    let status = status.with_context(|| format!("cannot start {name}"))?;
    Ok(Outcome::of_code(status.code()))
}

/// Runs cargo in the workspace with the environment that face-cropper's build needs.
pub(crate) fn run(workspace: &Workspace, arguments: &[&str]) -> anyhow::Result<Outcome> {
    tell!("$ cargo {}", arguments.join(" "));
    let mut command = workspace.cargo();
    command.args(arguments).envs(opencv::environment());
    let status = command.status().context("cannot start cargo")?;
    Ok(if status.success() { Outcome::Done } else { Outcome::Failed })
}

/// Whether cargo has a subcommand.
pub(crate) fn has(workspace: &Workspace, subcommand: &str) -> bool {
    let mut command = workspace.cargo();
    command.args([subcommand, "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Whether a program is among those that are called by name.
pub(crate) fn on_path(tool: &str) -> bool {
    let paths = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&paths).any(|folder| folder.join(tool).is_file())
}
