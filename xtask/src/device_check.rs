//! `cargo xtask bench device`: the device check as a folder, for whoever has a card for ten minutes and no Rust.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};
use contracts::{Layout, Outcome, config::PathsConfig, cuda::TOOLKIT_VARIABLE, publish, tell};

use crate::{arguments::ConfigOptions, bench::BenchOptions, build, project::Project, tools, workspace::Workspace};

/// Bytes that a pack has at most: what is sent to a machine by hand.
const MAX_BYTES: u64 = 60 << 20;

/// What a pack has of the trainer's benchmarks, and what it is called there.
const SCRIPTS: [(&str, &str); 3] =
    [("device/run.py", "run"), ("device/layers.py", "layers.py"), ("train/peer.py", "peer.py")];

/// The folders of CUDA's headers that kernels include, and the headers beside them.
const HEADERS: [&str; 5] = ["crt", "cooperative_groups", "nv", "cccl/cuda", "cccl/nv"];

/// What the training reads of the pack's own: everything else has its default.
const CONFIGURATION: &str = "[paths]\ndata = \"data\"\n\n[pack]\nresolution = RESOLUTION\n";

/// Makes the folder, whole or not at all.
pub(crate) fn pack(workspace: &Workspace, folder: &Path, options: &BenchOptions) -> anyhow::Result<Outcome> {
    ensure!(!folder.exists(), "{} is there already: name a folder that is not", folder.display());
    let bench = build::device_bench(workspace)?;
    let dataset = dataset(workspace, options)?;
    publish::publish_folder(folder, |partial| -> anyhow::Result<()> {
        copy_program(&bench, &partial.join("bench"))?;
        for (source, name) in SCRIPTS {
            let text = publish::read_file(&benches(workspace)?.join(source))?;
            publish::write_file(&partial.join(name), &text)?;
        }
        make_executable(&partial.join("run"))?;
        copy_dataset(dataset.as_deref(), partial)?;
        copy_headers(partial)?;
        let bytes = size(partial)?;
        ensure!(bytes <= MAX_BYTES, "the pack would have {} MiB; {} is the limit", bytes >> 20, MAX_BYTES >> 20);
        tell!("{}: {:.1} MiB", folder.display(), bytes as f64 / f64::from(1 << 20));
        Ok(())
    })?;
    tell!("on a machine with an NVIDIA card: {}/run --out FOLDER", folder.display());
    Ok(Outcome::Done)
}

fn benches(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let trainer = workspace.packages.get("trainer").context("the workspace has no trainer")?;
    Ok(trainer.folder.join("benches"))
}

/// Without its symbols, which are a third of it, where the system has `strip`.
fn copy_program(from: &Path, to: &Path) -> anyhow::Result<()> {
    if !tools::on_path("strip") {
        tell!("warning: there is no `strip`, so that the program keeps its symbols");
        return copy(from, to);
    }
    let status = Command::new("strip").arg("-o").arg(to).arg(from).status().context("cannot start strip")?;
    ensure!(status.success(), "strip failed ({status})");
    Ok(())
}

/// The dataset that was named, else the pipeline's, if it has one.
fn dataset(workspace: &Workspace, options: &BenchOptions) -> anyhow::Result<Option<PathBuf>> {
    if let Some(dataset) = &options.dataset {
        ensure!(dataset.is_dir(), "there is no dataset at {}", dataset.display());
        return Ok(Some(dataset.clone()));
    }
    let project = Project::open(workspace, &ConfigOptions::default())?;
    Ok(Some(project.layout.dataset()).filter(|dataset| dataset.is_dir()))
}

fn copy_dataset(dataset: Option<&Path>, pack: &Path) -> anyhow::Result<()> {
    let Some(dataset) = dataset else {
        tell!("no dataset is packed: without one the check measures, and trains nothing; --dataset names one");
        return Ok(());
    };
    let resolution = resolution(dataset)?;
    copy_folder(dataset, &Layout::new(pack, &PathsConfig::default()).dataset())?;
    let configuration = CONFIGURATION.replace("RESOLUTION", &resolution.to_string());
    Ok(publish::write_file(&pack.join("pipeline.toml"), configuration.as_bytes())?)
}

/// The side of a dataset's images.
fn resolution(dataset: &Path) -> anyhow::Result<u64> {
    let index = Layout::index_of(dataset);
    let index: serde_json::Value = serde_json::from_slice(&publish::read_file(&index)?)
        .with_context(|| format!("{} is no dataset's index", index.display()))?;
    index["side"].as_u64().with_context(|| format!("the index of {} names no side", dataset.display()))
}

/// The headers of the toolkit that the environment names: PyTorch brings NVRTC, and not all of these.
fn copy_headers(pack: &Path) -> anyhow::Result<()> {
    let Some(toolkit) = std::env::var_os(TOOLKIT_VARIABLE) else {
        tell!("{TOOLKIT_VARIABLE} names no toolkit: the machine with the card needs CUDA's headers of its own");
        return Ok(());
    };
    let include = Path::new(&toolkit).join("include");
    let to = pack.join("headers");
    for folder in HEADERS.iter().filter(|folder| include.join(folder).is_dir()) {
        copy_folder(&include.join(folder), &to.join(folder))?;
    }
    publish::create_folder(&to)?;
    for entry in fs::read_dir(&include).with_context(|| format!("cannot read {}", include.display()))? {
        let path = entry?.path();
        if let (true, Some(name)) = (path.is_file(), path.file_name()) {
            copy(&path, &to.join(name))?;
        }
    }
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    publish::create_folder(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() { copy_folder(&path, &target)? } else { copy(&path, &target)? }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::copy(from, to).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    Ok(())
}

fn size(folder: &Path) -> io::Result<u64> {
    let entries = fs::read_dir(folder)?;
    entries
        .map(|entry| entry.and_then(|e| if e.path().is_dir() { size(&e.path()) } else { Ok(e.metadata()?.len()) }))
        .sum()
}

#[cfg(unix)]
fn make_executable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_executable(_path: &Path) -> io::Result<()> {
    Ok(())
}
