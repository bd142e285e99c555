//! `cargo xtask status`: what is fresh, what would run again, and how far jobs on a cluster are.

use contracts::{Outcome, StageId, stdout};

use crate::{
    arguments::StatusOptions,
    freshness::{self, Freshness},
    project::Project,
    slurm,
    workspace::Workspace,
};

/// Prints a line a stage on stdout, with the reasons below it where they are asked for.
pub(crate) fn run(workspace: &Workspace, options: &StatusOptions) -> anyhow::Result<Outcome> {
    let project = Project::open(workspace, &options.config)?;
    let lock = project.lock()?;
    let mut upstream_runs = false;
    for stage in StageId::ALL {
        let freshness = freshness::judge(workspace, &project, &lock, stage)?;
        stdout::line(format_args!("{:9} {}", stage.name(), word(&freshness, upstream_runs)))?;
        if options.why {
            let line = |reason| stdout::line(format_args!("          {reason}"));
            freshness.reasons().iter().try_for_each(line)?;
        }
        upstream_runs |= matches!(freshness, Freshness::Stale(_));
    }
    // The disk first: it says what is true, and the queue what is on its way.
    slurm::print_status(&project.layout)?;
    Ok(Outcome::Done)
}

fn word(freshness: &Freshness, upstream_runs: bool) -> &'static str {
    match freshness {
        Freshness::Stale(_) => "stale",
        Freshness::OldCode(_) => "kept, though made by older code (--retrain repeats it)",
        Freshness::Fresh if upstream_runs => "fresh, unless what runs before it changes its input",
        Freshness::Fresh => "fresh",
    }
}
