//! Checkpoints: a folder each, whole if it is there, with everything that the next step depends on.

use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
};

use burn::{
    module::Module,
    store::{ModuleRecord, RecordError},
    tensor::Bytes,
};
use contracts::{
    ContentHash,
    id::RunId,
    layout::RunLayout,
    publish::{self, FileError},
};
use gan::Ema;
use serde::{Deserialize, Serialize};

use crate::{
    error::TrainError,
    networks::Networks,
    plan::{Function, Plan},
    start::Start,
    step::Position,
};

const FORMAT: &str = "nijigen-checkpoint";

/// The format's version; others are passed over. History: 1, the first; 2, the function setting by setting, the attempt
/// and the origin.
const VERSION: u32 = 2;

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
    run: RunId,
    function: Function,
    position: Position,
    origin: Option<Origin>,
    /// SHA-256 of each other file.
    files: BTreeMap<String, ContentHash>,
}

/// Another run, at whose weights a run began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Origin {
    /// That run.
    pub(crate) run: RunId,
    /// Real images that it had shown.
    pub(crate) images: u64,
    /// What it began at itself, if that was not nothing.
    pub(crate) origin: Option<Box<Origin>>,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} after {} images", self.run, self.images)
    }
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

/// Writes the checkpoint of a position and removes those that are no longer kept.
///
/// # Errors
/// When the device or the disk fails; what was there is then untouched.
pub(crate) fn save(run: &RunLayout, plan: &Plan, start: &Start) -> Result<(), TrainError> {
    let Start { networks, position, origin } = start;
    let records = records(networks)
        .map_err(|error| TrainError::Readback { what: "the checkpoint's tensors", reason: error.to_string() })?;
    publish::publish_folder::<TrainError>(&run.checkpoint(position.images), |folder| {
        for (name, record) in &records {
            publish::write_file(&folder.join(name), record)?;
        }
        let files = records.iter().map(|(name, record)| ((*name).to_owned(), ContentHash::of(record))).collect();
        let (run, function, origin) = (plan.run.clone(), plan.function.clone(), origin.clone());
        let state =
            State { format: FORMAT.into(), version: VERSION, run, function, position: *position, origin, files };
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
) -> Result<Option<Start>, TrainError> {
    let accept = |path: &Path, state: &State| {
        let differences = state.function.differences(&plan.function);
        let path = path.to_path_buf();
        if differences.is_empty() { Ok(()) } else { Err(TrainError::ForeignCheckpoint { path, differences }) }
    };
    let found = newest_whole(run, networks, warnings, accept)?;
    Ok(found.map(|(State { position, origin, .. }, networks)| Start { networks, position, origin }))
}

/// The beginning of a run at the weights of another run's newest whole checkpoint. The optimisers start anew.
///
/// # Errors
/// When that run has no whole checkpoint, or its networks have other shapes.
pub(crate) fn branch(
    other: &RunLayout,
    networks: impl Fn() -> Result<Networks, TrainError>,
) -> Result<Start, TrainError> {
    let fresh = networks()?;
    let mut problems = Vec::new();
    let found = newest_whole(other, networks, &mut problems, |_, _| Ok(()))?;
    let run = other.root().to_path_buf();
    let (State { run, position, origin, .. }, loaded) = found.ok_or(TrainError::Unbranchable { run, problems })?;
    let networks = Networks {
        generator_optimizer: fresh.generator_optimizer,
        discriminator_optimizer: fresh.discriminator_optimizer,
        ..loaded
    };
    let origin = Origin { run, images: position.images, origin: origin.map(Box::new) };
    Ok(Start { networks, position: Position::default(), origin: Some(origin) })
}

/// The newest checkpoint that is whole and fits `networks`, unless it is not accepted.
fn newest_whole(
    run: &RunLayout,
    networks: impl Fn() -> Result<Networks, TrainError>,
    passed_over: &mut Vec<String>,
    accept: impl Fn(&Path, &State) -> Result<(), TrainError>,
) -> Result<Option<(State, Networks)>, TrainError> {
    for (_, path) in written(run)?.into_iter().rev() {
        let problem = match State::read(&path) {
            Err(problem) => problem,
            Ok(state) => {
                accept(&path, &state)?;
                match state.load(&path, networks()?) {
                    Ok(networks) => return Ok(Some((state, networks))),
                    Err(problem) => problem,
                }
            }
        };
        passed_over.push(format!("passed over the checkpoint at {}: {problem}", path.display()));
    }
    Ok(None)
}

/// What the newest readable checkpoint of a run says that it computes.
pub(crate) fn function(run: &RunLayout) -> Result<Option<Function>, FileError> {
    Ok(written(run)?.into_iter().rev().find_map(|(_, path)| State::read(&path).ok()).map(|state| state.function))
}

/// The newest checkpoint's folder, whole or not.
pub(crate) fn newest(run: &RunLayout) -> Option<PathBuf> {
    written(run).ok()?.pop().map(|(_, path)| path)
}

impl State {
    /// The state in a checkpoint's folder.
    fn read(folder: &Path) -> Result<Self, Unusable> {
        Self::open(&publish::read_file(&folder.join(STATE))?)
    }

    /// The tensors beside it, loaded over `networks`.
    fn load(&self, folder: &Path, networks: Networks) -> Result<Networks, Unusable> {
        let read = |name: &'static str| -> Result<Bytes, Unusable> {
            let content = publish::read_file(&folder.join(name))?;
            match self.files.get(name) {
                Some(hash) if *hash == ContentHash::of(&content) => Ok(Bytes::from_bytes_vec(content)),
                _ => Err(Unusable::Changed(name)),
            }
        };
        let average = networks.generator.clone().valid().try_load_record(ModuleRecord::from_bytes(read(AVERAGE)?)?)?;
        Ok(Networks {
            generator: networks.generator.try_load_record(ModuleRecord::from_bytes(read(GENERATOR)?)?)?,
            discriminator: networks.discriminator.try_load_record(ModuleRecord::from_bytes(read(DISCRIMINATOR)?)?)?,
            generator_optimizer: networks.generator_optimizer.from_bytes(read(GENERATOR_OPTIMIZER)?)?,
            discriminator_optimizer: networks.discriminator_optimizer.from_bytes(read(DISCRIMINATOR_OPTIMIZER)?)?,
            average: Ema::new(networks.average.config(), &average),
        })
    }

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
