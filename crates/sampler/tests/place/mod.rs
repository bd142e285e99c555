//! A small run and a small dataset, and the program in their folder.
#![allow(dead_code, reason = "no test uses all of it")]

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use contracts::{ContentHash, Layout, config::PathsConfig, layout::RunLayout, publish};
use dataset::{Dhash, ImageShape, Limits, Row, SplitName, Writer};
use gan::{Classes, Recipe};
use generator::{Device, TrainedGenerator};
use pictures::{Alpha, Narrowing, PictureFile, Rgb};
use tempfile::TempDir;

pub(crate) const RUN: &str = "dcgan-32px-0a1b2c3d";
pub(crate) const SIDE: u32 = 32;
pub(crate) const FACES: usize = 40;

/// A folder with a configuration, a run and a dataset whose faces are samples of that run, of alternating tags.
pub(crate) struct Place {
    pub(crate) root: TempDir,
    pub(crate) layout: Layout,
    pub(crate) run: RunLayout,
}

impl Place {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("pipeline.toml"), "").unwrap();
        let layout = Layout::new(root.path(), &PathsConfig::default());
        let run = layout.run(&RUN.parse().unwrap());
        let place = Self { root, layout, run };
        place.write_run();
        place.write_dataset();
        place
    }

    pub(crate) fn write_run(&self) {
        self.write_run_of("dcgan", &Classes::default());
    }

    /// In place of the run's networks others, which know two classes.
    pub(crate) fn write_conditional(&self) {
        self.write_run_of("conditional", &Classes::new(vec!["hat".into(), "bow".into()], [Some(0), Some(1)]));
    }

    fn write_run_of(&self, recipe: &str, classes: &Classes) {
        // Weights wide enough for images that differ.
        let narrow = "generator.base_channels = 2\ndiscriminator.base_channels = 2\nlatent.size = 6\n\
                      initialization.weight_std = 0.2";
        let recipe = Recipe::named(recipe).unwrap().with_overrides(&narrow.parse().unwrap()).unwrap();
        let device = Device::flex();
        let generator = recipe.generator_of(classes, SIDE, 1, &device).unwrap().to_safetensors().unwrap();
        let discriminator = recipe.discriminator_of(classes, SIDE, 1, &device).unwrap().to_safetensors().unwrap();
        publish::write_file(&self.run.generator(), &generator).unwrap();
        publish::write_file(&self.at("discriminator.safetensors"), &discriminator).unwrap();
        publish::write_file(&self.run.recipe(), recipe.to_toml().as_bytes()).unwrap();
        let provenance = serde_json::json!({
            "run": RUN, "generator": ContentHash::of(&generator), "dataset": { "hash": "0123", "train_rows": FACES },
        });
        publish::write_file(&self.run.provenance(), provenance.to_string().as_bytes()).unwrap();
        publish::write_file(&self.run.sample(10), b"a picture").unwrap();
        publish::point_at(&self.layout.latest_run(), RUN).unwrap();
    }

    pub(crate) fn write_dataset(&self) {
        let limits = Limits { batch_rows: 16, batch_bytes: usize::MAX, shard_bytes: 1 << 20 };
        let shape = ImageShape::new(SIDE);
        let mut writer = Writer::create(&self.layout.dataset(), shape, limits).unwrap();
        for (number, image) in (0..FACES).zip(self.generator().sample(0, 0..FACES as u64).unwrap()) {
            let row = Row {
                path: format!("{number}.png"),
                label: None,
                face: None,
                picture: ContentHash::of(&number.to_le_bytes()),
                post: Some(format!("mini:{number}").parse().unwrap()),
                source_url: Some(format!("http://mini.invalid/{number}.png")),
                rating: None,
                tags: vec![["hat", "bow"][number % 2].to_owned()],
                pixel_box: None,
                angle: None,
                score: None,
                dhash: Dhash::default(),
            };
            writer.push(SplitName::Train, &row, &shape.encode(image.bytes()).unwrap()).unwrap();
        }
        writer.finish().unwrap();
    }

    pub(crate) fn generator(&self) -> TrainedGenerator {
        TrainedGenerator::open(self.run.root(), &Device::flex()).unwrap()
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn run(&self, line: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sampler"));
        // An argument with blanks is put in bars.
        let mut arguments = Vec::new();
        for (index, part) in line.split('|').enumerate() {
            if index % 2 == 1 { arguments.push(part) } else { arguments.extend(part.split_whitespace()) }
        }
        command.args(arguments).current_dir(self.root.path()).output().unwrap()
    }

    #[track_caller]
    pub(crate) fn works(&self, line: &str) -> String {
        let output = self.run(line);
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    pub(crate) fn fails(&self, line: &str, part: &str) {
        let output = self.run(line);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && error.contains(part), "{line}: {error}");
    }

    pub(crate) fn image(&self, name: &str) -> Rgb {
        decode(&fs::read(self.at(name)).unwrap())
    }
}

pub(crate) fn decode(file: &[u8]) -> Rgb {
    PictureFile::open(file, 1 << 24).unwrap().decode(Alpha::Drop, Narrowing::Nearest).unwrap()
}
