//! Whether the runner compiles anything that the stages then compile again.

use std::collections::BTreeSet;

use anyhow::{Context as _, ensure};
use contracts::StageId;

use crate::{build, workspace::Workspace};

/// What the runner, which is compiled by itself, has with other features than the stages have it.
///
/// # Errors
/// When cargo cannot tell.
pub(super) fn problems(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let runner = tree(workspace, &["xtask"])?;
    let stages: Vec<_> = StageId::ALL.iter().map(|stage| stage.spec().package).chain([build::MINI_BOORU]).collect();
    Ok(differing(&runner, &tree(workspace, &stages)?))
}

/// What some packages are compiled of: a line for each crate, its version and its features.
fn tree(workspace: &Workspace, packages: &[&str]) -> anyhow::Result<BTreeSet<String>> {
    let mut command = workspace.cargo();
    command.args(["tree", "--no-default-features", "--edges", "no-dev", "--prefix", "none", "--format", "{p} {f}"]);
    for package in packages {
        command.args(["--package", package]);
    }
    let output = command.output().context("cannot start cargo")?;
    ensure!(output.status.success(), "cargo tree failed:\n{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).context("cannot read what cargo tree says")?;
    // A crate that was shown before is marked by a star.
    Ok(text.lines().map(|line| line.trim_end_matches(" (*)").to_owned()).collect())
}

fn differing(runner: &BTreeSet<String>, stages: &BTreeSet<String>) -> Vec<String> {
    let own = |line: &&String| !line.starts_with("xtask ");
    let differing = runner.difference(stages).filter(own);
    differing
        .map(|line| format!("the stages compile this with other features: {line} (see xtask/Cargo.toml)"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_the_runner_has_is_named() {
        let check = |runner: &[&str], expected: usize| {
            let lines = |lines: &[&str]| lines.iter().map(ToString::to_string).collect();
            let found = differing(&lines(runner), &lines(&["serde v1.0.229 alloc,std", "toml v1.2.1 std"]));
            assert_eq!(found.len(), expected, "{found:?}");
        };
        check(&["xtask v0.1.0 (/somewhere)", "serde v1.0.229 alloc,std"], 0);
        check(&["serde v1.0.229 std", "toml v1.2.1 std"], 1);
    }
}
