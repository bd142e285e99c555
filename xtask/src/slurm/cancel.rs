//! `cargo xtask cancel`: the submitted jobs taken back.

use contracts::{Outcome, lock, tell};

use super::{client, submit};
use crate::{arguments::CancelOptions, project::Project, workspace::Workspace};

/// Takes back what is queued or at work. What was finished is kept: the same command that submitted them goes on from there.
pub(crate) fn run(workspace: &Workspace, options: &CancelOptions) -> anyhow::Result<Outcome> {
    let project = Project::open(workspace, &options.config)?;
    let _held = lock::wait_for(&project.layout.cluster_guard())?;
    let alive = submit::alive(&project.layout)?;
    if alive.is_empty() {
        tell!("no job of {} is queued or at work", project.layout.data().display());
        return Ok(Outcome::Done);
    }
    // From the last to the first: what waits must not begin when what it waits for ends.
    let ids: Vec<String> = alive.iter().rev().map(|job| job.id.clone()).collect();
    client::cancel(&ids)?;
    alive.iter().for_each(|job| tell!("{}: job {} is cancelled", job.name, job.id));
    Ok(Outcome::Done)
}
