//! `cargo xtask status`: what is fresh and what would run again.

use contracts::{Outcome, StageId};

use crate::{
    arguments::StatusOptions,
    freshness::{self, Freshness},
    lock::Lock,
    project::Project,
    workspace::Workspace,
};

/// Prints a line a stage on stdout, with the reasons below it where they are asked for.
pub(crate) fn run(workspace: &Workspace, options: &StatusOptions) -> anyhow::Result<Outcome> {
    let project = Project::open(workspace, &options.config)?;
    let lock = Lock::read(&project.lock_file())?;
    let mut upstream_runs = false;
    for stage in StageId::ALL {
        let freshness = freshness::judge(workspace, &project, &lock, stage)?;
        println!("{:9} {}", stage.name(), word(&freshness, upstream_runs));
        if options.why {
            freshness.reasons().iter().for_each(|reason| println!("          {reason}"));
        }
        upstream_runs |= matches!(freshness, Freshness::Stale(_));
    }
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
