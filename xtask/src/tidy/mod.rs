//! `cargo xtask tidy`: the rules of the workspace that no compiler checks.

mod downloads;
mod features;
mod graph;
mod sources;
mod texts;

use contracts::{Outcome, tell};

use crate::workspace::Workspace;

/// Prints what breaks a rule.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<Outcome> {
    let sources = sources::read(workspace)?;
    let mut problems = graph::problems(workspace);
    problems.extend(downloads::problems(workspace)?);
    problems.extend(features::problems(workspace)?);
    problems.extend(texts::without_a_heading(&sources));
    problems.extend(texts::that_join_paths(&sources));
    problems.extend(texts::that_compare_reasons(&sources));
    problems.extend(texts::that_print(&sources));
    problems.extend(texts::that_keep_the_checkout(&sources));
    problems.iter().for_each(|problem| tell!("tidy: {problem}"));
    Ok(if problems.is_empty() { Outcome::Done } else { Outcome::Failed })
}
