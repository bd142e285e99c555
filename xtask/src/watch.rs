//! `cargo xtask watch`: a run's page in a browser, as the run goes.

use std::process::Stdio;

use anyhow::Context as _;
use contracts::{Outcome, StageId, tell};

use crate::{arguments::WatchOptions, launch, pipeline, project::Project, workspace::Workspace};

/// The program that serves the page; the crate of the report builds it.
pub(crate) const PROGRAM: &str = "watcher";

/// Serves the page until Ctrl-C; the program tells its address on stdout.
pub(crate) fn run(workspace: &Workspace, options: &WatchOptions) -> anyhow::Result<Outcome> {
    let project = Project::open(workspace, &options.run.config)?;
    if options.run.dry_run {
        tell!("would serve the page of the run on this machine alone");
        return Ok(Outcome::Done);
    }
    pipeline::prepare(workspace, &project, &[StageId::Report], options.run.yes)?;
    launch::stop_stages_on_signals()?;
    let mut command = project.command_in_the_background(&workspace.binaries().path(PROGRAM));
    command.args(&options.name).arg("--stop-with-stdin").stdin(Stdio::piped());
    launch::until_ended(&mut command).with_context(|| format!("cannot start {PROGRAM}"))
}
