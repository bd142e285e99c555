//! Pictures, a cascade and a whole data folder for the tests.
#![allow(dead_code, reason = "each test program takes what it needs")]

pub(crate) mod cascades;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use contracts::config::{Alpha, CropConfig, Engine as Kind};
use contracts::{
    Config, ContentHash, Context, Layout, Report, Stage,
    cascade::{EMBEDDED, NAME},
    manifest::{self, Header},
    options::CropOptions,
    publish,
    record::{FaceRecord, PictureRecord},
    stage::{Interrupt, Silent},
};
use face_cropper::{Crop, CropError, engine::Engine};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use mini_booru::painter;
use pictures::{Grey, PictureFile};

/// A cascade of two features: it accepts a window with a bright, even middle and nothing as bright around it.
pub(crate) const SPOT_CASCADE: &str = include_str!("spot.xml");

/// The folder of test material that the environment names; where it names none, says what was skipped.
pub(crate) fn shared(what: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("NIJIGEN_SHARED").map(|folder| PathBuf::from(folder).join("data"));
    let folder = folder.filter(|folder| folder.is_dir());
    if folder.is_none() {
        eprintln!("skipped {what}: NIJIGEN_SHARED names no folder of test material");
    }
    folder
}

/// The real pictures, by name.
pub(crate) fn pictures(shared: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(shared.join("pictures")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// The grey plane of a picture file.
pub(crate) fn grey(engine: &mut dyn Engine, path: &Path) -> Grey {
    let bytes = fs::read(path).unwrap();
    let picture = engine.decode(&opened(&bytes), Alpha::Drop).unwrap();
    engine.grey(&picture).unwrap()
}

/// A picture file of any size.
pub(crate) fn opened(bytes: &[u8]) -> PictureFile<'_> {
    PictureFile::open(bytes, u64::MAX).unwrap()
}

/// The reference engine where it was built.
pub(crate) const ENGINE: Kind = if cfg!(feature = "opencv") { Kind::Opencv } else { Kind::Native };

/// A dark picture with bright square spots: x, y and side of each.
pub(crate) fn spots(width: u32, height: u32, spots: &[[u32; 3]]) -> Vec<u8> {
    let inside =
        |[left, top, side]: &[u32; 3], x, y| (*left..left + side).contains(&x) && (*top..top + side).contains(&y);
    let level = |x, y| if spots.iter().any(|spot| inside(spot, x, y)) { 220 } else { 40 };
    encoded(&RgbImage::from_fn(width, height, |x, y| Rgb([level(x, y); 3])).into(), ImageFormat::Png)
}

/// A picture as a file of the given format.
pub(crate) fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut file, format).unwrap();
    file.into_inner()
}

/// A pipeline's folder with some crawled pictures and the spot cascade.
pub(crate) struct Scene {
    root: tempfile::TempDir,
    pub(crate) config: Config,
    records: Vec<PictureRecord>,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let cascade = root.path().join("spot.xml");
        fs::write(&cascade, SPOT_CASCADE).unwrap();
        let cascade = cascade.to_string_lossy().into_owned();
        let crop = CropConfig { engine: ENGINE, cascade, ..CropConfig::reference() };
        let config = Config { crop, ..Config::default() };
        Self { root, config, records: Vec::new() }
    }

    /// Three pictures in two shards with 1, 2 and 0 spots.
    pub(crate) fn with_spots() -> Self {
        let mut scene = Self::new();
        scene.add("mini:1", &spots(300, 200, &[[120, 70, 60]]));
        scene.add("mini:2", &spots(600, 300, &[[100, 100, 70], [400, 120, 60]]));
        scene.add("mini:5000", &spots(300, 200, &[]));
        scene
    }

    /// Ten painted pictures with faces, a shard each, and what is done with pictures where nobody says otherwise: the judge
    /// decides, at three angles.
    pub(crate) fn painted() -> Self {
        let crop = CropConfig { min_size: 24, size: 32, ..CropConfig::default() };
        let root = tempfile::tempdir().unwrap();
        let mut scene = Self { root, config: Config { crop, ..Config::default() }, records: Vec::new() };
        let with_faces = (0..).map(|index| painter::paint(1, index)).filter(|painting| !painting.faces.is_empty());
        for (index, painting) in with_faces.take(10).enumerate() {
            let picture = RgbImage::from_raw(painting.width, painting.height, painting.rgb).unwrap();
            let small = DynamicImage::from(picture).thumbnail(300, 300);
            scene.add(&format!("mini:{}", 1024 * index + 1), &encoded(&small, ImageFormat::Png));
        }
        scene
    }

    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn layout(&self) -> Layout {
        Layout::new(self.root(), &self.config.paths)
    }

    /// Adds a post with a picture; the manifest holds it from now on.
    pub(crate) fn add(&mut self, post: &str, file: &[u8]) -> ContentHash {
        let hash = ContentHash::of(file);
        let name = Layout::raw_file(&hash, "png");
        publish::write_file(&self.raw_path(&name), file).unwrap();
        self.records.push(PictureRecord {
            sha256: hash,
            post: post.parse().unwrap(),
            md5_claimed: None,
            variant: "sample".into(),
            file: name,
            bytes: file.len() as u64,
            width: 1,
            height: 1,
            stored_sides: None,
            rating: "s".into(),
            tags: vec![format!("tag_of_{}", post.replace(':', "_"))],
            author: None,
            source_url: format!("http://mini.invalid/{post}.png"),
            page_url: String::new(),
            original_source: None,
        });
        self.write_raw_manifest();
        hash
    }

    /// Takes a post out of the manifest again.
    pub(crate) fn forget(&mut self, post: &str) {
        self.records.retain(|record| record.post != post.parse().unwrap());
        self.write_raw_manifest();
    }

    pub(crate) fn picture_file(&self, hash: ContentHash) -> PathBuf {
        self.raw_path(&Layout::raw_file(&hash, "png"))
    }

    pub(crate) fn write_raw_manifest(&self) {
        let header = Header::new::<PictureRecord>("test", None, BTreeMap::new(), 1);
        manifest::write(&self.layout().raw_manifest(), &header, &mut self.records.clone()).unwrap();
    }

    pub(crate) fn run(&self) -> Result<Report, CropError> {
        self.run_until(&Interrupt::default())
    }

    /// Does a share of the work.
    pub(crate) fn run_share(&self, share: &str) -> Result<Report, CropError> {
        self.run_with(&CropOptions { shard: share.parse().ok(), ..CropOptions::default() })
    }

    pub(crate) fn run_with(&self, options: &CropOptions) -> Result<Report, CropError> {
        let (layout, interrupt) = (self.layout(), Interrupt::default());
        let context = Context { config: &self.config, layout: &layout, progress: &Silent, interrupt: &interrupt };
        Crop::run(&context, options)
    }

    pub(crate) fn run_until(&self, interrupt: &Interrupt) -> Result<Report, CropError> {
        let layout = self.layout();
        Crop::run(&Context { config: &self.config, layout: &layout, progress: &Silent, interrupt }, &Default::default())
    }

    /// How many pictures there are.
    pub(crate) fn pictures(&self) -> u64 {
        self.records.len() as u64
    }

    /// The faces manifest's records.
    pub(crate) fn faces(&self) -> Vec<FaceRecord> {
        manifest::read(&self.layout().faces_manifest()).unwrap().records
    }

    pub(crate) fn face_path(&self, face: &FaceRecord) -> PathBuf {
        self.layout().faces().join(&face.file)
    }

    /// Every file below the faces folder but the contact sheets with its content, by relative path.
    pub(crate) fn everything(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = self.with_sheets();
        files.retain(|name, _| !name.starts_with("contact/"));
        files
    }

    /// Every file below the faces folder with its content, by relative path.
    pub(crate) fn with_sheets(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(&self.layout().faces(), &self.layout().faces(), &mut files);
        files
    }

    /// The program on this scene, as the runner starts it; the environment gives the file in place of a cascade that is not embedded.
    pub(crate) fn program(&self, cascade: &Path, cache: &Path) -> Command {
        let file = self.root().join("pipeline.toml");
        let mut config = self.config.clone();
        if config.crop.cascade != EMBEDDED {
            config.crop.cascade = NAME.into();
        }
        let text = config.to_toml();
        // In one step: another program of the same scene may be reading it.
        publish::write_file(&file, text.as_bytes()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_face-cropper"));
        command.args(["--config".as_ref(), file.as_os_str()]);
        command.env("NIJIGEN_CASCADE", cascade).env("XDG_CACHE_HOME", cache);
        command
    }

    fn raw_path(&self, name: &str) -> PathBuf {
        self.layout().raw_manifest().with_file_name(name)
    }
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            collect(root, &entry.path(), files);
        } else {
            let name = entry.path().strip_prefix(root).unwrap().to_string_lossy().into_owned();
            files.insert(name, fs::read(entry.path()).unwrap());
        }
    }
}
