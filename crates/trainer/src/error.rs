//! What stops training, and what to do about it.

use std::path::PathBuf;

use contracts::{lock::LockError, publish::FileError, verification::Damaged};
use dataset::DatasetError;
use gan::{ArchitectureError, RecipeError, WeightsError};
use generator::{DeviceError, DeviceKind, ReadbackError};

use crate::ranks::Unlike;

/// Training that cannot begin or continue. Everything up to the newest checkpoint is kept.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The dataset cannot be used.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A file of the run cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Another process trains the same run.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// What was trained is not what was written.
    #[error(transparent)]
    Damaged(#[from] Damaged),
    /// The recipe does not exist or cannot be changed so.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// The recipe's networks cannot be built.
    #[error("cannot build the networks: {0}")]
    Architecture(#[from] ArchitectureError),
    /// The weights cannot be written.
    #[error("cannot write the generator's weights: {0}")]
    Weights(#[from] WeightsError),
    /// The device that was asked for is not there.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The dataset was packed under another configuration.
    #[error(
        "the dataset's images have {dataset} px and pack.resolution is {config}; \
         run the pack stage again, or set pack.resolution to {dataset}"
    )]
    Resolution {
        /// The side of the dataset's images.
        dataset: u32,
        /// The side that the configuration names.
        config: u32,
    },
    /// The dataset has fewer images than a batch.
    #[error(
        "cannot make a batch of {batch_size} images from {rows}: set train.batch_size to {rows} or less, \
         or gather more (crawl.max_posts, pack.sources)"
    )]
    TooFewRows {
        /// Images in the train split.
        rows: usize,
        /// Images a step, as configured.
        batch_size: usize,
    },
    /// A step needs more memory than there is.
    #[error(
        "a step would take about {needed} of memory and {free} are free: {}",
        match parts {
            Some(parts) => format!("set train.batch_size to {fitting} or less, or train.accumulate = {parts}"),
            None => "take narrower networks (train.override = { generator.base_channels = …, latent.size = … }) or smaller images".into(),
        }
    )]
    Memory {
        /// What a step would take, with its unit.
        needed: String,
        /// What this process may still take, with its unit.
        free: String,
        /// Images that would fit into one step.
        fitting: usize,
        /// Into how many parts the batch would have to fall.
        parts: Option<usize>,
    },
    /// The run diverged again and again.
    #[error(
        "training diverged: {divergence} after {images} images, rolled back {rollbacks} times before; the last good \
         checkpoint is {}. Lower the learning rate (train.override = {{ generator.optimizer.learning_rate = … }}), clip \
         gradients (generator.optimizer.clip_norm), or take another seed",
        .last_good.as_ref().map_or("none".into(), |path| path.display().to_string())
    )]
    Diverged {
        /// How it diverged the last time.
        divergence: String,
        /// How many real images had been shown.
        images: u64,
        /// How often it had been tried again.
        rollbacks: u16,
        /// The newest checkpoint written before.
        last_good: Option<PathBuf>,
    },
    /// A checkpoint of a run that computes something else.
    #[error(
        "the checkpoint at {} cannot be resumed: {}; resume it with the version that made it, or set train.resume = \
         \"never\" to start anew",
        .path.display(), .differences.join(", ")
    )]
    ForeignCheckpoint {
        /// The checkpoint's folder.
        path: PathBuf,
        /// What the run computes differently now.
        differences: Vec<String>,
    },
    /// The run that was trained last is another one, and only that was to be resumed.
    #[error(
        "cannot resume {latest}, the run trained last: {}. Put that back; or set train.resume = \"branch\" to begin \
         another run at its weights, or \"auto\" to begin one from nothing",
        .differences.join(", ")
    )]
    AnotherRun {
        /// The run trained last.
        latest: String,
        /// What would be computed differently.
        differences: Vec<String>,
    },
    /// No run was trained before.
    #[error("there is no run to resume: set train.resume = \"auto\" to begin one")]
    NoRun,
    /// The run to branch from has no checkpoint that can be begun at.
    #[error(
        "cannot begin at the weights of {}: {}. A branch needs networks of the same shapes: the same resolution, family, \
         base_channels, kernel and latent.size. Set train.resume = \"auto\" to begin from nothing",
        .run.display(), if .problems.is_empty() { "it has no checkpoint".into() } else { .problems.join("; ") }
    )]
    Unbranchable {
        /// That run's folder.
        run: PathBuf,
        /// What is wrong with each of its checkpoints.
        problems: Vec<String>,
    },
    /// Weights that a run cannot begin at.
    #[error("cannot begin at the weights of {}: {problem}; set train.transfer = \"\" to begin from nothing", .path.display())]
    Untransferable {
        /// Their file.
        path: PathBuf,
        /// What is wrong.
        problem: WeightsError,
    },
    /// A recipe for images with classes, and a dataset that has none.
    #[error(
        "the recipe {recipe} learns from classes, and no image of the dataset has one: make classes of tags by pack.labels = \
         [\"blue_hair\", \"blonde_hair|yellow_hair\"], or take a source that has classes, and pack again (`cargo xtask pack`); \
         or choose a recipe without classes, such as modern"
    )]
    Unlabelled {
        /// The recipe's name.
        recipe: String,
    },
    /// Labels that are no classes.
    #[error("the dataset has an image of class {class}: a recipe can learn from {limit} classes, counted from 0")]
    TooManyClasses {
        /// The largest class.
        class: usize,
        /// How many there may be.
        limit: usize,
    },
    /// Ranks that would come to other bits each.
    #[error(
        "{0}: all ranks need the same program, configuration and dataset on the same kind of machine. Start them by one command, \
         from a folder that all see"
    )]
    Unlike(#[from] Unlike),
    /// Another number of processes than the configuration says.
    #[error(
        "train.ranks is {configured}, and MPI tells of {started}: {}",
        if *started == 1 {
            "the launcher (train.launcher) and the MPI library that the trainer is built with do not belong together, or the \
             trainer was built without MPI or started without a launcher"
        } else {
            "set train.ranks to the number that is started"
        }
    )]
    RankCount {
        /// As configured.
        configured: usize,
        /// As MPI says.
        started: usize,
    },
    /// Ranks on a device that is not a CPU.
    #[error("several ranks compute on CPUs, and train.device found a GPU: set train.device to \"cpu\"")]
    RankDevice,
    /// Products of f32 on a device that has none for sure.
    #[error(
        "cannot multiply f32 as f32 on {0}: the fastest product is taken there, and that may read f32 as TF32; set train.precision \
         to \"tf32\" or \"bf16\", or train.device to another device"
    )]
    ExactPrecision(DeviceKind),
    /// A device that has no bf16.
    #[error(
        "cannot multiply bf16 on {0}, which has none: set train.precision to \"tf32\", or train.device to another device"
    )]
    NoBf16(DeviceKind),
    /// The device did not hand back what it computed.
    #[error(transparent)]
    Readback(#[from] ReadbackError),
    /// A grid of samples is larger than a PNG file can be.
    #[error("cannot write the sample grid: {0}")]
    Encoding(#[from] pictures::EncodeError),
}
