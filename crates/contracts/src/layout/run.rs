//! Where a training run's files lie.

use std::path::{Path, PathBuf};

/// A training run's folder: each stage that works on the run owns some of its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunLayout {
    pub(super) root: PathBuf,
}

impl RunLayout {
    /// A run's folder wherever it lies: one that was copied to another machine, say.
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_path_buf() }
    }

    /// The run's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The file that a process at work on the run holds locked.
    pub fn lock(&self) -> PathBuf {
        self.root.join("run.lock")
    }

    /// The resolved configuration that the run was made with.
    pub fn config(&self) -> PathBuf {
        self.root.join("config.toml")
    }

    /// The recipe as it was trained, overrides put in: with the dataset and the seed it makes the same generator again.
    pub fn recipe(&self) -> PathBuf {
        self.root.join("recipe.toml")
    }

    /// Losses and rates, a JSON object a line.
    pub fn metrics(&self) -> PathBuf {
        self.root.join("metrics.jsonl")
    }

    /// The metrics again, in TensorBoard's own files.
    pub fn events(&self) -> PathBuf {
        self.root.join("events")
    }

    /// TensorBoard's file of a process that began `seconds` after 1970. TensorBoard knows such files by their names and
    /// reads them in that order.
    pub fn event_file(&self, seconds: u64) -> PathBuf {
        self.events().join(format!("events.out.tfevents.{seconds:010}.nijigen"))
    }

    /// The grids of samples made from the fixed latents.
    pub fn samples(&self) -> PathBuf {
        self.root.join("samples")
    }

    /// The grid after `images` real images were shown.
    pub fn sample(&self, images: u64) -> PathBuf {
        self.samples().join(format!("{images:010}.png"))
    }

    /// The folder of its checkpoints.
    pub fn checkpoints(&self) -> PathBuf {
        self.root.join("checkpoints")
    }

    /// The checkpoint after `images` real images were shown: a folder, whole if it is there.
    pub fn checkpoint(&self, images: u64) -> PathBuf {
        self.checkpoints().join(format!("{images:010}"))
    }

    /// The trained generator (its EMA weights where the recipe has them).
    pub fn generator(&self) -> PathBuf {
        self.root.join("generator.safetensors")
    }

    /// The trained discriminator, as the generator's last opponent: what `train.transfer` also begins at.
    pub fn discriminator(&self) -> PathBuf {
        self.root.join("discriminator.safetensors")
    }

    /// The same generator for ONNX Runtime and what else reads ONNX.
    pub fn generator_onnx(&self) -> PathBuf {
        self.root.join("generator.onnx")
    }

    /// What the Hugging Face Hub shows of the run: its model card.
    pub fn model_card(&self) -> PathBuf {
        self.root.join("README.md")
    }

    /// The generator that was best by the metric that chooses, at any time of the run.
    pub fn best_generator(&self) -> PathBuf {
        self.root.join("generator-best.safetensors")
    }

    /// When that was, and by which value: a [`BestGenerator`](crate::BestGenerator).
    pub fn best_generator_record(&self) -> PathBuf {
        self.root.join("generator-best.json")
    }

    /// What the run was made from.
    pub fn provenance(&self) -> PathBuf {
        self.root.join("provenance.json")
    }

    /// The posts that the training rows came from, sorted, one a line.
    pub fn posts(&self) -> PathBuf {
        self.root.join("posts.txt")
    }

    /// The folder that the evaluator owns.
    pub fn evaluation(&self) -> PathBuf {
        self.root.join("evaluation")
    }

    /// The metrics that the evaluator measured.
    pub fn evaluation_metrics(&self) -> PathBuf {
        self.evaluation().join("metrics.json")
    }

    /// A sheet of samples.
    pub fn evaluation_grid(&self) -> PathBuf {
        self.evaluation().join("grid.png")
    }

    /// A sheet of real images, to look at beside the samples.
    pub fn evaluation_reals(&self) -> PathBuf {
        self.evaluation().join("reals.png")
    }

    /// The shown samples beside the training faces nearest to them.
    pub fn evaluation_neighbours_sheet(&self) -> PathBuf {
        self.evaluation().join("neighbours.png")
    }

    /// Which samples, rows and posts that sheet shows.
    pub fn evaluation_neighbours(&self) -> PathBuf {
        self.evaluation().join("neighbours.json")
    }

    /// Walks between latents, a row a walk.
    pub fn evaluation_walks(&self) -> PathBuf {
        self.evaluation().join("walks.png")
    }

    /// Samples by class, a row a class; only of generators that know classes.
    pub fn evaluation_classes(&self) -> PathBuf {
        self.evaluation().join("classes.png")
    }

    /// The page that shows the run.
    pub fn report_page(&self) -> PathBuf {
        self.root.join("report.html")
    }
}
