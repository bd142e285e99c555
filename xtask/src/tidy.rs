//! `cargo xtask tidy`: the rules of the workspace that no compiler checks.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use contracts::Outcome;

use crate::workspace::Workspace;

/// Which crates of the workspace each crate may be built with. What is not listed may use none.
const ALLOWED: [(&str, &[&str]); 12] = [
    ("cascade-trainer", &["contracts", "face-cropper"]),
    ("stage", &["contracts"]),
    ("dataset", &["contracts"]),
    ("crawler", &["contracts", "stage"]),
    ("face-cropper", &["contracts", "stage"]),
    ("dataset-packer", &["contracts", "dataset", "stage"]),
    ("gan", &["fast-conv"]),
    ("generator", &["contracts", "gan", "pictures"]),
    ("trainer", &["contracts", "dataset", "gan", "generator", "pictures", "stage"]),
    ("evaluator", &["contracts", "dataset", "gan", "generator", "pictures", "stage"]),
    ("xtask", &["contracts"]),
    ("end-to-end", &["contracts"]),
];

/// Heavy or far-reaching dependencies, and the only crates that may have them.
const RESERVED: [(&str, &[&str]); 9] = [
    ("tokio", &["crawler"]),
    ("reqwest", &["crawler"]),
    ("scraper", &["crawler"]),
    ("rusqlite", &["crawler"]),
    ("opencv", &["face-cropper"]),
    ("burn", &["gan", "generator", "trainer", "fast-conv"]),
    ("arrow-ipc", &["dataset"]),
    ("memmap2", &["dataset"]),
    ("indicatif", &["stage"]),
];

/// Prints what breaks a rule.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<Outcome> {
    let mut problems = dependency_problems(workspace);
    for package in workspace.packages.values() {
        for folder in ["src", "tests", "benches"] {
            problems.extend(module_problems(&package.folder.join(folder))?);
        }
    }
    problems.iter().for_each(|problem| eprintln!("tidy: {problem}"));
    Ok(if problems.is_empty() { Outcome::Done } else { Outcome::Failed })
}

fn dependency_problems(workspace: &Workspace) -> Vec<String> {
    let mut problems = Vec::new();
    let own: BTreeSet<&String> = workspace.packages.keys().collect();
    for (name, package) in &workspace.packages {
        let allowed = ALLOWED.iter().find(|(of, _)| of == name).map_or(&[][..], |(_, allowed)| allowed);
        for dependency in &package.dependencies {
            if own.contains(dependency) && !allowed.contains(&dependency.as_str()) {
                problems.push(format!("{name} must not depend on {dependency}"));
            }
            let reserved = RESERVED.iter().find(|(of, _)| of == dependency);
            if let Some((_, only)) = reserved.filter(|(_, only)| !only.contains(&name.as_str())) {
                problems.push(format!("{name} must not depend on {dependency}: only {} may", only.join(", ")));
            }
        }
    }
    problems
}

/// Modules that do not begin by saying what they are.
fn module_problems(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut problems = Vec::new();
    for path in rust_files(folder)? {
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        if !text.starts_with("//! ") {
            problems.push(format!("{} does not begin with a `//!` line", path.display()));
        }
    }
    Ok(problems)
}

fn rust_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if !folder.is_dir() {
        return Ok(files);
    }
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::workspace::Package;

    fn check(name: &str, dependency: &str, expected: Option<&str>) {
        let package = |dependencies: &[&str]| Package {
            folder: PathBuf::new(),
            dependencies: dependencies.iter().map(ToString::to_string).collect(),
            dev_dependencies: BTreeSet::new(),
        };
        let names = ["contracts", "stage", "crawler", "trainer", "xtask"];
        let mut packages: BTreeMap<_, _> = names.iter().map(|name| (name.to_string(), package(&[]))).collect();
        packages.insert(name.to_owned(), package(&[dependency]));
        let workspace = Workspace { root: PathBuf::new(), target: PathBuf::new(), packages };
        let problems = dependency_problems(&workspace);
        assert_eq!(problems.first().map(String::as_str), expected);
    }

    #[test]
    fn the_graph_has_one_direction() {
        check("stage", "contracts", None);
        check("contracts", "stage", Some("contracts must not depend on stage"));
        check("trainer", "crawler", Some("trainer must not depend on crawler"));
        check("xtask", "tokio", Some("xtask must not depend on tokio: only crawler may"));
        check("crawler", "serde", None);
    }

    #[test]
    fn a_module_says_what_it_is() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("good.rs"), "//! Good.\n").unwrap();
        assert!(module_problems(folder.path()).unwrap().is_empty());
        fs::write(folder.path().join("bad.rs"), "fn bad() {}\n").unwrap();
        assert_eq!(module_problems(folder.path()).unwrap().len(), 1);
    }
}
