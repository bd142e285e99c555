//! The Cargo workspace that the runner belongs to: its crates, who uses whom, where it builds.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;

/// The workspace, as `cargo metadata --no-deps` tells it (which needs no network).
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The folder of the root Cargo.toml.
    pub(crate) root: PathBuf,
    /// Cargo's target folder.
    pub(crate) target: PathBuf,
    /// The workspace's crates by name.
    pub(crate) packages: BTreeMap<String, Package>,
}

/// A crate of the workspace.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Package {
    /// Where its Cargo.toml lies.
    pub(crate) folder: PathBuf,
    /// What it is built with, by crate name: dependencies and build dependencies.
    pub(crate) dependencies: BTreeSet<String>,
    /// What only its tests use.
    pub(crate) dev_dependencies: BTreeSet<String>,
}

impl Workspace {
    /// The workspace that this program runs in: that of the crate that cargo runs, else the one around the current folder. Not
    /// the one that it was built in, which is another where two checkouts share a target folder.
    pub(crate) fn here() -> anyhow::Result<Self> {
        let run_by_cargo = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let here = env::current_dir().context("cannot tell the current folder")?;
        let above = here.ancestors().map(Path::to_path_buf);
        let manifest = run_by_cargo.into_iter().chain(above).map(|folder| folder.join("Cargo.toml"));
        for manifest in manifest.filter(|manifest| manifest.is_file()) {
            let workspace = Self::read(&manifest)?;
            if workspace.packages.contains_key(env!("CARGO_PKG_NAME")) {
                return Ok(workspace);
            }
        }
        bail!("{} is in no checkout of Nijigen: run the command in one", here.display())
    }

    /// Cargo is started in the current folder, where a relative CARGO_TARGET_DIR starts.
    pub(crate) fn read(manifest: &Path) -> anyhow::Result<Self> {
        Self::from_cargo(&mut metadata_of(manifest))
    }

    fn from_cargo(command: &mut Command) -> anyhow::Result<Self> {
        let output = command.output().context("cannot start cargo")?;
        ensure!(output.status.success(), "cargo metadata failed:\n{}", String::from_utf8_lossy(&output.stderr));
        let metadata = serde_json::from_slice(&output.stdout).context("cannot read what cargo metadata says")?;
        Ok(Self::from_metadata(metadata))
    }

    fn from_metadata(metadata: Metadata) -> Self {
        let packages = metadata.packages.into_iter().map(|package| (package.name.clone(), package.into())).collect();
        Self { root: metadata.workspace_root, target: metadata.target_directory, packages }
    }

    /// A crate and those of this workspace that it is built with, however indirectly.
    pub(crate) fn closure(&self, name: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut open = vec![name.to_owned()];
        while let Some(name) = open.pop() {
            let Some(package) = self.packages.get(&name) else { continue };
            if found.insert(name) {
                open.extend(package.dependencies.iter().cloned());
            }
        }
        found
    }

    /// The cargo that started the runner, working in this workspace and on the same target folder as that one.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = Command::new(cargo_path());
        command.current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target);
        command
    }

    /// Where the programs lie that users and tests share; `NIJIGEN_BIN_DIR` names another folder of ready-built ones.
    pub(crate) fn binaries(&self) -> Binaries {
        match env::var_os("NIJIGEN_BIN_DIR") {
            Some(folder) if !folder.is_empty() => Binaries::Ready(folder.into()),
            _ => Binaries::Built(self.target.join("release")),
        }
    }
}

/// Where the stages' programs come from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Binaries {
    /// Built by cargo into this folder when they are needed.
    Built(PathBuf),
    /// Taken from this folder as they are.
    Ready(PathBuf),
}

impl Binaries {
    /// The path of the program of this name.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        let (Self::Built(folder) | Self::Ready(folder)) = self;
        folder.join(format!("{name}{}", env::consts::EXE_SUFFIX))
    }
}

fn metadata_of(manifest: &Path) -> Command {
    let mut command = Command::new(cargo_path());
    command.args(["metadata", "--no-deps", "--format-version=1", "--manifest-path"]).arg(manifest);
    command
}

/// The cargo that started the runner.
fn cargo_path() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<MetadataPackage>,
    workspace_root: PathBuf,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct MetadataPackage {
    name: String,
    manifest_path: PathBuf,
    dependencies: Vec<MetadataDependency>,
}

#[derive(Deserialize)]
struct MetadataDependency {
    name: String,
    kind: Option<String>,
}

impl From<MetadataPackage> for Package {
    fn from(package: MetadataPackage) -> Self {
        let (dev, normal): (Vec<_>, Vec<_>) =
            package.dependencies.into_iter().partition(|dependency| dependency.kind.as_deref() == Some("dev"));
        let names = |list: Vec<MetadataDependency>| list.into_iter().map(|dependency| dependency.name).collect();
        let folder = package.manifest_path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        Self { folder, dependencies: names(normal), dev_dependencies: names(dev) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_target_folder_starts_where_the_command_was_given() {
        let root = Workspace::here().unwrap().root;
        let folder = tempfile::tempdir().unwrap();
        let mut command = metadata_of(&root.join("Cargo.toml"));
        command.current_dir(folder.path()).env("CARGO_TARGET_DIR", "out");
        let workspace = Workspace::from_cargo(&mut command).unwrap();
        assert_eq!(workspace.target, folder.path().canonicalize().unwrap().join("out"));
        // Whatever it is asked next, and wherever that happens.
        let next = workspace.cargo();
        let target = next.get_envs().find(|(name, _)| *name == "CARGO_TARGET_DIR").and_then(|(_, value)| value);
        assert_eq!(target, Some(workspace.target.as_os_str()));
    }

    #[test]
    fn a_stage_is_built_with_its_closure_and_nothing_else() {
        let workspace = Workspace::here().unwrap();
        let closure = workspace.closure("face-cropper");
        assert!(closure.contains("face-cropper") && closure.contains("stage") && closure.contains("contracts"));
        assert!(!closure.contains("crawler") && !closure.contains("gan") && !closure.contains("opencv"));
        assert!(workspace.closure("no-such-crate").is_empty());
    }
}
