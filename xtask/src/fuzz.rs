//! `cargo xtask fuzz`: the readers of foreign bytes, for longer than tests have.

use anyhow::Context as _;
use contracts::{Outcome, tell};

use crate::{arguments::FuzzOptions, workspace::Workspace};

/// The crate that makes the inputs: whoever is tested with it has targets.
const FUZZ: &str = "fuzz";

/// What the crate takes the seconds from that each target has.
const SECONDS: &str = "NIJIGEN_FUZZ_SECONDS";

/// Runs the targets of all crates, or those whose names contain what is given; one that finds something stops no other.
pub(crate) fn run(workspace: &Workspace, options: &FuzzOptions) -> anyhow::Result<Outcome> {
    let seconds = (options.minutes * 60.0).ceil().max(1.0) as u64;
    let filter = format!("fuzz_targets::{}", options.target.as_deref().unwrap_or_default());
    let mut outcome = Outcome::Done;
    let fuzzed = workspace.packages.iter().filter(|(_, package)| package.dev_dependencies.contains(FUZZ));
    for (name, package) in fuzzed {
        let kind = if package.folder.join("src").join("lib.rs").exists() { "--lib" } else { "--bins" };
        let mut command = workspace.cargo();
        command.args(["test", "--quiet", "--release", "--package", name, kind, &filter]);
        command
            .args(["--", "--include-ignored", "--nocapture", "--test-threads", "1"])
            .env(SECONDS, seconds.to_string());
        tell!("{name}:");
        if !command.status().context("cannot start cargo")?.success() {
            outcome = Outcome::Failed;
        }
    }
    Ok(outcome)
}
