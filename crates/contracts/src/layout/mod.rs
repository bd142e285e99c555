//! Where everything lies on disk. Nothing else joins the pipeline's paths.

mod checkpoint_file;
mod partial;
mod run;

use std::path::{Path, PathBuf};

pub use checkpoint_file::CheckpointFile;
pub use partial::{Owner, PARTIAL_PREFIX, PartialName, partial};
pub use run::RunLayout;

use crate::{
    config::PathsConfig,
    hash::ContentHash,
    id::{PictureHash, PostId, RunId, ShardId},
    share::Share,
    stage_id::StageId,
};

/// The folders of one pipeline.
///
/// ```text
/// data/
///   raw/       manifest.jsonl  ledger.sqlite  pictures/<aa>/<sha256>.<ext>  partial/  quarantine/
///   faces/     manifest.jsonl  <shard>/<face>.<ext> or <shard>/faces.tar, faces.index  <shard>/shard.json
///   prepared/  <shard>/pixels  <shard>/shard.json
///   tables/    <key>.arrow
///   dataset/   dataset_dict.json  index.json  train/  holdout/
///   reports/   <stage>.json  <stage>.lock  <stage>-left-out.jsonl  duplicates.png  dataset/
///   cluster/   jobs.json  <job>-<number>.log
///   exclude.txt  excluded.jsonl  restored.jsonl  tombstones.jsonl
/// artifacts/
///   runs/<id>/ config.toml  metrics.jsonl  samples/  checkpoints/  generator.safetensors  discriminator.safetensors  …
///   runs/latest -> <id>
///   compare/   <id>+<id>.html
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    data: PathBuf,
    artifacts: PathBuf,
    scratch: Option<PathBuf>,
}

impl Layout {
    /// The layout of a configuration's `[paths]`; relative ones start at `root`, the folder of pipeline.toml.
    pub fn new(root: &Path, paths: &PathsConfig) -> Self {
        let scratch = Some(&paths.scratch).filter(|scratch| !scratch.as_os_str().is_empty());
        Self {
            data: root.join(&paths.data),
            artifacts: root.join(&paths.artifacts),
            scratch: scratch.map(|scratch| root.join(scratch)),
        }
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

    /// What a picture's record says in `file`: its path from the raw manifest's folder.
    pub fn raw_file(picture: &PictureHash, extension: &str) -> String {
        let name = picture.to_string();
        // By the first byte: a million files in one folder would make every tool that lists it slow.
        format!("pictures/{}/{name}.{extension}", &name[..2])
    }

    /// The picture whose record says `file`.
    pub fn raw_picture(&self, file: &str) -> PathBuf {
        self.raw().join(file)
    }

    /// Downloads that are under way, or broke off.
    pub fn raw_partial(&self) -> PathBuf {
        self.raw().join("partial")
    }

    /// One of these: what has come of the file that the crawler calls `name`.
    pub fn raw_partial_file(&self, name: &str) -> PathBuf {
        self.raw_partial().join(format!("{name}.part"))
    }

    /// Files that were not what the site said they were.
    pub fn raw_quarantine(&self) -> PathBuf {
        self.raw().join("quarantine")
    }

    /// What came instead of a post's picture.
    pub fn quarantined(&self, post: &PostId) -> PathBuf {
        self.raw_quarantine().join(format!("{}-{}", post.site, post.number))
    }

    /// Why it was put aside, as JSON.
    pub fn quarantine_note(&self, post: &PostId) -> PathBuf {
        self.quarantined(post).with_extension("json")
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

    /// The list beside a contact sheet: which faces it shows, and why each is doubtful.
    pub fn faces_contact_list(&self, sheet: usize) -> PathBuf {
        self.faces_contact().join(format!("{sheet:05}.tsv"))
    }

    /// What became of a shard's pictures, in the shard's folder: faces and prepared images have the same.
    pub fn shard_record(shard_folder: &Path) -> PathBuf {
        shard_folder.join("shard.json")
    }

    /// The faces of a shard in one file, in the shard's folder.
    pub fn faces_tar(shard_folder: &Path) -> PathBuf {
        shard_folder.join("faces.tar")
    }

    /// Where in that file each face is.
    pub fn faces_index(shard_folder: &Path) -> PathBuf {
        shard_folder.join("faces.index")
    }

    /// What a face's record says in `file`: its path from the faces manifest's folder.
    pub fn face_file(&self, shard: &ShardId, name: &str) -> String {
        format!("{shard}/{name}")
    }

    /// The face whose record says `file`, where it is a file of its own: [`crops`](crate::crops) reads those in a tar too.
    pub fn face(&self, file: &str) -> PathBuf {
        self.faces().join(file)
    }

    /// Faces and pictures that the user wants kept out, a line each.
    pub fn exclude_list(&self) -> PathBuf {
        self.data.join("exclude.txt")
    }

    /// Thumbnails and scores that curation makes once; all of it can be made again.
    pub fn curation(&self) -> PathBuf {
        self.data.join("curation")
    }

    /// The thumbnails of one shard of faces.
    pub fn thumbnails(&self, shard: &str) -> PathBuf {
        self.curation().join(format!("{shard}.thumbnails"))
    }

    /// What the discriminator makes of one shard of faces.
    pub fn curation_scores(&self, shard: &str) -> PathBuf {
        self.curation().join(format!("{shard}.scores.json"))
    }

    /// What was noticed to be deleted by hand, remembered as picture and box.
    pub fn exclusions(&self) -> PathBuf {
        self.data.join("excluded.jsonl")
    }

    /// Those of them that the user took back, until the crop stage has cut them again.
    pub fn restored(&self) -> PathBuf {
        self.data.join("restored.jsonl")
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

    /// What the pack stage sorts lies beside this, while it works.
    pub fn packing(&self, what: &str) -> PathBuf {
        self.prepared().join(what)
    }

    /// The images of a prepared shard, in that shard's folder.
    pub fn prepared_pixels(shard_folder: &Path) -> PathBuf {
        shard_folder.join("pixels")
    }

    /// Tables in Parquet as Arrow files, which the pack stage reads. May be removed at any time.
    pub fn tables(&self) -> PathBuf {
        self.data.join("tables")
    }

    /// One of these, by what tells its table from others.
    pub fn table(&self, key: &ContentHash) -> PathBuf {
        self.tables().join(format!("{key}.arrow"))
    }

    /// What a stage left out, a line a thing, with the reason.
    pub fn left_out(&self, stage: StageId) -> PathBuf {
        self.reports().join(format!("{stage}-left-out.jsonl"))
    }

    /// The contact sheet of duplicates that were left out.
    pub fn duplicates_sheet(&self) -> PathBuf {
        self.reports().join("duplicates.png")
    }

    /// A picture that describes the dataset: its histograms, its mean, a contact sheet.
    pub fn dataset_picture(&self, name: &str) -> PathBuf {
        self.dataset_pictures().join(format!("{name}.png"))
    }

    /// The folder of these.
    pub fn dataset_pictures(&self) -> PathBuf {
        self.reports().join("dataset")
    }

    /// The packed dataset: a Hugging Face `save_to_disk` folder.
    pub fn dataset(&self) -> PathBuf {
        self.data.join("dataset")
    }

    /// Where the dataset of this hash is copied to on the machine's own disk; `None` where it is read as it lies.
    pub fn scratch_dataset(&self, hash: &ContentHash) -> Option<PathBuf> {
        self.scratch.as_ref().map(|scratch| scratch.join(format!("dataset-{hash}")))
    }

    /// The dataset's own index: rows, batch offsets, the hash of each shard.
    pub fn dataset_index(&self) -> PathBuf {
        Self::index_of(&self.dataset())
    }

    /// The index of the dataset in a folder, which need not be the pipeline's.
    pub fn index_of(dataset: &Path) -> PathBuf {
        dataset.join("index.json")
    }

    /// What the stages reported, and the files that they hold locked.
    pub fn reports(&self) -> PathBuf {
        self.data.join("reports")
    }

    /// Beside a pipeline.toml: what each stage's outputs were made from.
    pub fn pipeline_lock(root: &Path) -> PathBuf {
        root.join("pipeline.lock")
    }

    /// Held while that is changed, which takes a moment.
    pub fn pipeline_lock_guard(root: &Path) -> PathBuf {
        root.join(".pipeline.lock.guard")
    }

    /// In the folder of a stage: that a share of it was begun, and the whole is not put together since. `None` for a stage
    /// that has no shares.
    pub fn share_marker(&self, stage: StageId) -> Option<PathBuf> {
        let folder = match stage {
            StageId::Crop => self.faces(),
            StageId::Pack => self.prepared(),
            _ => return None,
        };
        Some(folder.join("share-begun"))
    }

    /// What a stage last reported.
    pub fn report(&self, stage: StageId) -> PathBuf {
        self.reports().join(format!("{stage}.json"))
    }

    /// The file that a working stage holds locked.
    pub fn lock(&self, stage: StageId) -> PathBuf {
        self.reports().join(format!("{stage}.lock"))
    }

    /// The file that a process working on a share of a stage holds locked.
    pub fn share_lock(&self, stage: StageId, share: Share) -> PathBuf {
        let name = share.to_string().replace('/', "-of-");
        self.reports().join(format!("{stage}-{name}.lock"))
    }

    /// What was submitted to a cluster, and what the jobs said.
    pub fn cluster(&self) -> PathBuf {
        self.data.join("cluster")
    }

    /// The jobs that were submitted last.
    pub fn cluster_jobs(&self) -> PathBuf {
        self.cluster().join("jobs.json")
    }

    /// Held while jobs are submitted, which takes seconds.
    pub fn cluster_guard(&self) -> PathBuf {
        self.cluster().join("jobs.lock")
    }

    /// What a job says; `job` may have Slurm's own signs for numbers, such as `%j`.
    pub fn cluster_log(&self, job: &str) -> PathBuf {
        self.cluster().join(format!("{job}.log"))
    }

    /// The folder of all training runs.
    pub fn runs(&self) -> PathBuf {
        self.artifacts.join("runs")
    }

    /// Where the files of one training run lie.
    pub fn run(&self, run: &RunId) -> RunLayout {
        RunLayout { root: self.runs().join(run.to_string()) }
    }

    /// The page that shows several runs side by side, unless the user wants it elsewhere.
    pub fn comparison(&self, runs: &[RunId]) -> PathBuf {
        let all = runs.iter().map(ToString::to_string).collect::<Vec<_>>().join("+");
        // Most file systems take 255 bytes for a name.
        let name = if all.len() <= 200 {
            all
        } else {
            format!("{}-runs-{}", runs.len(), ContentHash::of(all.as_bytes()).short())
        };
        self.artifacts.join("compare").join(format!("{name}.html"))
    }

    /// The folder of the laboratory's plots and page.
    pub fn lab(&self) -> PathBuf {
        self.artifacts.join("lab")
    }

    /// The laboratory's page.
    pub fn lab_page(&self) -> PathBuf {
        self.lab().join("index.html")
    }

    /// An experiment's plot.
    pub fn lab_plot(&self, experiment: &str) -> PathBuf {
        self.lab().join(Self::lab_plot_name(experiment))
    }

    /// The name of an experiment's plot, beside the page.
    pub fn lab_plot_name(experiment: &str) -> String {
        format!("{experiment}.png")
    }

    /// The name that points at the newest run.
    pub fn latest_run(&self) -> PathBuf {
        self.runs().join("latest")
    }
}
