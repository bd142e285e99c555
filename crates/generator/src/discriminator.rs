//! The discriminator of a training, which scores images.

use std::{
    fs,
    path::{Path, PathBuf},
};

use burn::{
    module::Module as _,
    store::ModuleRecord,
    tensor::{Bytes, Device, Tensor, TensorData},
};
use contracts::{
    ContentHash, Voucher,
    layout::{CheckpointFile, RunLayout},
    publish::{self, FileError},
};
use gan::{Architecture, ArchitectureError, Discriminator, ImageBatch, Recipe, WeightsError};
use pictures::Rgb;

use crate::readback::{ReadbackError, read_values};

/// Images in one pass through the network.
const BATCH: usize = 64;

/// The discriminator that a generator was trained against; its BatchNorm rests on the running statistics.
#[derive(Debug)]
pub struct TrainedDiscriminator {
    network: Discriminator,
    device: Device,
}

/// A discriminator that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DiscriminatorError {
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The run has no checkpoint, in which the discriminator lies.
    #[error(
        "there is no discriminator in {}, and no checkpoint in which one would lie; give a run that has one, or its weights as \
         safetensors", .0.display()
    )]
    NoCheckpoint(PathBuf),
    /// A file of weights is none of a discriminator's.
    #[error("cannot read the discriminator at {}: {source}", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: WeightsError,
    },
    /// It is not what the records beside it state.
    #[error(
        "the discriminator at {} is not what {} states: one of both is damaged; `cargo xtask train` writes both anew from the \
         newest checkpoint",
        path.display(), record.display()
    )]
    Altered {
        /// The file.
        path: PathBuf,
        /// The record beside it.
        record: PathBuf,
    },
    /// The checkpoint's discriminator is not that of the run's recipe.
    #[error("cannot read the discriminator at {}: {reason}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The recipe's discriminator cannot be built.
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    /// What it computed could not be read back.
    #[error(transparent)]
    Readback(#[from] ReadbackError),
}

impl TrainedDiscriminator {
    /// Opens a run's discriminator, of its newest checkpoint where training left none, or a bare file of its weights. `side` is that of the run's images.
    ///
    /// # Errors
    /// When there is none, it cannot be read, or is another one than the records beside it state.
    pub fn open(path: &Path, side: u32, device: &Device) -> Result<Self, DiscriminatorError> {
        let network = if path.is_dir() { of_run(&RunLayout::at(path), side, device)? } else { of_file(path, device)? };
        Ok(Self { network, device: device.clone() })
    }

    /// The family, side and widths of its network.
    pub fn architecture(&self) -> &Architecture {
        self.network.architecture()
    }

    /// Its weights as a file; see [`gan::Discriminator::to_safetensors`].
    ///
    /// # Errors
    /// When the device fails.
    pub fn to_safetensors(&self) -> Result<Vec<u8>, WeightsError> {
        self.network.to_safetensors()
    }

    /// The logit of each image: the higher, the more real it looks. It is told no classes.
    ///
    /// # Errors
    /// When the device fails.
    pub fn scores(&self, images: &[Rgb]) -> Result<Vec<f32>, ReadbackError> {
        self.scores_in_classes(images, &[])
    }

    /// The same, each image as one of its class: `rows` has a row for each, as
    /// [`TrainedGenerator::class_row`](crate::TrainedGenerator::class_row) takes it from a latent. Rows that are not of its classes are
    /// passed over.
    ///
    /// # Errors
    /// When the device fails.
    pub fn scores_in_classes(&self, images: &[Rgb], rows: &[&[f32]]) -> Result<Vec<f32>, ReadbackError> {
        let (side, row_length) = (self.architecture().side as usize, self.architecture().classes.row_length());
        let is_told = row_length > 0 && rows.len() == images.len() && rows.iter().all(|row| row.len() == row_length);
        let mut rows = rows.chunks(BATCH).filter(|_| is_told);
        let mut scores = Vec::with_capacity(images.len());
        for batch in images.chunks(BATCH) {
            let values: Vec<f32> = batch.iter().flat_map(planes).collect();
            let images = Tensor::from_data(TensorData::new(values, [batch.len(), 3, side, side]), &self.device);
            let classes = rows
                .next()
                .map(|rows| Tensor::from_data(TensorData::new(rows.concat(), [rows.len(), row_length]), &self.device));
            scores.extend(read_values("scores", self.network.forward(ImageBatch { images, classes }))?);
        }
        Ok(scores)
    }
}

/// An image as the network sees it: its three planes, from −1 to 1.
pub(crate) fn planes(image: &Rgb) -> Vec<f32> {
    let plane = |channel: usize| image.pixels().iter().map(move |pixel| (f32::from(pixel[channel]) - 127.5) / 127.5);
    (0..3).flat_map(plane).collect()
}

fn of_file(path: &Path, device: &Device) -> Result<Discriminator, DiscriminatorError> {
    let bytes = publish::read_file(path)?;
    if let Some(voucher) = Voucher::beside(path)?.filter(|voucher| voucher.hash != ContentHash::of(&bytes)) {
        return Err(DiscriminatorError::Altered { path: path.into(), record: voucher.record });
    }
    Discriminator::from_safetensors(&bytes, device)
        .map_err(|source| DiscriminatorError::Weights { path: path.into(), source })
}

fn of_run(run: &RunLayout, side: u32, device: &Device) -> Result<Discriminator, DiscriminatorError> {
    // Earlier versions left it in checkpoints alone, and a training at work does.
    if run.discriminator().exists() {
        return of_file(&run.discriminator(), device);
    }
    let checkpoint = newest(run).ok_or_else(|| DiscriminatorError::NoCheckpoint(run.root().into()))?;
    let path = CheckpointFile::Discriminator.within(&checkpoint);
    let damaged = |path: &Path, reason: String| DiscriminatorError::Record { path: path.into(), reason };
    let recipe = String::from_utf8_lossy(&publish::read_file(&run.recipe())?).into_owned();
    let recipe = Recipe::parse(&recipe).map_err(|error| damaged(&run.recipe(), error.to_string()))?;
    // The seed is of no weight: all are loaded over.
    let blank = recipe.discriminator(side, 0, device)?;
    let record = ModuleRecord::from_bytes(Bytes::from_bytes_vec(publish::read_file(&path)?))
        .map_err(|error| damaged(&path, error.to_string()))?;
    blank.try_load_record(record).map_err(|error| damaged(&path, error.to_string()))
}

/// The checkpoint after most images; what is not whole has another name.
fn newest(run: &RunLayout) -> Option<PathBuf> {
    let entries = fs::read_dir(run.checkpoints()).ok()?;
    let images = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u64>().ok());
    images.max().map(|images| run.checkpoint(images))
}
