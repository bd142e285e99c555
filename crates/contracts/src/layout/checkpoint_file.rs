//! The files of one checkpoint's folder.

use std::path::{Path, PathBuf};

/// A file of a checkpoint's folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckpointFile {
    /// What the checkpoint is of, how far it is, and the hashes of the other files.
    State,
    /// The generator in training.
    Generator,
    /// The discriminator.
    Discriminator,
    /// The moments of the generator's optimizer.
    GeneratorOptimizer,
    /// The moments of the discriminator's.
    DiscriminatorOptimizer,
    /// The moving average of the generator.
    Average,
    /// The weights of the best generator so far, where any was measured.
    BestGenerator,
}

impl CheckpointFile {
    /// Its name, by which `state.json` lists it.
    pub fn name(self) -> &'static str {
        match self {
            Self::State => "state.json",
            Self::Generator => "generator.bpk",
            Self::Discriminator => "discriminator.bpk",
            Self::GeneratorOptimizer => "generator-optimizer.bpk",
            Self::DiscriminatorOptimizer => "discriminator-optimizer.bpk",
            Self::Average => "average.bpk",
            Self::BestGenerator => "generator-best.safetensors",
        }
    }

    /// Where it lies in a checkpoint's folder, finished or not.
    pub fn within(self, checkpoint: &Path) -> PathBuf {
        checkpoint.join(self.name())
    }
}
