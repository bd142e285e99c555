//! Programs beside the stages, which are built when they are first asked for.

use anyhow::Context as _;
use contracts::Outcome;

use crate::{arguments::ConfigOptions, build, project::Project, workspace::Workspace};

/// Builds a program, which is called as its crate is, unless a ready-built one is used, and runs it in the current folder,
/// where relative paths start.
pub(crate) fn run(
    workspace: &Workspace,
    config: &ConfigOptions,
    program: &str,
    arguments: &[String],
) -> anyhow::Result<Outcome> {
    let project = Project::open(workspace, config)?;
    build::tool(workspace, program, program)?;
    let here = std::env::current_dir().context("cannot tell the current folder")?;
    let mut command = project.command(&workspace.binaries().path(program));
    let status = command.current_dir(here).args(arguments).status();
    let status = status.with_context(|| format!("cannot start {program}"))?;
    Ok(Outcome::of_code(status.code()))
}
