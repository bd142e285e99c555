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

/// The folders of CUDA's headers that kernels include, beside those that lie in none.
const HEADER_FOLDERS: [&str; 5] = ["crt", "cooperative_groups", "nv", "cccl/cuda", "cccl/nv"];

/// The headers in a pack: 20 MB of text, an eighth of that as an archive.
const HEADERS: &str = "headers.tar.gz";

/// What the training reads of the pack's own: everything else has its default.
const CONFIGURATION: &str = "[paths]\ndata = \"data\"\n\n[pack]\nresolution = RESOLUTION\n";

/// Makes the folder, whole or not at all.
pub(crate) fn pack(workspace: &Workspace, folder: &Path, options: &BenchOptions) -> anyhow::Result<Outcome> {
    ensure!(!folder.exists(), "{} is there already: name a folder that is not", folder.display());
    let bench = build::device_bench(workspace)?;
    publish::publish_folder(folder, |partial| -> anyhow::Result<()> {
        copy_program(&bench, &partial.join("bench"))?;
        for (source, name) in SCRIPTS {
            let text = publish::read_file(&benches(workspace)?.join(source))?;
            publish::write_file(&partial.join(name), &text)?;
        }
        make_executable(&partial.join("run"))?;
        archive_headers(&partial.join(HEADERS))?;
        add_dataset(workspace, options, partial)?;
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

/// Adds the dataset that was named, else the pipeline's, if it has one that is small enough.
fn add_dataset(workspace: &Workspace, options: &BenchOptions, pack: &Path) -> anyhow::Result<()> {
    let of_pipeline = || Ok::<_, anyhow::Error>(Project::open(workspace, &ConfigOptions::default())?.layout.dataset());
    let dataset = options.dataset.clone().map_or_else(of_pipeline, Ok)?;
    let room = MAX_BYTES.saturating_sub(size(pack)?);
    let problem = match size(&dataset) {
        Ok(bytes) if bytes <= room => return copy_dataset(&dataset, pack),
        Ok(bytes) => format!("{} has {} MiB, and {} are left", dataset.display(), bytes >> 20, room >> 20),
        Err(_) => format!("there is none at {}", dataset.display()),
    };
    ensure!(options.dataset.is_none(), "cannot pack the dataset: {problem}");
    tell!("no dataset is packed, so that nothing can be trained: {problem}; --dataset names another");
    Ok(())
}

fn copy_dataset(dataset: &Path, pack: &Path) -> anyhow::Result<()> {
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
fn archive_headers(archive: &Path) -> anyhow::Result<()> {
    let Some(toolkit) = std::env::var_os(TOOLKIT_VARIABLE) else {
        tell!("{TOOLKIT_VARIABLE} names no toolkit: the machine with the card needs CUDA's headers of its own");
        return Ok(());
    };
    let include = Path::new(&toolkit).join("include");
    let mut command = Command::new("tar");
    command.arg("-czf").arg(archive).arg("-C").arg(&include);
    command.args(HEADER_FOLDERS.iter().filter(|folder| include.join(folder).is_dir()));
    for entry in fs::read_dir(&include).with_context(|| format!("cannot read {}", include.display()))? {
        let entry = entry?;
        if entry.path().is_file() {
            command.arg(entry.file_name());
        }
    }
    let status = command.status().context("cannot start tar")?;
    ensure!(status.success(), "tar failed ({status})");
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
