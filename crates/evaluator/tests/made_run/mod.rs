//! A run with everything that a page shows, made without training anything. Whatever a site could send is hostile.
#![allow(dead_code, reason = "each test uses its part")]

use std::{collections::BTreeMap, path::PathBuf};

use contracts::{
    Config, Context, Layout, Report, Stage as _, StageId,
    hash::ContentHash,
    id::{FaceId, RunId},
    layout::RunLayout,
    manifest::{self, Header},
    options::ReportOptions,
    publish,
    record::{FaceRecord, PictureRecord, Record},
    report::Dropped,
    stage::{Interrupt, Silent},
};
use dataset::{Dataset, Dhash, ImageShape, Limits, Row, SplitName, Writer};
use evaluator::{
    ReportError, WriteReport,
    evaluation::{
        Distance, Evaluation, FORMAT, NearFace, Neighbours, NetworkMetrics, SampleNeighbours, SlicedWasserstein,
        VERSION, Walks,
    },
};
use metrics::{Measurement, Metric, Warning};
use pictures::{Encoding, Rgb};

/// What a site sends as an author, a tag and a file's name.
pub(crate) const HOSTILE: &str =
    "\u{202e}\u{1b}[2J\u{200b}\"><script>window.attacked=1</script><img src=x onerror=window.attacked=1>";

const SIDE: u32 = 32;
const POSTS: usize = 12;

/// A pipeline's folder with the run in it.
pub(crate) struct MadeRun {
    root: tempfile::TempDir,
    pub(crate) config: Config,
    pub(crate) layout: Layout,
}

impl MadeRun {
    /// Makes the run, with a film of so many grids of a side in pixels.
    pub(crate) fn new(grids: u64, grid_side: u32) -> Self {
        let root = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.pack.resolution = SIDE;
        (config.train.recipe, config.train.batch_size) = ("dcgan".into(), 64);
        config.report.title = format!("Faces & {HOSTILE}");
        let layout = Layout::new(root.path(), &config.paths);
        let made = Self { root, config, layout };
        made.write_records();
        made.write_dataset();
        made.write_reports();
        made.write_run(&made.run_id(), grids, grid_side, 40.0);
        made
    }

    /// A second run beside the first, with another setting.
    pub(crate) fn with_second_run(self, id: &str) -> Self {
        let id = id.parse().unwrap();
        self.write_run(&id, 3, 64, 31.5);
        let text = self.config.to_toml().replace("batch_size = 64", "batch_size = 16");
        publish::write_file(&self.layout.run(&id).config(), text.as_bytes()).unwrap();
        self
    }

    pub(crate) fn run_id(&self) -> RunId {
        self.config.run_id(&Dataset::open(&self.layout.dataset()).unwrap().hash())
    }

    pub(crate) fn files(&self) -> RunLayout {
        self.layout.run(&self.run_id())
    }

    /// Runs the report stage; the report and the page.
    pub(crate) fn report(&self) -> (Report, String) {
        let report = self.with_context(|context| WriteReport::run(context, &ReportOptions::default())).unwrap();
        (report, std::fs::read_to_string(self.files().report_page()).unwrap())
    }

    /// Compares runs by name; where the page is.
    pub(crate) fn compare(&self, runs: &[&str], out: Option<PathBuf>) -> Result<PathBuf, ReportError> {
        let options = ReportOptions { compare: runs.iter().map(ToString::to_string).collect(), out };
        self.with_context(|context| WriteReport::answer(context, &options)).map(PathBuf::from)
    }

    fn with_context<T>(&self, work: impl FnOnce(&Context<'_>) -> T) -> T {
        let interrupt = Interrupt::default();
        work(&Context { config: &self.config, layout: &self.layout, progress: &Silent, interrupt: &interrupt })
    }

    fn write_records(&self) {
        let mut pictures: Vec<PictureRecord> = (1..=POSTS).map(picture_record).collect();
        write_manifest(&self.layout.raw_manifest(), &mut pictures);
        let mut faces: Vec<FaceRecord> = (1..=POSTS).map(face_record).collect();
        for (index, face) in faces.iter().enumerate() {
            let crop = picture(48, index as u8).encode(Encoding::Png).unwrap();
            publish::write_file(&self.layout.face(&face.file), &crop).unwrap();
        }
        let list = format!(
            "# legend\n0\t{}\tNB\t6\t0.1\t20\t3\t40\n1\t{}\t\t40\t4\t60\t30\t90\n",
            faces[2].file, faces[3].file
        );
        publish::write_file(&self.layout.faces_contact_list(0), list.as_bytes()).unwrap();
        write_manifest(&self.layout.faces_manifest(), &mut faces);
    }

    fn write_dataset(&self) {
        let (folder, shape) = (self.layout.dataset(), ImageShape::new(SIDE));
        publish::create_folder(&folder).unwrap();
        let mut writer = Writer::create(&folder, shape, Limits::default()).unwrap();
        for number in 1..=POSTS {
            let split = if number > 2 { SplitName::Train } else { SplitName::Holdout };
            let image = shape.encode(picture(SIDE, number as u8).bytes()).unwrap();
            writer.push(split, &row(number), &image).unwrap();
        }
        writer.finish().unwrap();
    }

    fn write_reports(&self) {
        for (stage, taken, kept) in [(StageId::Crawl, 1234, 40), (StageId::Crop, 40, 14), (StageId::Pack, 14, 12)] {
            let mut report = Report::new(stage);
            (report.taken, report.kept, report.seconds, report.bytes) = (taken, kept, 12.5, 3_500_000);
            report.dropped.push(Dropped { tag: "bad".into(), reason: format!("not wanted {HOSTILE}"), count: 2 });
            report.warnings.push(HOSTILE.into());
            report.write(&self.layout).unwrap();
        }
    }

    fn write_run(&self, id: &RunId, grids: u64, grid_side: u32, frechet: f64) {
        let files = self.layout.run(id);
        let write = |path: PathBuf, bytes: &[u8]| publish::write_file(&path, bytes).unwrap();
        write(files.config(), self.config.to_toml().as_bytes());
        write(files.generator(), b"weights");
        for grid in 0..grids {
            write(files.sample(grid * 1000), &picture(grid_side, grid as u8).encode(Encoding::Png).unwrap());
        }
        let line = |step: u64| {
            let kimg = step as f64 / 20.0;
            let loss = 5.0 * (-kimg / 2.0).exp() + 0.01;
            format!(
                "{{\"step\":{step},\"images\":{},\"kimg\":{kimg},\"loss_discriminator\":{loss},\"loss_generator\":{},\"score_real\":0.75,\
                 \"score_fake\":0.25,\"images_per_second\":250.0}}\n",
                step * 50,
                2.0 * loss
            )
        };
        write(files.metrics(), (1..=100).map(line).collect::<String>().as_bytes());
        let weights = ContentHash::of(b"weights");
        let provenance = serde_json::json!({
            "format": "nijigen-provenance", "version": 1, "run": id, "seed": 7, "batch_size": 64, "device": "cpu",
            "dataset": { "hash": Dataset::open(&self.layout.dataset()).unwrap().hash(), "resolution": SIDE, "train_rows": 10, "train_posts": 10 },
            "recipe": gan::Recipe::named("dcgan").unwrap(), "trainer_version": "0.1.0", "steps": 100, "images_shown": 5000,
            "rollbacks": 0, "epochs": 500.0, "generator": weights,
        });
        write(files.provenance(), provenance.to_string().as_bytes());
        write(files.evaluation_metrics(), serde_json::to_string(&evaluation(id, weights, frechet)).unwrap().as_bytes());
        write(files.evaluation_reals(), &picture(64, 3).encode(Encoding::Png).unwrap());
        write(files.evaluation_walks(), &picture(96, 4).encode(Encoding::Png).unwrap());
        write(files.evaluation_neighbours(), serde_json::to_string(&neighbours(id, weights)).unwrap().as_bytes());
        let sheet = Rgb::from_fn(3 * SIDE, SIDE, |x, y| [x as u8, y as u8, 99]);
        write(files.evaluation_neighbours_sheet(), &sheet.encode(Encoding::Png).unwrap());
    }
}

fn write_manifest<R: Record>(path: &std::path::Path, records: &mut [R]) {
    manifest::write(path, &Header::new::<R>("0.1.0", None, BTreeMap::new(), 1), records).unwrap();
}

/// A picture that no encoder makes small.
pub(crate) fn picture(side: u32, seed: u8) -> Rgb {
    let mut state = u32::from(seed) + 1;
    Rgb::from_fn(side, side, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [a, b, c, _] = state.to_be_bytes();
        [a, b, c]
    })
}

fn picture_record(number: usize) -> PictureRecord {
    PictureRecord {
        sha256: ContentHash::of(&number.to_le_bytes()),
        post: format!("mini:{number}").parse().unwrap(),
        md5_claimed: None,
        variant: "sample".into(),
        file: "pictures/aa/a.png".into(),
        bytes: 1,
        width: 64,
        height: 64,
        stored_sides: None,
        rating: "s".into(),
        tags: vec![HOSTILE.into()],
        author: Some(if number == 1 { HOSTILE.into() } else { format!("author {}", number % 3) }),
        source_url: HOSTILE.into(),
        page_url: format!("http://mini.invalid/post/show/{number}"),
        original_source: Some(HOSTILE.into()),
    }
}

fn face_record(number: usize) -> FaceRecord {
    let picture = ContentHash::of(&number.to_le_bytes());
    FaceRecord {
        face: FaceId { picture, index: 0 },
        picture,
        post: format!("mini:{number}").parse().unwrap(),
        other_posts: vec![],
        file: format!("mini-00000/{number}.png"),
        pixel_box: [0, 0, 40, 40].into(),
        angle: 0.0,
        corners: None,
        neighbours: 9,
        score: 1.0,
        grey_std: 50.0,
        confidence: None,
        sharpness: 20.0,
        side: 40,
        pixels_sha256: None,
        rating: "s".into(),
        tags: vec![HOSTILE.into()],
        source_url: HOSTILE.into(),
    }
}

fn row(number: usize) -> Row {
    Row {
        path: format!("{number} {HOSTILE}.png"),
        label: None,
        face: None,
        picture: ContentHash::of(&number.to_le_bytes()),
        post: format!("mini:{number}").parse().ok(),
        source_url: Some(HOSTILE.into()),
        rating: Some(HOSTILE.into()),
        tags: vec![HOSTILE.into(), "solo".into()],
        pixel_box: Some([0, 0, 40, 40].into()),
        angle: Some(0.0),
        score: Some(1.0),
        dhash: Dhash(0),
    }
}

fn evaluation(run: &RunId, generator: ContentHash, frechet: f64) -> Evaluation {
    let measurement = |metric, value| Measurement {
        metric,
        value,
        interval: Some([value * 0.9, value * 1.1]),
        baseline: Some(value / 2.0),
        counts: [100, 100],
        seed: 1,
        warning: Some(Warning::FewImages { count: 100, telling: 1000 }),
    };
    let measurements = vec![measurement(Metric::Frechet, frechet), measurement(Metric::Recall, 0.5)];
    let distances = SlicedWasserstein {
        images: 100,
        holdout: Distance::of(&[32, 16], &[vec![10.0, 20.0], vec![12.0, 22.0]]),
        train: None,
        baseline: Distance::of(&[32, 16], &[vec![1.0, 2.0]]),
    };
    Evaluation {
        format: FORMAT.into(),
        version: VERSION,
        run: run.clone(),
        dataset: ContentHash::of(b"dataset"),
        generator,
        seed: 7,
        side: SIDE as usize,
        generated: 200,
        sliced_wasserstein: Some(distances),
        features: vec![NetworkMetrics { network: "random-1".into(), weights: None, measurements }],
        images: vec![],
        copying: None,
        walks: Some(Walks { stops: vec![vec![0, 1]], frames: 3 }),
        classes: Vec::new(),
    }
}

fn neighbours(run: &RunId, generator: ContentHash) -> Neighbours {
    let face = |number: usize| NearFace {
        row: number,
        distance: 12.5,
        path: HOSTILE.into(),
        post: format!("mini:{number}").parse().ok(),
        source_url: Some(HOSTILE.into()),
    };
    Neighbours {
        format: Neighbours::FORMAT.into(),
        version: Neighbours::VERSION,
        run: run.clone(),
        generator,
        side: SIDE as usize,
        samples: vec![SampleNeighbours { sample: 0, nearest: vec![face(3), face(4)] }],
    }
}
