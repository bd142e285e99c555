//! Pictures and pipelines to pack, made on the spot.
#![allow(clippy::unwrap_used, dead_code, reason = "test material; not every user of it needs all")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use contracts::{
    Config, ContentHash, Context, Layout, Report, Stage,
    crops::FacesTarWriter,
    id::FaceId,
    manifest::{self, Header},
    options::PackOptions,
    record::FaceRecord,
    stage::{Interrupt, Progress, Silent},
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

    /// One with faces, which have no classes, and with pictures that have some.
    pub(crate) fn with_some_classes() -> Self {
        let mut pipeline = Self::with_faces(10);
        pipeline.add_classes();
        pipeline
    }

    /// One with pictures that all have classes.
    pub(crate) fn with_classes() -> Self {
        let mut pipeline = Self::new();
        pipeline.config.pack.sources.clear();
        pipeline.add_classes();
        pipeline
    }

    fn add_classes(&mut self) {
        let mut tar = tar::Builder::new(fs::File::create(self.path("classes.tar")).unwrap());
        for number in 0..10 {
            self.save("sample.png", &picture(100 + number, 24, 24));
            tar.append_path_with_name(self.path("sample.png"), format!("{number}.png")).unwrap();
            fs::write(self.path("class"), (number % 3).to_string()).unwrap();
            tar.append_path_with_name(self.path("class"), format!("{number}.cls")).unwrap();
        }
        tar.finish().unwrap();
        self.config.pack.sources.push(self.text("classes.tar"));
    }

    /// One with `count` distinct faces, two of each post.
    pub(crate) fn with_faces(count: u64) -> Self {
        Self::with_these_faces((0..count).collect())
    }

    /// One with a distinct face of each of the posts.
    pub(crate) fn with_faces_of_posts(posts: &[u64]) -> Self {
        Self::with_these_faces(posts.iter().map(|post| post * 2).collect())
    }

    fn with_these_faces(numbers: Vec<u64>) -> Self {
        let pipeline = Self::new();
        let mut records: Vec<FaceRecord> = numbers.iter().map(|number| face(*number)).collect();
        for (number, record) in numbers.iter().zip(&records) {
            pipeline.save(&format!("data/faces/{}", record.file), &picture(*number, 24, 24));
        }
        // As the crop stage does, every other one; earlier versions did not.
        for (number, record) in numbers.iter().zip(&mut records).step_by(2) {
            let blue_first: Vec<u8> =
                picture(*number, 24, 24).pixels().flat_map(|p| [p.0[2], p.0[1], p.0[0]]).collect();
            record.pixels_sha256 = Some(ContentHash::of(&blue_first));
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

    /// Puts all faces that are files into tars, a shard each, as the crop stage does.
    pub(crate) fn move_faces_into_tars(&self) {
        for folder in fs::read_dir(self.layout().faces()).unwrap().map(|entry| entry.unwrap().path()) {
            if !folder.is_dir() {
                continue;
            }
            let tar = FacesTarWriter::create(&folder).unwrap();
            for path in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
                if path.extension().is_some_and(|extension| extension == "png") {
                    tar.add(path.file_name().unwrap().to_str().unwrap(), &fs::read(&path).unwrap()).unwrap();
                    fs::remove_file(path).unwrap();
                }
            }
            tar.finish().unwrap();
        }
    }

    /// Packs within this process.
    pub(crate) fn pack(&self) -> Result<Report, PackError> {
        self.pack_unless(&Interrupt::default())
    }

    pub(crate) fn pack_unless(&self, interrupt: &Interrupt) -> Result<Report, PackError> {
        self.run(&Silent, interrupt, &PackOptions::default())
    }

    pub(crate) fn pack_with(&self, interrupt: &Interrupt, progress: &dyn Progress) -> Result<Report, PackError> {
        self.run(progress, interrupt, &PackOptions::default())
    }

    pub(crate) fn pack_share(&self, share: &str) -> Result<Report, PackError> {
        let options = PackOptions { shard: Some(share.parse().unwrap()), ..PackOptions::default() };
        self.run(&Silent, &Interrupt::default(), &options)
    }

    /// Packs, however many faces have gone.
    pub(crate) fn pack_accepting_deletions(&self) -> Result<Report, PackError> {
        let options = PackOptions { accept_deletions: true, ..PackOptions::default() };
        self.run(&Silent, &Interrupt::default(), &options)
    }

    /// Asks something of the dataset.
    pub(crate) fn ask(&self, options: PackOptions) -> Result<String, PackError> {
        let (layout, interrupt) = (self.layout(), Interrupt::default());
        Pack::answer(
            &Context { config: &self.config, layout: &layout, progress: &Silent, interrupt: &interrupt },
            &options,
        )
    }

    fn run(&self, progress: &dyn Progress, interrupt: &Interrupt, options: &PackOptions) -> Result<Report, PackError> {
        let layout = self.layout();
        Pack::run(&Context { config: &self.config, layout: &layout, progress, interrupt }, options)
    }

    pub(crate) fn dataset(&self) -> Dataset {
        let dataset = Dataset::open(&self.layout().dataset()).unwrap();
        dataset.verify().unwrap();
        dataset
    }

    /// Every file of the dataset with its hash.
    pub(crate) fn dataset_files(&self) -> BTreeMap<PathBuf, ContentHash> {
        self.files_below(&self.layout().dataset())
    }

    /// Every file below a folder of the pipeline with its hash; none where there is no such folder.
    pub(crate) fn files_below(&self, folder: &Path) -> BTreeMap<PathBuf, ContentHash> {
        let mut files = BTreeMap::new();
        if folder.exists() {
            collect(folder, &mut files);
        }
        files.into_iter().map(|(path, hash)| (path.strip_prefix(self.root.path()).unwrap().into(), hash)).collect()
    }
}

/// Writes a dataset in these forms and as StyleGAN's zip into a folder, and another, in which all images have classes, as such a
/// zip too. Returns both.
pub(crate) fn export_all(folder: &Path, forms: &[&str]) -> [Pipeline; 2] {
    let (some, all) = (Pipeline::with_some_classes(), Pipeline::with_classes());
    fs::create_dir_all(folder).unwrap();
    let export = |pipeline: &Pipeline, form: &str, name: &str| {
        let options = PackOptions { export: form.parse().ok(), out: Some(folder.join(name)), ..PackOptions::default() };
        pipeline.ask(options).unwrap();
    };
    for pipeline in [&some, &all] {
        pipeline.pack().unwrap();
    }
    for form in forms {
        export(&some, form, form);
    }
    export(&some, "stylegan-zip", "stylegan.zip");
    export(&all, "stylegan-zip", "stylegan-classes.zip");
    [some, all]
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
        other_posts: Vec::new(),
        pixel_box: [number as i32 % 2 * 100, 10, 80, 80].into(),
        angle: if number % 4 == 3 { -15.0 } else { 0.0 },
        corners: None,
        neighbours: 5,
        score: 1.5,
        grey_std: 30.0,
        confidence: None,
        sharpness: 9.0,
        pixels_sha256: None,
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
