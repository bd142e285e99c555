//! Programs of this checkout, although another one may build into the same target folder.
//!
//! Cargo names what it builds after a crate's place within its workspace, and judges by times of change: of two checkouts with
//! one target folder, the older sources look built where those of the other are.

use std::{collections::BTreeSet, env, fs, path::Path};

use anyhow::Context as _;
use contracts::{Outcome, tell};

use crate::workspace::Workspace;

/// Set while a runner runs that was built anew, so that it never asks for another.
const HANDED_OVER: &str = "NIJIGEN_RUNNER_IS_OWN";

/// Where this runner was built by another checkout, builds this one's, which then does the work; `None` where it is this one's.
///
/// # Errors
/// When cargo cannot be started.
pub(crate) fn hand_over(workspace: &Workspace) -> anyhow::Result<Option<Outcome>> {
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_own = workspace.packages.get(env!("CARGO_PKG_NAME")).is_some_and(|own| own.folder == built_in);
    if is_own || !is_run_by_cargo(workspace) || env::var_os(HANDED_OVER).is_some() {
        return Ok(None);
    }
    let packages = workspace.closure(env!("CARGO_PKG_NAME"));
    clean(workspace, packages.iter().map(String::as_str))?;
    let here = env::current_dir().context("cannot tell the current folder")?;
    let mut command = workspace.cargo();
    command.args(["run", "--quiet", "--release", "--package", env!("CARGO_PKG_NAME"), "--manifest-path"]);
    command.arg(workspace.root.join("Cargo.toml")).arg("--").args(env::args_os().skip(1));
    let status = command.current_dir(here).env(HANDED_OVER, "1").status().context("cannot start cargo")?;
    Ok(Some(Outcome::of_code(status.code())))
}

/// Whether `cargo xtask` runs this program. A program that was started by its path is the one that is meant.
fn is_run_by_cargo(workspace: &Workspace) -> bool {
    let folder = env::var_os("CARGO_MANIFEST_DIR");
    workspace.packages.get(env!("CARGO_PKG_NAME")).is_some_and(|own| folder.is_some_and(|folder| own.folder == folder))
}

/// Has cargo forget programs that another checkout has built, with the crates that they use.
///
/// # Errors
/// When cargo cannot be started.
pub(crate) fn forget_other_checkouts(workspace: &Workspace, programs: &[(&str, &str)]) -> anyhow::Result<()> {
    let others = programs.iter().filter(|(package, program)| is_of_another_checkout(workspace, package, program));
    let packages: BTreeSet<String> = others.flat_map(|(package, _)| workspace.closure(package)).collect();
    if packages.is_empty() {
        return Ok(());
    }
    tell!("another checkout has built into {}: building this one's programs anew", workspace.target.display());
    clean(workspace, packages.iter().map(String::as_str))
}

/// Whether the sources that cargo noted beside a program, as Make's rules, are not this checkout's.
fn is_of_another_checkout(workspace: &Workspace, package: &str, program: &str) -> bool {
    let rules = fs::read_to_string(workspace.binaries().path(program).with_extension("d"));
    let own = workspace.packages.get(package).map(|package| package.folder.to_string_lossy().replace(' ', "\\ "));
    rules.is_ok_and(|rules| own.is_some_and(|own| !rules.contains(&own)))
}

fn clean<'a>(workspace: &Workspace, packages: impl Iterator<Item = &'a str>) -> anyhow::Result<()> {
    let mut command = workspace.cargo();
    command.args(["clean", "--quiet", "--release"]);
    for package in packages {
        // With its folder, as the registry has crates of the same names.
        let folder = &workspace.packages[package].folder;
        command.arg("--package").arg(format!("path+file://{}", folder.display()));
    }
    let status = command.status().context("cannot start cargo")?;
    anyhow::ensure!(status.success(), "cargo clean failed ({status})");
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{
        fs::File,
        process::Command,
        time::{Duration, SystemTime},
    };

    use contracts::{Config, StageId, publish};

    use super::*;
    use crate::build;

    /// A checkout with one stage, whose program says `words`; its sources are older than anything that is built from them.
    fn checkout(folder: &Path, target: &Path, words: &str) -> Workspace {
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            publish::write_file(&path, text.as_bytes()).unwrap();
            let long_ago = SystemTime::now() - Duration::from_secs(3600);
            File::options().append(true).open(path).unwrap().set_modified(long_ago).unwrap();
        };
        write("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n");
        let package = "[package]\nname = \"crawler\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
        write("crates/crawler/Cargo.toml", package);
        write("crates/crawler/src/main.rs", &format!("fn main() {{ print!(\"{words}\") }}\n"));
        let workspace = Workspace::read(&folder.join("Cargo.toml")).unwrap();
        Workspace { target: target.to_path_buf(), ..workspace }
    }

    #[test]
    fn of_two_checkouts_with_one_target_folder_each_runs_its_own() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("target");
        let one = checkout(&root.path().join("one"), &target, "one");
        let two = checkout(&root.path().join("two"), &target, "two");
        let check = |workspace: &Workspace, expected: &str| {
            build::programs(workspace, &Config::default(), &[StageId::Crawl]).unwrap();
            let program = target.join(format!("release/crawler{}", env::consts::EXE_SUFFIX));
            assert_eq!(Command::new(program).output().unwrap().stdout, expected.as_bytes());
        };
        check(&one, "one");
        check(&two, "two");
        check(&two, "two");
        check(&one, "one");
    }
}
