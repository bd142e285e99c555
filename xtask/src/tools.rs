//! Running cargo's own tools over the workspace.

use std::{
    env,
    process::{Command, Stdio},
};

use anyhow::Context as _;
use contracts::{Outcome, tell};

use crate::{build, opencv, setup, workspace::Workspace};

/// `cargo xtask test`: all tests, in the profile that users run.
pub(crate) fn test(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<Outcome> {
    setup::system(true)?;
    let runner: &[&str] = if has(workspace, "nextest") { &["nextest", "run"] } else { &["test"] };
    let mut command: Vec<&str> = runner.to_vec();
    command.extend(["--release", "--workspace", "--no-fail-fast"]);
    command.extend(arguments.iter().map(String::as_str));
    run(workspace, &command)
}

/// `cargo xtask test mpi`: trainings on several ranks, in a build of the trainer of its own.
pub(crate) fn test_mpi(workspace: &Workspace) -> anyhow::Result<Outcome> {
    setup::mpi(true)?;
    let runner: &[&str] = if has(workspace, "nextest") { &["nextest", "run"] } else { &["test"] };
    let features = format!("trainer/{}", build::MPI);
    let mut command: Vec<&str> = runner.to_vec();
    // Of the whole workspace, so that what all tests share is not compiled anew.
    command.extend(["--release", "--workspace", "--features", &features, "--test", "ranks"]);
    run(workspace, &command)
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
