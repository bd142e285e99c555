//! Which crate may use which.

use std::collections::BTreeSet;

use crate::workspace::Workspace;

/// Which crates of the workspace each crate may be built with. What is not listed may use none.
const ALLOWED: [(&str, &[&str]); 18] = [
    ("cascade-trainer", &["contracts", "lbp-cascade", "pictures"]),
    ("stage", &["contracts"]),
    ("dataset", &["contracts"]),
    ("crawler", &["contracts", "pictures", "stage"]),
    ("face-cropper", &["contracts", "lbp-cascade", "pictures", "stage"]),
    ("dataset-packer", &["contracts", "dataset", "pictures", "stage"]),
    ("dataset-parquet", &["contracts", "dataset"]),
    ("gan", &["fast-conv"]),
    ("generator", &["contracts", "gan", "pictures"]),
    ("lab", &["contracts", "gan", "mini-booru", "pictures", "stage"]),
    ("metrics", &["tensor-files"]),
    ("mini-booru", &["pictures"]),
    ("trainer", &["contracts", "dataset", "gan", "generator", "metrics", "pictures", "stage"]),
    (
        "evaluator",
        &["contracts", "dataset", "gan", "generator", "lbp-cascade", "loopback", "metrics", "pictures", "stage"],
    ),
    (
        "sampler",
        &["contracts", "dataset", "gan", "generator", "loopback", "metrics", "pictures", "stage", "tensor-files"],
    ),
    ("curator", &["contracts", "dataset", "generator", "loopback", "pictures", "stage"]),
    ("xtask", &["contracts"]),
    ("end-to-end", &["contracts"]),
];

/// Heavy or far-reaching dependencies, and the only crates that may have them.
const RESERVED: [(&str, &[&str]); 12] = [
    ("tokio", &["crawler"]),
    ("reqwest", &["crawler"]),
    ("scraper", &["crawler"]),
    ("rusqlite", &["crawler"]),
    ("mpi", &["trainer"]),
    ("opencv", &["face-cropper"]),
    ("burn", &["gan", "generator", "lab", "trainer", "fast-conv"]),
    ("cudarc", &["generator"]),
    ("arrow-ipc", &["dataset", "dataset-parquet"]),
    ("parquet", &["dataset-parquet"]),
    ("memmap2", &["dataset"]),
    ("indicatif", &["stage"]),
];

/// Dependencies that point the wrong way, or are not a crate's to have.
pub(super) fn problems(workspace: &Workspace) -> Vec<String> {
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

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, path::PathBuf};

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
        let problems = super::problems(&workspace);
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
}
