//! `cargo xtask ci`: everything CI checks, cheapest first.

use std::time::Instant;

use contracts::{Outcome, tell};

use crate::{setup, tidy, tools, workspace::Workspace};

/// What CI calls a check, and what runs it.
type Check = (&'static str, fn(&Workspace) -> anyhow::Result<Outcome>);

const CHECKS: [Check; 5] = [
    ("tidy", tidy::run),
    ("format", |workspace| tools::run(workspace, &["fmt", "--all", "--check"])),
    ("licences and sources", deny),
    ("test", |workspace| tools::test(workspace, &[])),
    ("clippy", |workspace| {
        let all = ["clippy", "--release", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"];
        tools::run(workspace, &all)
    }),
];

/// Runs the checks in order and stops at the first that fails.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<Outcome> {
    setup::system(true)?;
    for (name, check) in CHECKS {
        let started = Instant::now();
        let outcome = check(workspace)?;
        tell!("ci: {name}: {outcome:?} after {:.0} s", started.elapsed().as_secs_f64());
        if outcome != Outcome::Done {
            return Ok(outcome);
        }
    }
    Ok(Outcome::Done)
}

fn deny(workspace: &Workspace) -> anyhow::Result<Outcome> {
    if !tools::has(workspace, "deny") {
        tell!("cargo-deny is not installed, so licences and sources go unchecked: cargo install --locked cargo-deny");
        return Ok(Outcome::Done);
    }
    tools::run(workspace, &["deny", "--workspace", "check", "bans", "licenses", "sources"])
}
