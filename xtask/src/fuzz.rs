//! `cargo xtask fuzz`: the readers of foreign bytes, for longer than tests have.

use std::process::Stdio;

use anyhow::{Context as _, bail};
use contracts::{Outcome, tell};

use crate::{arguments::FuzzOptions, workspace::Workspace};

/// The crate that makes the inputs: whoever is tested with it has targets.
const FUZZ: &str = "fuzz";

/// What the crate takes the seconds from that each target has.
const SECONDS: &str = "NIJIGEN_FUZZ_SECONDS";

/// Runs the targets of all crates, or those whose names contain what is given; one that finds something stops no other.
pub(crate) fn run(workspace: &Workspace, options: &FuzzOptions) -> anyhow::Result<Outcome> {
    let seconds = (options.minutes * 60.0).ceil().max(1.0) as u64;
    let (mut outcome, mut targets) = (Outcome::Done, 0);
    for (name, package) in &workspace.packages {
        if !package.dev_dependencies.contains(FUZZ) {
            continue;
        }
        let kind = if package.folder.join("src").join("lib.rs").exists() { "--lib" } else { "--bins" };
        let test = || {
            let mut command = workspace.cargo();
            let filter = format!("fuzz_targets::{}", options.target.as_deref().unwrap_or_default());
            command.args(["test", "--quiet", "--release", "--package", name, kind, &filter, "--", "--include-ignored"]);
            command
        };
        tell!("{name}:");
        let listed = test().arg("--list").stderr(Stdio::inherit()).output().context("cannot start cargo")?;
        let found = String::from_utf8_lossy(&listed.stdout).lines().filter(|line| line.ends_with(": test")).count();
        targets += found;
        if found == 0 && listed.status.success() {
            continue;
        }
        let mut command = test();
        command.args(["--nocapture", "--test-threads", "1"]).env(SECONDS, seconds.to_string());
        if !command.status().context("cannot start cargo")?.success() {
            outcome = Outcome::Failed;
        }
    }
    if let (0, Outcome::Done, Some(target)) = (targets, outcome, &options.target) {
        bail!("no target's name contains `{target}`; `cargo xtask fuzz` without it runs all of them");
    }
    Ok(outcome)
}
