//! Checkpoints: a folder each, whole if it is there, with everything that the next step depends on.

mod files;

use std::{
    fs,
    path::{Path, PathBuf},
};

use contracts::{
    ContentHash, StageId,
    layout::{CheckpointFile, RunLayout},
    publish::{self, FileError},
    verification::{Draw, Fault, Verification},
};
use files::CheckpointState;

use crate::{
    error::TrainError,
    identity::RunIdentity,
    measuring::BestSoFar,
    networks::Networks,
    plan::Plan,
    position::Position,
    state::{Origin, TrainingState},
};

/// How many checkpoints a run keeps: the newest, and two to fall back on should it be damaged.
const KEPT: usize = 3;

/// Writes the checkpoint of a state and removes those that are no longer kept.
///
/// # Errors
/// When the device or the disk fails; what was there is then untouched.
pub(crate) fn save(run: &RunLayout, plan: &Plan, state: &TrainingState) -> Result<(), TrainError> {
    files::write(&run.checkpoint(state.position.images), plan, state)?;
    for (_, path) in written(run)?.into_iter().rev().skip(KEPT) {
        publish::remove_folder(&path)?;
    }
    Ok(())
}

/// The newest checkpoint that is whole, loaded over `networks`; damaged ones are passed over with a warning each.
///
/// # Errors
/// When the folder cannot be listed, or a whole checkpoint was made by a run of another identity.
pub(crate) fn resume(
    run: &RunLayout,
    plan: &Plan,
    networks: impl Fn() -> Result<Networks, TrainError>,
    warnings: &mut Vec<String>,
) -> Result<Option<TrainingState>, TrainError> {
    let accept = |path: &Path, state: &CheckpointState| {
        let differences = state.identity.differences(&plan.identity);
        let path = path.to_path_buf();
        if differences.is_empty() { Ok(()) } else { Err(TrainError::ForeignCheckpoint { path, differences }) }
    };
    let found = newest_whole(run, networks, warnings, accept)?;
    Ok(found.map(|Checkpoint { state: CheckpointState { position, origin, .. }, networks, best }| TrainingState {
        networks,
        position,
        origin,
        best,
    }))
}

/// The beginning of a run at the weights of another run's newest whole checkpoint. The optimizers start anew: their
/// moments are of gradients under other settings.
///
/// # Errors
/// When that run has no whole checkpoint, or its networks have other shapes.
pub(crate) fn branch(
    other: &RunLayout,
    networks: impl Fn() -> Result<Networks, TrainError>,
) -> Result<TrainingState, TrainError> {
    let fresh = networks()?;
    let mut problems = Vec::new();
    let found = newest_whole(other, networks, &mut problems, |_, _| Ok(()))?;
    let run = other.root().to_path_buf();
    let Checkpoint { state, networks: loaded, .. } = found.ok_or(TrainError::Unbranchable { run, problems })?;
    let networks = Networks {
        generator_optimizer: fresh.generator_optimizer,
        discriminator_optimizer: fresh.discriminator_optimizer,
        ..loaded
    };
    let CheckpointState { run, position, origin, .. } = state;
    let origin = Origin { run, images: position.images, origin: origin.map(Box::new) };
    // Its best generator is that run's: this one has measured none.
    Ok(TrainingState { networks, position: Position::default(), origin: Some(origin), best: None })
}

/// A checkpoint that is whole.
struct Checkpoint {
    state: CheckpointState,
    networks: Networks,
    best: Option<BestSoFar>,
}

/// The newest checkpoint that is whole and fits `networks`, unless it is not accepted.
fn newest_whole(
    run: &RunLayout,
    networks: impl Fn() -> Result<Networks, TrainError>,
    passed_over: &mut Vec<String>,
    accept: impl Fn(&Path, &CheckpointState) -> Result<(), TrainError>,
) -> Result<Option<Checkpoint>, TrainError> {
    for (_, path) in written(run)?.into_iter().rev() {
        let problem = match CheckpointState::read(&path) {
            Err(problem) => problem,
            Ok(state) => {
                // Before the tensors are read: weights of other shapes would be taken for damage.
                accept(&path, &state)?;
                let networks = networks()?;
                match state.best(&path).and_then(|best| Ok((best, state.load(&path, networks)?))) {
                    Ok((best, networks)) => return Ok(Some(Checkpoint { state, networks, best })),
                    Err(problem) => problem,
                }
            }
        };
        passed_over.push(format!("passed over the checkpoint at {}: {problem}", path.display()));
    }
    Ok(None)
}

/// The identity in the newest readable checkpoint of a run; `None` where no checkpoint can be read.
///
/// # Errors
/// When the folder cannot be listed.
pub(crate) fn identity(run: &RunLayout) -> Result<Option<RunIdentity>, FileError> {
    let newest_first = written(run)?.into_iter().rev();
    Ok(newest_first.flat_map(|(_, path)| CheckpointState::read(&path)).map(|state| state.identity).next())
}

/// What is not as it was written in the newest checkpoint, or in all.
///
/// # Errors
/// When the folder cannot be listed.
pub(crate) fn verify(run: &RunLayout, draw: Draw, verification: &mut Verification) -> Result<(), FileError> {
    let newest_first = written(run)?.into_iter().rev();
    for (images, path) in newest_first.take(if draw == Draw::All { usize::MAX } else { 1 }) {
        let state_file = CheckpointFile::State.within(&path);
        match CheckpointState::read(&path) {
            Ok(state) => {
                for (file, hash) in state.files() {
                    let file = path.join(file);
                    if ContentHash::of_file(&file).ok() != Some(*hash) {
                        verification.damaged_in(&path, &file, Fault::Altered, StageId::Train);
                    }
                }
            }
            Err(_) => verification.damaged_in(&path, &state_file, Fault::Altered, StageId::Train),
        }
        verification.compared(format!("the checkpoint after {images} images"));
    }
    Ok(())
}

/// The newest checkpoint's folder, whole or not.
pub(crate) fn newest(run: &RunLayout) -> Option<PathBuf> {
    written(run).ok()?.pop().map(|(_, path)| path)
}

/// All checkpoints by the number of images, oldest first. Unfinished ones have names that are no numbers.
fn written(run: &RunLayout) -> Result<Vec<(u64, PathBuf)>, FileError> {
    let folder = run.checkpoints();
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(&folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = entries.map_err(FileError::at("list", &folder))?;
    let images = |path: &Path| path.file_name()?.to_str()?.parse::<u64>().ok();
    let mut found: Vec<(u64, PathBuf)> =
        entries.iter().map(fs::DirEntry::path).filter_map(|path| Some((images(&path)?, path))).collect();
    found.sort_unstable();
    Ok(found)
}
