//! Where everything lies on disk. The only place that joins the pipeline's paths.

mod checkpoint_file;

use std::path::{Path, PathBuf};

use crate::{
    config::PathsConfig,
    id::{PictureHash, RunId, ShardId},
    options::Share,
    stage::StageId,
};

pub use checkpoint_file::CheckpointFile;

/// The folders of one pipeline.
///
/// ```text
/// data/
///   raw/       manifest.jsonl  ledger.sqlite  pictures/<aa>/<sha256>.<ext>  partial/  quarantine/
///   faces/     manifest.jsonl  <shard>/<face>.<ext>  <shard>/shard.json
///   prepared/  <shard>/pixels  <shard>/shard.json
///   dataset/   dataset_dict.json  index.json  train/  holdout/
///   reports/   <stage>.json  <stage>.lock  duplicates.png  dataset/
///   exclude.txt  excluded.jsonl  tombstones.jsonl
/// artifacts/
///   runs/<id>/ config.toml  metrics.jsonl  samples/  checkpoints/  generator.safetensors  …
///   runs/latest -> <id>
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    data: PathBuf,
    artifacts: PathBuf,
}

impl Layout {
    /// The layout of a configuration's `[paths]`; relative ones start at `root`, the folder of pipeline.toml.
    pub fn new(root: &Path, paths: &PathsConfig) -> Self {
        Self { data: root.join(&paths.data), artifacts: root.join(&paths.artifacts) }
    }

    /// Everything that is gathered or derived from pictures.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// What the crawl stage owns.
    pub fn raw(&self) -> PathBuf {
        self.data.join("raw")
    }

    /// The crawl's state: every post and what became of it.
    pub fn ledger(&self) -> PathBuf {
        self.raw().join("ledger.sqlite")
    }

    /// The pictures that the crawl kept.
    pub fn raw_manifest(&self) -> PathBuf {
        self.raw().join("manifest.jsonl")
    }

    /// A picture's file, relative to the raw manifest, as its record's `file` says.
    pub fn raw_file(&self, picture: &PictureHash, extension: &str) -> String {
        let name = picture.to_string();
        format!("pictures/{}/{name}.{extension}", &name[..2])
    }

    /// Downloads under way.
    pub fn raw_partial(&self) -> PathBuf {
        self.raw().join("partial")
    }

    /// Files that were not what the site said they were.
    pub fn raw_quarantine(&self) -> PathBuf {
        self.raw().join("quarantine")
    }

    /// What the crop stage owns.
    pub fn faces(&self) -> PathBuf {
        self.data.join("faces")
    }

    /// The faces that the crop stage kept.
    pub fn faces_manifest(&self) -> PathBuf {
        self.faces().join("manifest.jsonl")
    }

    /// The folder of one shard of faces.
    pub fn faces_shard(&self, shard: &ShardId) -> PathBuf {
        self.faces().join(shard.to_string())
    }

    /// Contact sheets of all faces.
    pub fn faces_contact(&self) -> PathBuf {
        self.faces().join("contact")
    }

    /// A face's file, relative to the faces manifest.
    pub fn face_file(&self, shard: &ShardId, name: &str) -> String {
        format!("{shard}/{name}")
    }

    /// Faces and pictures that the user wants kept out, a line each.
    pub fn exclude_list(&self) -> PathBuf {
        self.data.join("exclude.txt")
    }

    /// What was noticed to be deleted by hand, remembered as picture and box.
    pub fn exclusions(&self) -> PathBuf {
        self.data.join("excluded.jsonl")
    }

    /// Held while the exclusions are changed.
    pub fn exclusions_lock(&self) -> PathBuf {
        self.data.join("excluded.lock")
    }

    /// Posts that were forgotten on request.
    pub fn tombstones(&self) -> PathBuf {
        self.data.join("tombstones.jsonl")
    }

    /// Images that the pack stage has decoded and scaled, kept so that they need not be again. May be removed at any time.
    pub fn prepared(&self) -> PathBuf {
        self.data.join("prepared")
    }

    /// One shard of these, whole if it is there.
    pub fn prepared_shard(&self, shard: &str) -> PathBuf {
        self.prepared().join(shard)
    }

    /// What became of a prepared shard's pictures, in that shard's folder.
    pub fn prepared_index(shard_folder: &Path) -> PathBuf {
        shard_folder.join("shard.json")
    }

    /// The images of a prepared shard, in that shard's folder.
    pub fn prepared_pixels(shard_folder: &Path) -> PathBuf {
        shard_folder.join("pixels")
    }

    /// The contact sheet of duplicates that were left out.
    pub fn duplicates_sheet(&self) -> PathBuf {
        self.data.join("reports").join("duplicates.png")
    }

    /// A picture that describes the dataset: its histograms, its mean, a contact sheet.
    pub fn dataset_picture(&self, name: &str) -> PathBuf {
        self.data.join("reports").join("dataset").join(format!("{name}.png"))
    }

    /// The packed dataset: a Hugging Face `save_to_disk` folder.
    pub fn dataset(&self) -> PathBuf {
        self.data.join("dataset")
    }

    /// The dataset's own index: rows, batch offsets, the hash of each shard.
    pub fn dataset_index(&self) -> PathBuf {
        self.dataset().join("index.json")
    }

    /// What a stage last reported.
    pub fn report(&self, stage: StageId) -> PathBuf {
        self.data.join("reports").join(format!("{stage}.json"))
    }

    /// The file that a working stage holds locked.
    pub fn lock(&self, stage: StageId) -> PathBuf {
        self.data.join("reports").join(format!("{stage}.lock"))
    }

    /// The file that a process working on a share of a stage holds locked.
    pub fn share_lock(&self, stage: StageId, share: Share) -> PathBuf {
        let name = share.to_string().replace('/', "-of-");
        self.data.join("reports").join(format!("{stage}-{name}.lock"))
    }

    /// All training runs.
    pub fn runs(&self) -> PathBuf {
        self.artifacts.join("runs")
    }

    /// One training run.
    pub fn run(&self, run: &RunId) -> RunLayout {
        RunLayout { root: self.runs().join(run.to_string()) }
    }

    /// The name that points at the newest run.
    pub fn latest_run(&self) -> PathBuf {
        self.runs().join("latest")
    }
}

/// One training run's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunLayout {
    root: PathBuf,
}

impl RunLayout {
    /// A run's folder wherever it lies: one that was copied to another machine, say.
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_path_buf() }
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The resolved configuration that the run was made with.
    pub fn config(&self) -> PathBuf {
        self.root.join("config.toml")
    }

    /// Losses and rates, a JSON object a line.
    pub fn metrics(&self) -> PathBuf {
        self.root.join("metrics.jsonl")
    }

    /// The same for TensorBoard.
    pub fn events(&self) -> PathBuf {
        self.root.join("events")
    }

    /// TensorBoard's file of a process that began `seconds` after 1970. TensorBoard knows such files by their names and
    /// reads them in that order.
    pub fn event_file(&self, seconds: u64) -> PathBuf {
        self.events().join(format!("events.out.tfevents.{seconds:010}.nijigen"))
    }

    /// The grids painted from the fixed latents.
    pub fn samples(&self) -> PathBuf {
        self.root.join("samples")
    }

    /// The grid after `images` real images were shown.
    pub fn sample(&self, images: u64) -> PathBuf {
        self.samples().join(format!("{images:010}.png"))
    }

    /// Where checkpoints lie.
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

    /// What the run was made from.
    pub fn provenance(&self) -> PathBuf {
        self.root.join("provenance.json")
    }

    /// The posts that the training rows came from, sorted, one a line.
    pub fn posts(&self) -> PathBuf {
        self.root.join("posts.txt")
    }

    /// What the evaluator owns.
    pub fn evaluation(&self) -> PathBuf {
        self.root.join("evaluation")
    }

    /// The measured figures.
    pub fn evaluation_metrics(&self) -> PathBuf {
        self.evaluation().join("metrics.json")
    }

    /// Generated images beside real ones.
    pub fn evaluation_grid(&self) -> PathBuf {
        self.evaluation().join("grid.png")
    }

    /// Real images.
    pub fn evaluation_reals(&self) -> PathBuf {
        self.evaluation().join("reals.png")
    }

    /// The page that shows the run.
    pub fn report_page(&self) -> PathBuf {
        self.root.join("report.html")
    }
}
