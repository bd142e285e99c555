//! Checkpoints that nobody goes back to.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use contracts::{
    ContentHash,
    layout::{CheckpointFile, RunLayout},
};
use serde::Deserialize;

/// The part of a checkpoint's `state.json` that vouches for its other files.
#[derive(Deserialize)]
struct Envelope {
    state: State,
}

#[derive(Deserialize)]
struct State {
    files: BTreeMap<String, ContentHash>,
}

/// The checkpoints before the newest whole one. Where none is whole, none is superseded.
pub(super) fn superseded(run: &RunLayout) -> anyhow::Result<Vec<PathBuf>> {
    let folder = run.checkpoints();
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(&folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = entries.with_context(|| format!("cannot list {}", folder.display()))?;
    let images = |path: &Path| path.file_name()?.to_str()?.parse::<u64>().ok();
    let mut checkpoints: Vec<(u64, PathBuf)> =
        entries.iter().filter_map(|entry| Some((images(&entry.path())?, entry.path()))).collect();
    checkpoints.sort_unstable();
    let newest = checkpoints.iter().rposition(|(_, path)| is_whole(path)).unwrap_or(0);
    checkpoints.truncate(newest);
    Ok(checkpoints.into_iter().map(|(_, path)| path).collect())
}

/// Whether all files of a checkpoint are what its state says.
fn is_whole(checkpoint: &Path) -> bool {
    let json = fs::read(CheckpointFile::State.within(checkpoint)).ok();
    let envelope: Option<Envelope> = json.and_then(|json| serde_json::from_slice(&json).ok());
    let holds = |(name, hash): (&String, &ContentHash)| {
        ContentHash::of_file(&checkpoint.join(name)).is_ok_and(|found| found == *hash)
    };
    envelope.is_some_and(|envelope| !envelope.state.files.is_empty() && envelope.state.files.iter().all(holds))
}
