//! Pictures and pipelines to pack, made on the spot.
#![allow(clippy::unwrap_used, dead_code, reason = "test material; not every user of it needs all")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use contracts::{
    Config, ContentHash, Context, Layout, Report, Stage,
    id::FaceId,
    manifest::{self, Header},
    record::FaceRecord,
    stage::{Interrupt, Silent},
};
use dataset::Dataset;
use dataset_packer::{Pack, PackError};
use image::{Rgb, RgbImage, imageops::FilterType};
use tempfile::TempDir;

/// A picture that looks like no other: coarse noise, scaled up.
pub(crate) fn picture(seed: u64, width: u32, height: u32) -> RgbImage {
    let noise = |x: u32, y: u32, channel: u64| {
        let hash = ContentHash::of(&[seed, u64::from(x), u64::from(y), channel].map(u64::to_le_bytes).concat());
        hash.bytes()[0]
    };
    let coarse = RgbImage::from_fn(9, 9, |x, y| Rgb([0, 1, 2].map(|channel| noise(x, y, channel))));
    image::imageops::resize(&coarse, width, height, FilterType::Triangle)
}

/// A pipeline in a folder of its own.
pub(crate) struct Pipeline {
    root: TempDir,
    pub(crate) config: Config,
}

impl Pipeline {
    /// An empty one, which packs to 16 pixels.
    pub(crate) fn new() -> Self {
        let mut config = Config::default();
        config.pack.resolution = 16;
        config.pack.holdout = 0.2;
        Self { root: tempfile::tempdir().unwrap(), config }
    }

    /// One with a folder of `count` distinct pictures as its only source.
    pub(crate) fn with_pictures(count: u64) -> Self {
        let mut pipeline = Self::new();
        for number in 0..count {
            pipeline.save(&format!("pictures/{number:03}.png"), &picture(number, 40, 30));
        }
        pipeline.config.pack.sources = vec![pipeline.text("pictures")];
        pipeline
    }

    /// One with `count` distinct faces, two of each post.
    pub(crate) fn with_faces(count: u64) -> Self {
        let pipeline = Self::new();
        let mut records: Vec<FaceRecord> = (0..count).map(face).collect();
        for (number, record) in records.iter().enumerate() {
            pipeline.save(&format!("data/faces/{}", record.file), &picture(number as u64, 24, 24));
        }
        let header = Header::new::<FaceRecord>("test", None, BTreeMap::new(), 1);
        manifest::write(&pipeline.layout().faces_manifest(), &header, &mut records).unwrap();
        pipeline
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn layout(&self) -> Layout {
        Layout::new(self.root.path(), &self.config.paths)
    }

    pub(crate) fn save(&self, name: &str, picture: &RgbImage) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        picture.save(self.path(name)).unwrap();
    }

    /// Packs within this process.
    pub(crate) fn pack(&self) -> Result<Report, PackError> {
        self.pack_unless(&Interrupt::default())
    }

    pub(crate) fn pack_unless(&self, interrupt: &Interrupt) -> Result<Report, PackError> {
        let layout = self.layout();
        Pack::run(&Context { config: &self.config, layout: &layout, progress: &Silent, interrupt }, &Default::default())
    }

    pub(crate) fn dataset(&self) -> Dataset {
        let dataset = Dataset::open(&self.layout().dataset()).unwrap();
        dataset.verify().unwrap();
        dataset
    }

    /// Every file of the dataset with its hash.
    pub(crate) fn dataset_files(&self) -> BTreeMap<PathBuf, ContentHash> {
        let mut files = BTreeMap::new();
        collect(&self.layout().dataset(), &mut files);
        files.into_iter().map(|(path, hash)| (path.strip_prefix(self.root.path()).unwrap().into(), hash)).collect()
    }
}

/// The record of face `number`.
pub(crate) fn face(number: u64) -> FaceRecord {
    let picture = ContentHash::of(&(number / 2).to_le_bytes());
    let face = FaceId { picture, index: (number % 2) as u32 };
    FaceRecord {
        file: format!("mini-00000/{face}.png"),
        face,
        picture,
        post: format!("mini:{}", number / 2).parse().unwrap(),
        also_posts: Vec::new(),
        pixel_box: [number as i32 % 2 * 100, 10, 80, 80].into(),
        neighbours: 5,
        score: 1.5,
        side: 80,
        rating: "s".into(),
        tags: vec!["solo".into()],
        source_url: format!("http://mini.invalid/{number}.png"),
    }
}

fn collect(folder: &Path, files: &mut BTreeMap<PathBuf, ContentHash>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        match entry.path().is_dir() {
            true => collect(&entry.path(), files),
            false => drop(files.insert(entry.path(), ContentHash::of_file(&entry.path()).unwrap())),
        }
    }
}
