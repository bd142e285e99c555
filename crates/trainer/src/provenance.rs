//! `provenance.json`: what a run was made from.

use std::{collections::BTreeSet, path::PathBuf};

use contracts::{
    BestGenerator, Config, ContentHash,
    id::RunId,
    layout::RunLayout,
    publish::{self, FileError},
};
use dataset::{Dataset, SplitName};
use gan::{Classes, Recipe};
use generator::DeviceKind;
use serde::Serialize;
use toml::Table;

use crate::{
    error::TrainError,
    plan::Plan,
    run_folder::Exported,
    state::{Origin, TrainingState},
};

/// Keeps the posts that the training rows came from beside the run, so that a post that is forgotten later names the
/// runs that saw it.
///
/// # Errors
/// When the dataset's rows cannot be read or the disk fails.
pub(crate) fn write_posts(run: &RunLayout, dataset: &Dataset) -> Result<(), TrainError> {
    let mut posts = BTreeSet::new();
    for row in dataset.split(SplitName::Train).rows() {
        posts.extend(row?.post);
    }
    let lines: String = posts.iter().map(|post| format!("{post}\n")).collect();
    Ok(publish::write_file(&run.posts(), lines.as_bytes())?)
}

/// Everything that generator.safetensors is a function of, and how far it is.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Provenance {
    format: &'static str,
    version: u32,
    run: RunId,
    dataset: DatasetSummary,
    seed: u64,
    batch_size: usize,
    /// The recipe as it was trained, overrides put in.
    recipe: Recipe,
    r#override: Table,
    /// The classes that the networks know, and the training images of each; absent where they know none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    classes: Vec<KnownClass>,
    device: String,
    trainer_version: &'static str,
    /// The run whose weights this one began at.
    origin: Option<Origin>,
    /// The weights that this one began at, as far as they fitted; absent where there were none.
    #[serde(skip_serializing_if = "Option::is_none")]
    transfer: Option<Transfer>,
    steps: u64,
    images_shown: u64,
    /// How often it was rolled back.
    rollbacks: u16,
    epochs: f64,
    /// SHA-256 of generator.safetensors; absent until there is one.
    generator: Option<ContentHash>,
    /// SHA-256 of discriminator.safetensors likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    discriminator: Option<ContentHash>,
    /// What generator-best.safetensors is; absent where nothing was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    best: Option<BestGenerator>,
}

/// A class of the training images.
#[derive(Clone, Debug, Serialize)]
struct KnownClass {
    name: String,
    images: u32,
}

/// Weights that a run began at.
#[derive(Clone, Debug, Serialize)]
struct Transfer {
    /// Where the generator's were.
    from: PathBuf,
    /// SHA-256 of the generator's, and of the discriminator's where there were any.
    sha256: String,
}

/// The dataset that the run was trained on, in numbers that are compared by eye.
#[derive(Clone, Debug, Serialize)]
struct DatasetSummary {
    /// SHA-256 of its index, which vouches for every byte.
    hash: ContentHash,
    resolution: u32,
    train_rows: usize,
    holdout_rows: usize,
    /// Different posts among the training rows.
    train_posts: usize,
    /// Different pictures among the training rows.
    train_pictures: usize,
}

impl Provenance {
    /// What is known before the first step.
    ///
    /// # Errors
    /// When the dataset's rows cannot be read.
    pub(crate) fn new(config: &Config, plan: &Plan, dataset: &Dataset, device: DeviceKind) -> Result<Self, TrainError> {
        Ok(Self {
            format: "nijigen-provenance",
            version: 1,
            run: plan.run.clone(),
            dataset: DatasetSummary::of(dataset)?,
            seed: plan.seed,
            batch_size: plan.batch_size,
            recipe: plan.recipe.clone(),
            r#override: config.train.r#override.clone(),
            classes: known(&plan.labels.classes),
            device: device.to_string(),
            trainer_version: env!("CARGO_PKG_VERSION"),
            origin: None,
            transfer: plan.transfer.clone().map(|from| Transfer { from, sha256: config.train.transfer_hash.clone() }),
            steps: 0,
            images_shown: 0,
            rollbacks: 0,
            epochs: 0.0,
            generator: None,
            discriminator: None,
            best: None,
        })
    }

    /// Notes the weights that were written, and how far they are.
    pub(crate) fn complete(&mut self, state: &TrainingState, exported: &Exported) {
        let position = state.position;
        self.origin.clone_from(&state.origin);
        self.steps = position.step;
        self.images_shown = position.images;
        self.rollbacks = position.attempt;
        self.epochs = position.images as f64 / self.dataset.train_rows as f64;
        self.generator = Some(exported.generator);
        self.discriminator = Some(exported.discriminator);
        self.best = state.best.as_ref().map(|best| best.record.clone());
    }

    /// Writes the file in one step.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) fn write(&self, run: &RunLayout) -> Result<(), FileError> {
        let path = run.provenance();
        let json = serde_json::to_vec_pretty(self).map_err(|error| FileError::at("write", &path)(error.into()))?;
        publish::write_file(&path, &json)
    }
}

fn known(classes: &Classes) -> Vec<KnownClass> {
    let all = classes.names().iter().zip(classes.counts());
    all.map(|(name, images)| KnownClass { name: name.clone(), images: *images }).collect()
}

impl DatasetSummary {
    fn of(dataset: &Dataset) -> Result<Self, TrainError> {
        let train = dataset.split(SplitName::Train);
        let (mut posts, mut pictures) = (BTreeSet::new(), BTreeSet::new());
        for row in train.rows() {
            let row = row?;
            posts.extend(row.post);
            pictures.insert(row.picture);
        }
        Ok(Self {
            hash: dataset.hash(),
            resolution: train.side(),
            train_rows: train.len(),
            holdout_rows: dataset.split(SplitName::Holdout).len(),
            train_posts: posts.len(),
            train_pictures: pictures.len(),
        })
    }
}
