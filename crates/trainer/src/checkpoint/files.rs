//! The files of one checkpoint: `state.json`, which says what the others are, and a record of tensors each.

use std::{collections::BTreeMap, path::Path};

use burn::{
    module::Module,
    store::{ModuleRecord, RecordError},
    tensor::Bytes,
};
use contracts::{
    BestGenerator, ContentHash,
    id::RunId,
    layout::CheckpointFile,
    publish::{self, FileError},
};
use gan::{AugmentationStrength, Ema};
use generator::ReadbackError;
use serde::{Deserialize, Serialize};

use crate::{
    error::TrainError,
    identity::RunIdentity,
    measuring::BestSoFar,
    networks::Networks,
    plan::Plan,
    position::Position,
    state::{Origin, TrainingState},
};

#[cfg(test)]
mod fuzz_targets;

const FORMAT: &str = "nijigen-checkpoint";

/// The format's version; others are passed over. History: 1, the first; 2, the run's identity setting by setting, the
/// attempt and the origin; 3, the best generator so far and the
/// strength of augmentation.
const VERSION: u32 = 3;

/// The oldest version that is read: it lacks nothing that a run needs to go on as it would have.
const MIN_VERSION: u32 = 2;

/// `state.json`: the state and what vouches for it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    state: CheckpointState,
    /// SHA-256 of the state as compact JSON.
    sha256: ContentHash,
}

/// What a checkpoint is; nothing in its folder is read but through this.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckpointState {
    format: String,
    version: u32,
    /// The run that it is of.
    pub(super) run: RunId,
    /// What that run computes.
    #[serde(rename = "function")]
    pub(super) identity: RunIdentity,
    /// How far it is.
    pub(super) position: Position,
    /// The run whose weights it began at.
    pub(super) origin: Option<Origin>,
    /// The best of the generators that were measured. Left out where there is none, so that the hash of a state of
    /// version 2 is that of what version 2 wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    best: Option<BestGenerator>,
    /// How strong augmentation is; left out where that is no part of the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    augmentation: Option<AugmentationStrength>,
    /// SHA-256 of each other file.
    files: BTreeMap<String, ContentHash>,
}

/// What stands between a checkpoint and its use.
#[derive(Debug, thiserror::Error)]
pub(super) enum CheckpointProblem {
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// `state.json` is no state.
    #[error("state.json is not one: {0}")]
    State(#[from] serde_json::Error),
    /// Another format, or another version of it.
    #[error("it is {format} version {version}, not {FORMAT} version {MIN_VERSION} to {VERSION}")]
    Version { format: String, version: u32 },
    /// A file whose hash is another than when it was written.
    #[error("{} is not what was written", .0.name())]
    Changed(CheckpointFile),
    /// Tensors that do not fit the networks.
    #[error("{0}")]
    Record(#[from] RecordError),
}

/// Writes a checkpoint's folder, which appears whole or not at all.
///
/// # Errors
/// When the device or the disk fails.
pub(super) fn write(folder: &Path, plan: &Plan, state: &TrainingState) -> Result<(), TrainError> {
    let TrainingState { networks, position, origin, best } = state;
    let records = records(networks)
        .map_err(|error| ReadbackError { what: "the checkpoint's tensors", reason: error.to_string() })?;
    let mut files: Vec<(CheckpointFile, &[u8])> = records.iter().map(|(file, record)| (*file, &record[..])).collect();
    files.extend(best.as_ref().map(|best| (CheckpointFile::BestGenerator, &best.weights[..])));
    publish::publish_folder::<TrainError>(folder, |folder| {
        for (file, content) in &files {
            publish::write_file(&file.within(folder), content)?;
        }
        let state = CheckpointState {
            format: FORMAT.into(),
            version: VERSION,
            run: plan.run.clone(),
            identity: plan.identity.clone(),
            position: *position,
            origin: origin.clone(),
            best: best.as_ref().map(|best| best.record.clone()),
            augmentation: Some(networks.augmentation).filter(|strength| *strength != AugmentationStrength::default()),
            files: files.iter().map(|(file, content)| (file.name().to_owned(), ContentHash::of(content))).collect(),
        };
        let path = CheckpointFile::State.within(folder);
        let json = state.seal().map_err(|error| FileError::at("write", &path)(error.into()))?;
        Ok(publish::write_file(&path, &json)?)
    })
}

/// `valid` settles BatchNorm's running statistics, of which a plain visit sees the ones before last.
fn records(networks: &Networks) -> Result<[(CheckpointFile, Bytes); 5], RecordError> {
    Ok([
        (CheckpointFile::Generator, networks.generator.valid().into_record().into_bytes()?),
        (CheckpointFile::Discriminator, networks.discriminator.valid().into_record().into_bytes()?),
        (CheckpointFile::GeneratorOptimizer, networks.generator_optimizer.into_bytes()?),
        (CheckpointFile::DiscriminatorOptimizer, networks.discriminator_optimizer.into_bytes()?),
        (CheckpointFile::Average, networks.average.generator().into_record().into_bytes()?),
    ])
}

impl CheckpointState {
    /// The state in a checkpoint's folder.
    ///
    /// # Errors
    /// When it cannot be read, is of another version, or was changed since.
    pub(super) fn read(folder: &Path) -> Result<Self, CheckpointProblem> {
        Self::open(&publish::read_file(&CheckpointFile::State.within(folder))?)
    }

    /// The other files of the folder by name, each with its hash.
    pub(super) fn files(&self) -> impl Iterator<Item = (&String, &ContentHash)> {
        self.files.iter()
    }

    /// The tensors beside it, loaded over `networks`.
    ///
    /// # Errors
    /// When a file cannot be read, was changed since, or does not fit the networks.
    pub(super) fn load(&self, folder: &Path, networks: Networks) -> Result<Networks, CheckpointProblem> {
        let read = |file| Ok::<_, CheckpointProblem>(Bytes::from_bytes_vec(self.content(folder, file)?));
        let record = |file| Ok::<_, CheckpointProblem>(ModuleRecord::from_bytes(read(file)?)?);
        let average = networks.generator.clone().valid().try_load_record(record(CheckpointFile::Average)?)?;
        Ok(Networks {
            generator: networks.generator.try_load_record(record(CheckpointFile::Generator)?)?,
            discriminator: networks.discriminator.try_load_record(record(CheckpointFile::Discriminator)?)?,
            generator_optimizer: networks.generator_optimizer.from_bytes(read(CheckpointFile::GeneratorOptimizer)?)?,
            discriminator_optimizer: networks
                .discriminator_optimizer
                .from_bytes(read(CheckpointFile::DiscriminatorOptimizer)?)?,
            average: Ema::new(networks.average.config(), &average),
            augmentation: self.augmentation.unwrap_or_default(),
        })
    }

    /// The best generator so far, with its weights.
    ///
    /// # Errors
    /// When their file cannot be read or was changed since.
    pub(super) fn best(&self, folder: &Path) -> Result<Option<BestSoFar>, CheckpointProblem> {
        let with_weights = |record: BestGenerator| {
            let weights = self.content(folder, CheckpointFile::BestGenerator)?;
            Ok(BestSoFar { record, weights })
        };
        self.best.clone().map(with_weights).transpose()
    }

    /// A file's content, as it was when its hash was written down.
    fn content(&self, folder: &Path, file: CheckpointFile) -> Result<Vec<u8>, CheckpointProblem> {
        let content = publish::read_file(&file.within(folder))?;
        match self.files.get(file.name()) {
            Some(hash) if *hash == ContentHash::of(&content) => Ok(content),
            _ => Err(CheckpointProblem::Changed(file)),
        }
    }

    fn seal(self) -> serde_json::Result<Vec<u8>> {
        // Of the compact JSON, so that the hash does not depend on how the file is laid out.
        let sha256 = ContentHash::of(&serde_json::to_vec(&self)?);
        serde_json::to_vec_pretty(&Envelope { state: self, sha256 })
    }

    fn open(json: &[u8]) -> Result<Self, CheckpointProblem> {
        let Envelope { state, sha256 } = serde_json::from_slice(json)?;
        if state.format != FORMAT || !(MIN_VERSION..=VERSION).contains(&state.version) {
            return Err(CheckpointProblem::Version { format: state.format, version: state.version });
        }
        if ContentHash::of(&serde_json::to_vec(&state)?) != sha256 {
            return Err(CheckpointProblem::Changed(CheckpointFile::State));
        }
        Ok(state)
    }
}
