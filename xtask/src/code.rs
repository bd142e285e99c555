//! The hash of a stage's code: its crate's sources, those of the workspace crates it is built with, their part of
//! Cargo.lock and of the root manifest, the features. A comment in any other crate changes none of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use contracts::hash::{ContentHash, Hasher};
use serde::Deserialize;
use toml::Table;

use crate::workspace::Workspace;

/// Folders of a crate that do not enter its programs.
const NOT_CODE: [&str; 4] = ["tests", "benches", "examples", "target"];

/// The code of one program, in named parts, so that it can be said which of them changed.
pub(crate) fn parts(
    workspace: &Workspace,
    package: &str,
    features: &[&str],
) -> anyhow::Result<BTreeMap<String, String>> {
    let crates = workspace.closure(package);
    let mut parts = BTreeMap::new();
    for name in &crates {
        let hash = sources(&workspace.packages[name].folder)?;
        parts.insert(format!("crate {name}"), hash.to_string());
    }
    parts.insert("dependencies".into(), dependencies(workspace, &crates)?.to_string());
    parts.insert("features".into(), features.join(" "));
    Ok(parts)
}

/// The hash of a crate's files, by relative path.
fn sources(folder: &Path) -> anyhow::Result<ContentHash> {
    let mut files = Vec::new();
    collect(folder, folder, &mut files)?;
    files.sort();
    let mut hasher = Hasher::default();
    for (name, path) in files {
        hasher.field(name.as_bytes());
        hasher.field(&fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?);
    }
    Ok(hasher.finish())
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, PathBuf)>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        if path.is_dir() {
            if !NOT_CODE.contains(&name.as_str()) {
                collect(root, &path, files)?;
            }
        } else if !name.ends_with(".md") {
            files.push((name, path));
        }
    }
    Ok(())
}

/// The hash of what the crates take from outside: the packages that Cargo.lock gives them, how the root manifest asks
/// for those, and the profile that they are built with.
fn dependencies(workspace: &Workspace, crates: &BTreeSet<String>) -> anyhow::Result<ContentHash> {
    let read = |name| {
        let path = workspace.root.join(name);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let lock: CargoLock = toml::from_str(&read("Cargo.lock")?).context("cannot read Cargo.lock")?;
    let root: RootManifest = toml::from_str(&read("Cargo.toml")?).context("cannot read Cargo.toml")?;
    let direct: BTreeSet<&String> = crates.iter().flat_map(|name| &workspace.packages[name].dependencies).collect();
    let mut hasher = Hasher::default();
    for package in locked_packages(&lock, crates, &direct) {
        hasher.field(package.as_bytes());
    }
    for name in direct {
        if let Some(asked) = root.workspace.dependencies.get(name.as_str()) {
            hasher.field(format!("{name} = {asked}").as_bytes());
        }
    }
    hasher.field(root.profile.get("release").map(ToString::to_string).unwrap_or_default().as_bytes());
    Ok(hasher.finish())
}

/// The packages reached from the crates' own (not their tests') dependencies, as "name version checksum".
fn locked_packages(lock: &CargoLock, crates: &BTreeSet<String>, direct: &BTreeSet<&String>) -> BTreeSet<String> {
    let find = |wanted: &str| {
        let mut words = wanted.split(' ');
        let (name, version) = (words.next(), words.next());
        lock.package.iter().find(move |p| Some(p.name.as_str()) == name && version.is_none_or(|v| v == p.version))
    };
    let own = lock.package.iter().filter(|package| crates.contains(&package.name));
    let is_direct = |wanted: &&String| direct.iter().any(|name| wanted.split(' ').next() == Some(name.as_str()));
    let mut open: Vec<&String> = own.flat_map(|package| &package.dependencies).filter(is_direct).collect();
    let mut found = BTreeSet::new();
    while let Some(package) = open.pop().and_then(|wanted| find(wanted)) {
        let checksum = package.checksum.as_deref().unwrap_or_default();
        if found.insert(format!("{} {} {checksum}", package.name, package.version)) && !crates.contains(&package.name) {
            open.extend(&package.dependencies);
        }
    }
    found
}

#[derive(Deserialize)]
struct CargoLock {
    package: Vec<LockedPackage>,
}

#[derive(Deserialize)]
struct LockedPackage {
    name: String,
    version: String,
    checksum: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

#[derive(Deserialize)]
struct RootManifest {
    workspace: RootWorkspace,
    #[serde(default)]
    profile: Table,
}

#[derive(Deserialize)]
struct RootWorkspace {
    dependencies: Table,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, name: &str, text: &str) {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn a_comment_in_the_sources_counts_and_one_in_the_tests_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        write(root, "Cargo.toml", "[package]");
        write(root, "src/lib.rs", "fn a() {}");
        write(root, "tests/a.rs", "");
        let before = sources(root).unwrap();
        write(root, "tests/a.rs", "// more");
        write(root, "README.md", "more");
        assert_eq!(sources(root).unwrap(), before);
        write(root, "src/lib.rs", "fn a() {} // more");
        assert_ne!(sources(root).unwrap(), before);
    }

    #[test]
    fn a_stage_depends_on_its_own_crates_and_packages_alone() {
        let workspace = Workspace::here().unwrap();
        let parts = parts(&workspace, "face-cropper", &["opencv"]).unwrap();
        assert!(parts.contains_key("crate face-cropper") && parts.contains_key("crate contracts"));
        assert!(!parts.contains_key("crate crawler") && !parts.contains_key("crate xtask"));
        assert_eq!(parts["features"], "opencv");
    }

    #[test]
    fn only_reached_packages_are_taken_from_the_lock() {
        let lock = r#"
            [[package]]
            name = "cropper"
            version = "0.1.0"
            dependencies = ["image", "proptest"]
            [[package]]
            name = "image"
            version = "1.0.0"
            checksum = "i"
            dependencies = ["png 2.0.0"]
            [[package]]
            name = "png"
            version = "1.0.0"
            checksum = "p1"
            [[package]]
            name = "png"
            version = "2.0.0"
            checksum = "p2"
            [[package]]
            name = "proptest"
            version = "1.0.0"
        "#;
        let lock: CargoLock = toml::from_str(lock).unwrap();
        let image = "image".to_owned();
        let found = locked_packages(&lock, &["cropper".to_owned()].into(), &[&image].into());
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["image 1.0.0 i", "png 2.0.0 p2"]);
    }
}
