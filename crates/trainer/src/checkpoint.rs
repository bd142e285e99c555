//! Checkpoints: a folder each, whole if it is there, with everything that the next step depends on.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use burn::{
    module::Module,
    store::{ModuleRecord, RecordError},
    tensor::Bytes,
};
use contracts::{
    ContentHash,
    layout::RunLayout,
    publish::{self, FileError},
};
use gan::Ema;
use serde::{Deserialize, Serialize};

use crate::{error::TrainError, networks::Networks, plan::Plan, step::Position};

const FORMAT: &str = "nijigen-checkpoint";

/// The format's version; others are passed over. History: 1, the first.
const VERSION: u32 = 1;

/// How many checkpoints a run keeps: the newest, and those to fall back on should it be damaged.
const KEPT: usize = 3;

/// The file that says what the others are; nothing is read but through it.
const STATE: &str = "state.json";
const GENERATOR: &str = "generator.bpk";
const DISCRIMINATOR: &str = "discriminator.bpk";
const GENERATOR_OPTIMIZER: &str = "generator-optimizer.bpk";
const DISCRIMINATOR_OPTIMIZER: &str = "discriminator-optimizer.bpk";
const AVERAGE: &str = "average.bpk";

/// `state.json`: the state and what vouches for it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    state: State,
    /// SHA-256 of the state as compact JSON.
    sha256: ContentHash,
}

/// What a checkpoint is.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    format: String,
    version: u32,
    /// What the run computes; see [`Plan::identity`].
    identity: ContentHash,
    position: Position,
    /// SHA-256 of each other file.
    files: BTreeMap<String, ContentHash>,
}

/// What stands between a checkpoint and its use.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{STATE} is not one: {0}")]
    State(#[from] serde_json::Error),
    #[error("it is {format} version {version}, not {FORMAT} version {VERSION}")]
    Version { format: String, version: u32 },
    #[error("{0} is not what was written")]
    Changed(&'static str),
    #[error("{0}")]
    Record(#[from] RecordError),
}

/// Where a run goes on from.
pub(crate) struct Resumed {
    /// The state after that position's step.
    pub(crate) networks: Networks,
    /// How far it was.
    pub(crate) position: Position,
}

/// Writes the checkpoint of a position and removes those that are no longer kept.
///
/// # Errors
/// When the device or the disk fails; what was there is then untouched.
pub(crate) fn save(run: &RunLayout, plan: &Plan, networks: &Networks, position: Position) -> Result<(), TrainError> {
    let records = records(networks)
        .map_err(|error| TrainError::Readback { what: "the checkpoint's tensors", reason: error.to_string() })?;
    publish::publish_folder::<TrainError>(&run.checkpoint(position.images), |folder| {
        for (name, record) in &records {
            publish::write_file(&folder.join(name), record)?;
        }
        let files = records.iter().map(|(name, record)| ((*name).to_owned(), ContentHash::of(record))).collect();
        let state = State { format: FORMAT.into(), version: VERSION, identity: plan.identity, position, files };
        let path = folder.join(STATE);
        let json = state.seal().map_err(|error| FileError::at("write", &path)(error.into()))?;
        Ok(publish::write_file(&path, &json)?)
    })?;
    for (_, path) in written(run)?.into_iter().rev().skip(KEPT) {
        publish::remove_folder(&path)?;
    }
    Ok(())
}

/// The newest checkpoint that is whole, loaded over `networks`; damaged ones are passed over with a warning each.
///
/// # Errors
/// When the folder cannot be listed, or a whole checkpoint was made by another function.
pub(crate) fn resume(
    run: &RunLayout,
    plan: &Plan,
    networks: impl Fn() -> Result<Networks, TrainError>,
    warnings: &mut Vec<String>,
) -> Result<Option<Resumed>, TrainError> {
    for (_, path) in written(run)?.into_iter().rev() {
        match load(&path, plan, networks()?) {
            Ok(Some(resumed)) => return Ok(Some(resumed)),
            Ok(None) => return Err(TrainError::ForeignCheckpoint(path)),
            Err(problem) => warnings.push(format!("passed over the checkpoint at {}: {problem}", path.display())),
        }
    }
    Ok(None)
}

/// The newest checkpoint's folder, whole or not.
pub(crate) fn newest(run: &RunLayout) -> Option<PathBuf> {
    written(run).ok()?.pop().map(|(_, path)| path)
}

/// The checkpoint in a folder; `None` where it belongs to another function.
fn load(folder: &Path, plan: &Plan, networks: Networks) -> Result<Option<Resumed>, Unusable> {
    let state = State::open(&publish::read_file(&folder.join(STATE))?)?;
    if state.identity != plan.identity {
        return Ok(None);
    }
    let read = |name: &'static str| -> Result<Bytes, Unusable> {
        let content = publish::read_file(&folder.join(name))?;
        match state.files.get(name) {
            Some(hash) if *hash == ContentHash::of(&content) => Ok(Bytes::from_bytes_vec(content)),
            _ => Err(Unusable::Changed(name)),
        }
    };
    let average = networks.generator.clone().valid().try_load_record(ModuleRecord::from_bytes(read(AVERAGE)?)?)?;
    let networks = Networks {
        generator: networks.generator.try_load_record(ModuleRecord::from_bytes(read(GENERATOR)?)?)?,
        discriminator: networks.discriminator.try_load_record(ModuleRecord::from_bytes(read(DISCRIMINATOR)?)?)?,
        generator_optimizer: networks.generator_optimizer.from_bytes(read(GENERATOR_OPTIMIZER)?)?,
        discriminator_optimizer: networks.discriminator_optimizer.from_bytes(read(DISCRIMINATOR_OPTIMIZER)?)?,
        average: Ema::new(plan.recipe.ema, &average),
    };
    Ok(Some(Resumed { networks, position: state.position }))
}

impl State {
    fn seal(self) -> serde_json::Result<Vec<u8>> {
        let sha256 = ContentHash::of(&serde_json::to_vec(&self)?);
        serde_json::to_vec_pretty(&Sealed { state: self, sha256 })
    }

    fn open(json: &[u8]) -> Result<Self, Unusable> {
        let Sealed { state, sha256 } = serde_json::from_slice(json)?;
        if (state.format.as_str(), state.version) != (FORMAT, VERSION) {
            return Err(Unusable::Version { format: state.format, version: state.version });
        }
        if ContentHash::of(&serde_json::to_vec(&state)?) != sha256 {
            return Err(Unusable::Changed(STATE));
        }
        Ok(state)
    }
}

/// `valid` settles BatchNorm's running statistics, of which a plain visit sees the ones before last.
fn records(networks: &Networks) -> Result<[(&'static str, Bytes); 5], RecordError> {
    Ok([
        (GENERATOR, networks.generator.valid().into_record().into_bytes()?),
        (DISCRIMINATOR, networks.discriminator.valid().into_record().into_bytes()?),
        (GENERATOR_OPTIMIZER, networks.generator_optimizer.into_bytes()?),
        (DISCRIMINATOR_OPTIMIZER, networks.discriminator_optimizer.into_bytes()?),
        (AVERAGE, networks.average.generator().into_record().into_bytes()?),
    ])
}

/// All checkpoints by the number of images, oldest first. Unfinished ones have other names.
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
