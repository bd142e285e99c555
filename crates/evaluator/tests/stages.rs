//! Both stages on a tiny dataset and a tiny generator, called as libraries and as programs.
#![allow(clippy::unwrap_used)]

use std::{fs, path::Path, process::Command};

use contracts::{
    Config, Context, Layout, Report, Stage, StageId,
    hash::ContentHash,
    layout::RunLayout,
    publish,
    report::{Dropped, State},
    stage::{Interrupt, Silent},
};
use dataset::{Dataset, Dhash, ImageShape, Limits, Row, SplitName, Writer};
use evaluator::{
    Evaluate, EvaluateError, ReportError, WriteReport,
    evaluation::{Evaluation, Neighbours, Walks},
};
use gan::{Classes, Philox, Recipe, Stream};
use generator::Device;
use metrics::Metric;

const SIDE: u32 = 32;

/// A pipeline's folder with a dataset, and its configuration.
struct Pipeline {
    root: tempfile::TempDir,
    config: Config,
    layout: Layout,
}

impl Pipeline {
    fn new(train: usize, holdout: usize) -> Self {
        let root = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.pack.resolution = SIDE;
        config.evaluate.samples = 20;
        config.report.title = "Faces & <noise>".into();
        let layout = Layout::new(root.path(), &config.paths);
        write_dataset(&layout.dataset(), train, holdout);
        Self { root, config, layout }
    }

    fn run_folder(&self) -> RunLayout {
        let dataset = Dataset::open(&self.layout.dataset()).unwrap();
        self.layout.run(&self.config.run_id(&dataset.hash()))
    }

    /// Puts a generator with first weights where training would leave it.
    fn with_generator(self, side: u32) -> Self {
        let recipe = Recipe::named("dcgan").unwrap();
        let narrow = recipe.with_overrides(&"generator.base_channels = 2".parse().unwrap()).unwrap();
        let weights = narrow.generator(side, 1, &Device::flex()).unwrap().to_safetensors().unwrap();
        publish::write_file(&self.run_folder().generator(), &weights).unwrap();
        self
    }

    fn run<S: Stage>(&self) -> Result<Report, S::Error> {
        self.run_interrupted_by::<S>(&Interrupt::default())
    }

    fn run_interrupted_by<S: Stage>(&self, interrupt: &Interrupt) -> Result<Report, S::Error> {
        S::run(
            &Context { config: &self.config, layout: &self.layout, progress: &Silent, interrupt },
            &Default::default(),
        )
    }

    fn run_program(&self, program: &str) -> std::process::Output {
        let file = self.root.path().join("pipeline.toml");
        fs::write(&file, self.config.to_toml()).unwrap();
        Command::new(program).arg("--config").arg(file).output().unwrap()
    }
}

fn write_dataset(folder: &Path, train: usize, holdout: usize) {
    publish::create_folder(folder).unwrap();
    let shape = ImageShape::new(SIDE);
    let mut writer = Writer::create(folder, shape, Limits::default()).unwrap();
    for number in 0..train + holdout {
        let split = if number < train { SplitName::Train } else { SplitName::Holdout };
        let pixels = pixels(number as u64, shape.values());
        writer.push(split, &row(number), &shape.encode(&pixels).unwrap()).unwrap();
    }
    writer.finish().unwrap();
}

/// Slanted shades under noise: all images are of one kind.
fn pixels(number: u64, values: usize) -> Vec<u8> {
    let mut noise = vec![0; values];
    Philox::new(number, Stream::SampleLatents).u32s(0, &mut noise);
    let shade = |i: usize| (i / 3 % SIDE as usize + i / 96) as u32;
    (0..values).map(|i| (2 * shade(i) + noise[i] % 64) as u8).collect()
}

fn row(number: usize) -> Row {
    Row {
        path: format!("{number}.png"),
        label: None,
        face: None,
        picture: ContentHash::of(&number.to_le_bytes()),
        post: number.is_multiple_of(2).then(|| format!("konachan:{number}").parse().unwrap()),
        source_url: None,
        rating: None,
        tags: vec![],
        pixel_box: None,
        angle: None,
        score: None,
        dhash: Dhash(0),
    }
}

#[test]
fn damaged_weights_and_shards_are_named_and_not_measured() {
    let pipeline = Pipeline::new(20, 5).with_generator(SIDE);
    let run = pipeline.run_folder();
    let hash = ContentHash::of_file(&run.generator()).unwrap();
    publish::write_file(&run.provenance(), format!(r#"{{"generator": "{hash}"}}"#).as_bytes()).unwrap();
    let check = |file: &Path, mend: &str| {
        let whole = fs::read(file).unwrap();
        let mut flipped = whole.clone();
        *flipped.iter_mut().rev().nth(whole.len() / 4).unwrap() ^= 1;
        fs::write(file, flipped).unwrap();
        let error = pipeline.run::<Evaluate>().unwrap_err().to_string();
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(error.contains(name) && error.contains(mend), "{error}");
        assert!(!run.evaluation_metrics().exists());
        fs::write(file, whole).unwrap();
    };
    check(&run.generator(), "cargo xtask train");
    let mut files = fs::read_dir(pipeline.layout.dataset().join("train")).unwrap().map(|entry| entry.unwrap().path());
    let shard = files.find(|path| path.extension().is_some_and(|end| end == "arrow")).unwrap();
    check(&shard, "cargo xtask pack");
    assert!(pipeline.run::<Evaluate>().is_ok());
}

#[test]
fn an_evaluation_is_the_same_bytes_every_time() {
    let pipeline = Pipeline::new(40, 6).with_generator(SIDE);
    let run = pipeline.run_folder();
    let report = pipeline.run::<Evaluate>().unwrap();
    let first = fs::read(run.evaluation_metrics()).unwrap();
    assert_eq!((report.taken, report.kept, report.dropped_in_all()), (20, 18, 2));
    assert_eq!(report.output, Some(ContentHash::of(&first)));
    assert!(report.warnings.iter().any(|warning| warning.contains("sets of 6 images")), "{:?}", report.warnings);

    let evaluation: Evaluation = serde_json::from_slice(&first).unwrap();
    let distances = evaluation.sliced_wasserstein.unwrap();
    let (holdout, baseline) = (distances.holdout.unwrap(), distances.baseline.unwrap());
    assert_eq!((distances.images, holdout.pairs, baseline.pairs), (6, 3, 3));
    assert_eq!(holdout.levels.iter().map(|level| level.side).collect::<Vec<_>>(), [32, 16]);
    assert!(holdout.mean > baseline.mean && baseline.mean > 0.0, "{holdout:?} {baseline:?}");
    assert!((report.figures["swd_floor"] - baseline.mean).abs() < 1e-9);

    publish::remove_folder(&run.evaluation()).unwrap();
    pipeline.run::<Evaluate>().unwrap();
    assert_eq!(fs::read(run.evaluation_metrics()).unwrap(), first);
}

#[test]
fn all_that_is_measured_is_beside_real_images() {
    let pipeline = Pipeline::new(40, 6).with_generator(SIDE);
    pipeline.run::<Evaluate>().unwrap();
    let run = pipeline.run_folder();
    let evaluation = Evaluation::parse(&fs::read(run.evaluation_metrics()).unwrap()).unwrap();
    let [network] = &evaluation.features[..] else { panic!("{:?}", evaluation.features) };
    assert_eq!((network.network.as_str(), network.weights), ("random-1", None));
    let found: Vec<&str> = evaluation.measurements().map(|(_, one)| one.metric.name()).collect();
    let expected =
        ["frechet", "kernel", "precision", "recall", "density", "coverage", "ms-ssim", "detector-rate", "copying"];
    assert_eq!(found, expected);
    for (_, measurement) in evaluation.measurements() {
        assert!(measurement.baseline.is_some() && measurement.warning.is_some(), "{measurement:?}");
    }
    // Weights that were not trained make other textures than the dataset's.
    let frechet = evaluation.measurement(Metric::Frechet).unwrap();
    assert!(frechet.value > 2.0 * frechet.baseline.unwrap() && frechet.counts == [18, 18], "{frechet:?}");
    let copying = evaluation.copying.unwrap();
    assert_eq!((copying.train, copying.nearer.counts, copying.of_samples.len()), (40, [6, 18], 21));
}

#[test]
fn the_nearest_training_faces_are_shown_with_their_posts() {
    let pipeline = Pipeline::new(40, 6).with_generator(SIDE);
    pipeline.run::<Evaluate>().unwrap();
    let run = pipeline.run_folder();
    let neighbours = Neighbours::parse(&fs::read(run.evaluation_neighbours()).unwrap()).unwrap();
    assert_eq!((neighbours.samples.len(), neighbours.side), (18, SIDE as usize));
    for sample in &neighbours.samples {
        assert!(sample.nearest.is_sorted_by(|a, b| a.distance <= b.distance) && sample.nearest.len() == 4);
        for face in &sample.nearest {
            assert_eq!(face.path, format!("{}.png", face.row));
            assert_eq!(
                face.post,
                face.row.is_multiple_of(2).then(|| format!("konachan:{}", face.row).parse().unwrap())
            );
        }
    }
    let sheet = image::open(run.evaluation_neighbours_sheet()).unwrap();
    assert_eq!((sheet.width(), sheet.height()), (5 * SIDE, 18 * SIDE));
    let walks = image::open(run.evaluation_walks()).unwrap();
    let evaluation = Evaluation::parse(&fs::read(run.evaluation_metrics()).unwrap()).unwrap();
    let Walks { stops, frames } = evaluation.walks.unwrap();
    assert_eq!((walks.width(), walks.height()), (frames as u32 * SIDE, stops.len() as u32 * SIDE));
    // A walk begins at the sample that the grid shows too.
    let first = walks.crop_imm(0, 0, SIDE, SIDE).into_rgb8();
    assert_eq!(first, image::open(run.evaluation_grid()).unwrap().crop_imm(0, 0, SIDE, SIDE).into_rgb8());
}

#[test]
fn a_conditional_generator_is_shown_by_class() {
    let pipeline = Pipeline::new(40, 6);
    let narrow = "generator.base_channels = 2".parse().unwrap();
    let recipe = Recipe::named("conditional").unwrap().with_overrides(&narrow).unwrap();
    let classes = Classes::new(vec!["red & <b>".into(), "blue".into()], [Some(0), Some(1), None]);
    let weights = recipe.generator_of(&classes, SIDE, 1, &Device::flex()).unwrap().to_safetensors().unwrap();
    publish::write_file(&pipeline.run_folder().generator(), &weights).unwrap();
    pipeline.run::<Evaluate>().unwrap();
    let run = pipeline.run_folder();
    let evaluation = Evaluation::parse(&fs::read(run.evaluation_metrics()).unwrap()).unwrap();
    assert_eq!(evaluation.classes, ["red & <b>", "blue", "no class"]);
    let sheet = image::open(run.evaluation_classes()).unwrap();
    assert_eq!((sheet.width(), sheet.height()), (12 * SIDE, 3 * SIDE));
    pipeline.run::<WriteReport>().unwrap();
    let page = fs::read_to_string(run.report_page()).unwrap();
    for text in ["Samples by class", "<li>red &amp; &lt;b&gt;</li><li>blue</li><li>no class</li>"] {
        assert!(page.contains(text), "{text}");
    }
}

#[test]
fn only_what_is_chosen_is_measured() {
    let mut pipeline = Pipeline::new(40, 6).with_generator(SIDE);
    pipeline.config.evaluate.metrics = vec!["recall".into(), "kernel".into()];
    let report = pipeline.run::<Evaluate>().unwrap();
    let evaluation = Evaluation::parse(&fs::read(pipeline.run_folder().evaluation_metrics()).unwrap()).unwrap();
    let found: Vec<&str> = evaluation.measurements().map(|(_, one)| one.metric.name()).collect();
    assert_eq!((found, evaluation.sliced_wasserstein, evaluation.copying), (vec!["kernel", "recall"], None, None));
    assert_eq!(
        report.figures.keys().collect::<Vec<_>>(),
        ["kernel_random-1", "kernel_random-1_baseline", "recall_random-1", "recall_random-1_baseline"]
    );

    pipeline.config.evaluate.inception = pipeline.root.path().join("inception.pth");
    let error = pipeline.run::<Evaluate>().unwrap_err().to_string();
    assert!(error.contains("cannot read") && error.contains("inception.pth"), "{error}");
}

#[test]
fn without_a_holdout_training_images_are_compared_and_it_is_said() {
    let pipeline = Pipeline::new(9, 0).with_generator(SIDE);
    let report = pipeline.run::<Evaluate>().unwrap();
    assert!(report.warnings.iter().any(|warning| warning.contains("pack.holdout")), "{:?}", report.warnings);
    assert!(report.figures.contains_key("swd_train") && report.figures.contains_key("swd_floor"));
    assert!(!report.figures.contains_key("swd_holdout"));
}

#[test]
fn a_raised_interrupt_leaves_no_evaluation() {
    let pipeline = Pipeline::new(9, 2).with_generator(SIDE);
    let interrupt = Interrupt::default();
    interrupt.raise();
    let report = pipeline.run_interrupted_by::<Evaluate>(&interrupt).unwrap();
    assert_eq!((report.state, report.kept, report.output), (State::Interrupted, 0, None));
    assert!(!pipeline.run_folder().evaluation().exists());
}

#[test]
fn what_is_not_there_is_named() {
    let pipeline = Pipeline::new(9, 2);
    let error = pipeline.run::<Evaluate>().unwrap_err();
    assert!(matches!(error, EvaluateError::NotTrained { .. }) && error.to_string().contains("train first"), "{error}");
    let error = pipeline.run::<WriteReport>().unwrap_err();
    assert!(matches!(error, ReportError::NoRun(_)), "{error}");

    let other = Pipeline::new(9, 2).with_generator(64);
    let error = other.run::<Evaluate>().unwrap_err();
    assert!(matches!(error, EvaluateError::OtherSide { generated: 64, real: 32, .. }), "{error}");

    publish::remove_folder(&other.layout.dataset()).unwrap();
    for error in [other.run::<Evaluate>().unwrap_err().to_string(), other.run::<WriteReport>().unwrap_err().to_string()]
    {
        assert!(error.contains("cargo xtask pack"), "{error}");
    }
}

#[test]
fn a_page_is_written_of_a_run_that_has_only_weights() {
    let pipeline = Pipeline::new(9, 2).with_generator(SIDE);
    let report = pipeline.run::<WriteReport>().unwrap();
    let page = fs::read_to_string(pipeline.run_folder().report_page()).unwrap();
    assert_eq!(report.output, Some(ContentHash::of(page.as_bytes())));
    for text in ["Faces &amp; &lt;noise&gt;", "no samples were made yet", "nothing was measured yet", "no report"] {
        assert!(page.contains(text), "{text}");
    }
}

#[test]
fn a_page_shows_this_run_and_no_other() {
    let pipeline = Pipeline::new(9, 2).with_generator(SIDE);
    let (run, layout) = (pipeline.run_folder(), &pipeline.layout);
    let mut other = Report::new(StageId::Train);
    (other.taken, other.run) = (7_777_777, Some("other-1".parse().unwrap()));
    other.write(layout).unwrap();
    let mut crawl = Report::new(StageId::Crawl);
    (crawl.taken, crawl.kept) = (12_345, 12_300);
    crawl.dropped.push(Dropped { tag: "deleted".into(), reason: "deleted by the site".into(), count: 45 });
    crawl.write(layout).unwrap();
    for images in [0, 500, 1000] {
        let grid = pictures::Rgb::filled(64, 64, [(images / 4) as u8; 3]).encode(pictures::Encoding::Png).unwrap();
        publish::write_file(&run.sample(images), &grid).unwrap();
    }
    publish::write_file(&run.samples().join(".partial-0000002000.png"), b"torn").unwrap();
    publish::write_file(&run.metrics(), b"{\"kimg\":0.5,\"loss_generator\":2.0}\n{\"kimg\":1.0,\"loss_g").unwrap();
    pipeline.run::<WriteReport>().unwrap();
    let page = fs::read_to_string(run.report_page()).unwrap();
    for text in ["12\u{202f}345", "45 left out: deleted by the site", "<polyline", "folders and archives"] {
        assert!(page.contains(text), "{text}");
    }
    for images in ["0", "500", "1000"] {
        assert_eq!(page.matches(&format!("data-images=\"{images}\"")).count(), 1, "{images}");
    }
    assert!(
        !page.contains("7\u{202f}777") && !page.contains("data-images=\"2000\"") && !page.contains("://"),
        "{page}"
    );
}

#[test]
fn the_programs_measure_and_report() {
    let pipeline = Pipeline::new(12, 4).with_generator(SIDE);
    let evaluated = pipeline.run_program(env!("CARGO_BIN_EXE_evaluator"));
    assert!(evaluated.status.success(), "{evaluated:?}");
    let report: Report = serde_json::from_slice(&evaluated.stdout).unwrap();
    assert_eq!((report.stage, report.kept), (StageId::Evaluate, 20));
    let reported = pipeline.run_program(env!("CARGO_BIN_EXE_reporter"));
    assert!(reported.status.success(), "{reported:?}");
    let page = fs::read_to_string(pipeline.run_folder().report_page()).unwrap();
    assert!(page.contains("real to real: the floor") && page.contains("<h1>Faces &amp; &lt;noise&gt;</h1>"));
    assert!(!page.contains("nothing was measured yet") && !page.contains("earlier weights"));

    fs::write(pipeline.run_folder().generator(), b"no weights").unwrap();
    pipeline.run::<WriteReport>().unwrap();
    assert!(fs::read_to_string(pipeline.run_folder().report_page()).unwrap().contains("earlier weights"));
    fs::write(pipeline.run_folder().evaluation_metrics(), b"{").unwrap();
    let warnings = pipeline.run::<WriteReport>().unwrap().warnings.join("\n");
    assert!(warnings.contains("cannot read the metrics at") && warnings.contains("cargo xtask evaluate"), "{warnings}");

    let failed = pipeline.run_program(env!("CARGO_BIN_EXE_evaluator"));
    assert_eq!(failed.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&failed.stderr).contains("cannot read the generator at"), "{failed:?}");
}
