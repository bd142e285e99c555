//! A training run of seconds: a handful of coloured discs, networks of a few hundred weights.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
};

use contracts::{
    BestGenerator, Config, ContentHash, Context, Layout, Report, Stage,
    layout::RunLayout,
    publish,
    stage::{Interrupt, Progress, Silent},
};
use dataset::{Dataset, Dhash, ImageShape, Limits, Row, SplitName, Writer};
use serde_json::Value;
use tempfile::TempDir;
use trainer::{Train, TrainError};

/// Images in the train split: no multiple of the batch, so that batches reach over the epochs' ends.
pub(crate) const ROWS: usize = 11;
/// Images a step.
pub(crate) const BATCH: u64 = 4;
/// The side of the images.
pub(crate) const SIDE: u32 = 16;

/// A folder with a dataset, and the configuration that trains on it.
pub(crate) struct Workshop {
    root: TempDir,
    pub(crate) config: Config,
}

impl Workshop {
    /// A dataset of [`ROWS`] images and a run of `steps` steps, with a checkpoint each third of them.
    pub(crate) fn new(steps: u64) -> Self {
        let root = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.paths.data = root.path().join("data");
        config.paths.artifacts = root.path().join("artifacts");
        config.pack.resolution = SIDE;
        config.train.recipe = "dcgan".into();
        config.train.batch_size = BATCH as usize;
        config.train.checkpoint_kimg = kimg(3);
        config.train.sample_kimg = kimg(4);
        config.train.r#override =
            "latent.size = 3\ngenerator.base_channels = 2\ndiscriminator.base_channels = 2".parse().unwrap();
        let workshop = Self { root, config }.lasting(steps);
        write_dataset(&workshop.layout(), ROWS);
        workshop
    }

    /// The same, its generator measured at every second step, of as few samples as have a distance.
    pub(crate) fn measured(mut self) -> Self {
        self.config.train.metrics = vec!["kernel".into(), "precision".into()];
        self.config.train.metrics_kimg = kimg(2);
        self.config.train.metrics_samples = 8;
        self
    }

    /// The same with another number of steps.
    pub(crate) fn lasting(mut self, steps: u64) -> Self {
        self.config.train.max_kimg = kimg(steps);
        self
    }

    pub(crate) fn layout(&self) -> Layout {
        Layout::new(self.root.path(), &self.config.paths)
    }

    pub(crate) fn run_folder(&self) -> RunLayout {
        let dataset = Dataset::open(&self.layout().dataset()).unwrap();
        self.layout().run(&self.config.run_id(&dataset.hash()))
    }

    /// Trains to the end.
    pub(crate) fn train(&self) -> Result<Report, TrainError> {
        self.train_watched(&Silent, &Interrupt::default())
    }

    pub(crate) fn train_watched(&self, progress: &dyn Progress, interrupt: &Interrupt) -> Result<Report, TrainError> {
        Train::run(&Context { config: &self.config, layout: &self.layout(), progress, interrupt }, &Default::default())
    }

    /// The real program on the same configuration.
    pub(crate) fn program(&self) -> Command {
        let file = self.root.path().join("pipeline.toml");
        fs::write(&file, self.config.to_toml()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_trainer"));
        command.arg("--config").arg(file).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// What the run left that must not depend on how it came about.
    pub(crate) fn result(&self) -> Outcome {
        let run = self.run_folder();
        let text = fs::read_to_string(run.metrics()).unwrap();
        let metrics = text.lines().map(|line| without_rate(serde_json::from_str(line).unwrap())).collect();
        let samples = files(run.samples()).into_iter().map(|path| fs::read(path).unwrap()).collect();
        let best = BestGenerator::read(&run).unwrap();
        let weights = run.best_generator().exists().then(|| ContentHash::of_file(&run.best_generator()).unwrap());
        assert_eq!(best.as_ref().map(|best| best.generator), weights);
        Outcome { generator: ContentHash::of_file(&run.generator()).unwrap(), metrics, samples, best }
    }

    /// The checkpoints' names, oldest first.
    pub(crate) fn checkpoints(&self) -> Vec<String> {
        let names = files(self.run_folder().checkpoints()).into_iter();
        names.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
    }
}

/// What a run leaves, but for its rates.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) generator: ContentHash,
    pub(crate) metrics: Vec<Value>,
    pub(crate) samples: Vec<Vec<u8>>,
    pub(crate) best: Option<BestGenerator>,
}

/// The images of so many steps, in thousands.
pub(crate) fn kimg(steps: u64) -> f64 {
    (steps * BATCH) as f64 / 1000.0
}

/// What a folder holds, sorted.
pub(crate) fn files(folder: PathBuf) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

/// Writes discs of many colours on many grounds.
pub(crate) fn write_dataset(layout: &Layout, rows: usize) {
    let shape = ImageShape::new(SIDE);
    publish::publish_folder::<dataset::DatasetError>(&layout.dataset(), |folder| {
        let mut writer = Writer::create(folder, shape, Limits::default())?;
        for number in 0..rows + 1 {
            let split = if number == rows { SplitName::Holdout } else { SplitName::Train };
            writer.push(split, &row(number), &shape.encode(&disc(number))?)?;
        }
        writer.finish()?;
        Ok(())
    })
    .unwrap();
}

fn row(number: usize) -> Row {
    Row {
        path: format!("{number}.png"),
        // Of two classes, and some of none, which recipes without classes do not look at.
        label: [Some(0), Some(1), None][number % 3],
        face: None,
        picture: ContentHash::of(&number.to_le_bytes()),
        post: Some(format!("mini:{}", number / 2).parse().unwrap()),
        source_url: None,
        rating: None,
        tags: Vec::new(),
        pixel_box: None,
        angle: None,
        score: None,
        dhash: Dhash(number as u64),
    }
}

fn disc(number: usize) -> Vec<u8> {
    let side = SIDE as usize;
    let centre = side / 4 + number % (side / 2);
    let inside = |x: usize, y: usize| x.abs_diff(centre).pow(2) + y.abs_diff(side / 2).pow(2) < 16;
    let colour = |x, y| if inside(x, y) { [250, (number * 20) as u8, 30] } else { [20, 60, (number * 23) as u8] };
    (0..side * side).flat_map(|at| colour(at % side, at / side)).collect()
}

fn without_rate(mut line: Value) -> Value {
    let removed = line.as_object_mut().unwrap().remove("images_per_second");
    assert!(removed.is_some() != line.get("network").is_some(), "a step's line has a rate, and no other has: {line}");
    line
}
