//! The cropper's speed: engines and modes beside each other, on one core and on two, and Python's cv2 where it is installed.
//!
//! Recall and precision are of the pictures that tests/fixtures/faces.json calls measuring, where the folder has them.
//!
//!     cargo xtask bench crop [-- FOLDER [COUNT]]
//!
//! FOLDER holds pictures; without it NIJIGEN_SHARED names the material. COUNT takes the first so many by name.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod truth;

use std::{
    collections::BTreeMap,
    env,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use contracts::{
    cascade::{EMBEDDED, NAME},
    config::{Alpha, CropConfig, CropMode, Engine as Kind},
};
use face_cropper::{
    cascade::Cascade,
    confidence::{confidence, planes},
    detect::detect,
    engine::{self, Engine},
    search::search,
    turned::DetectedFace,
};
use lbp_cascade::Detection;
use pictures::{Grey, PictureFile};
use rayon::prelude::*;
use truth::{Counts, Truth, share};

/// Two boxes of one face.
const SAME_FACE: f64 = 0.5;

struct Picture {
    name: String,
    file: Vec<u8>,
    grey: Grey,
}

impl Picture {
    fn longer_side(&self) -> u32 {
        self.grey.width().max(self.grey.height())
    }
}

type Faces = BTreeMap<String, Vec<Detection>>;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let shared = std::env::var_os("NIJIGEN_SHARED").map(|folder| PathBuf::from(folder).join("data/pictures"));
    let Some(folder) = arguments.first().map(PathBuf::from).or(shared) else {
        println!("give a folder of pictures: cargo xtask bench crop -- FOLDER");
        return;
    };
    let count = arguments.get(1).map_or(usize::MAX, |count| count.parse().unwrap());
    let cascade = Cascade::find("lbpcascade_animeface").unwrap();
    let pictures = read(&folder, count, &cascade);
    detection(&pictures, &cascade);
    let faces = whole(&pictures, &cascade);
    variants(&pictures);
    peer(&folder, count, &cascade, &faces);
}

fn kinds() -> Vec<Kind> {
    if cfg!(feature = "opencv") { vec![Kind::Opencv, Kind::Native] } else { vec![Kind::Native] }
}

fn start(kinds: &[Kind], cascade: &Cascade) -> Vec<Box<dyn Engine>> {
    kinds.iter().map(|kind| engine::start(*kind, cascade).unwrap()).collect()
}

fn read(folder: &Path, count: usize, cascade: &Cascade) -> Vec<Picture> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut engine = start(&kinds()[..1], cascade).remove(0);
    let picture = |path: PathBuf| {
        let file = std::fs::read(&path).ok()?;
        let decoded = engine.decode(&PictureFile::open(&file, u64::MAX).ok()?, Alpha::Drop).ok()?;
        let grey = engine.grey(&decoded).ok()?;
        Some(Picture { name: path.file_name()?.to_string_lossy().into_owned(), file, grey })
    };
    paths.into_iter().take(count).filter_map(picture).collect()
}

/// Grey bytes to faces, one thread, alternating between the engines.
fn detection(pictures: &[Picture], cascade: &Cascade) {
    let preview = |picture: &Picture| {
        let side = |side: u32| (side * 300 / picture.longer_side()).max(1);
        picture.grey.scaled(side(picture.grey.width()), side(picture.grey.height()))
    };
    let of = |range: std::ops::Range<u32>| {
        pictures.iter().filter(|p| range.contains(&p.longer_side())).map(|p| p.grey.clone()).collect::<Vec<_>>()
    };
    let groups = [
        ("300 px previews", pictures.iter().map(preview).collect()),
        ("below 1500 px", of(0..1500)),
        ("1500 px and more", of(1500..u32::MAX)),
    ];
    println!("detection from identical grey bytes, CPU time of one thread");
    println!(
        "{:<18}{:>9}{:>8}{:>14}{:>14}{:>8}{:>12}",
        "pictures", "count", "Mpx", "opencv ms", "native ms", "ratio", "differences"
    );
    for (name, greys) in groups {
        let (times, differences) = compare(&greys, cascade);
        let share = |time: f64| time * 1e3 / greys.len().max(1) as f64;
        let megapixels = greys.iter().map(|grey| grey.area() as f64 / 1e6).sum::<f64>() / greys.len().max(1) as f64;
        let (first, last) = (times[0], times[times.len() - 1]);
        println!(
            "{name:<18}{:>9}{megapixels:>8.2}{:>14.2}{:>14.2}{:>8.2}{differences:>12}",
            greys.len(),
            share(first),
            share(last),
            first / last
        );
    }
}

/// The CPU seconds of each engine, the better of two rounds, and the number of pictures whose faces differ.
fn compare(greys: &[Grey], cascade: &Cascade) -> (Vec<f64>, usize) {
    let mut engines = start(&kinds(), cascade);
    let mut best = vec![f64::INFINITY; engines.len()];
    let mut differences = 0;
    for round in 0..2 {
        let mut times = vec![0.0; engines.len()];
        for grey in greys {
            let mut found = Vec::new();
            for (engine, time) in engines.iter_mut().zip(&mut times) {
                let started = cpu_seconds();
                found.push(detect(&mut **engine, grey, &CropConfig::reference()).unwrap());
                *time += cpu_seconds() - started;
            }
            differences += usize::from(round == 0 && found.iter().any(|faces| *faces != found[0]));
        }
        best.iter_mut().zip(times).for_each(|(best, time)| *best = best.min(time));
    }
    (best, differences)
}

/// Files to faces with every engine and mode; returns those of the first.
fn whole(pictures: &[Picture], cascade: &Cascade) -> Faces {
    let full: Vec<&Picture> = pictures.iter().filter(|picture| picture.longer_side() >= 1500).collect();
    println!(
        "\nfiles to faces: decoding, grey, detection; recall and surplus against the first row, at an overlap of one half"
    );
    println!(
        "{:<16}{:>16}{:>16}{:>8}{:>16}{:>16}{:>9}",
        "", "CPU ms, 1 core", "ms, 2 cores", "faces", "recall", "of 1500 px", "surplus"
    );
    let mut reference = None;
    for kind in kinds() {
        for mode in [CropMode::Exact, CropMode::Fast] {
            let config = CropConfig { mode, ..CropConfig::reference() };
            let (one, faces) = on_threads(1, pictures, kind, cascade, &config);
            let (two, _) = on_threads(2, pictures, kind, cascade, &config);
            let expected = reference.get_or_insert_with(|| faces.clone());
            let share = |time: f64| time * 1e3 / pictures.len() as f64;
            let names: Vec<&String> = pictures.iter().map(|picture| &picture.name).collect();
            let large: Vec<&String> = full.iter().map(|picture| &picture.name).collect();
            println!(
                "{:<16}{:>16.2}{:>16.2}{:>8}{:>16}{:>16}{:>9}",
                format!("{kind:?} {mode:?}").to_lowercase(),
                share(one),
                share(two),
                faces.values().map(Vec::len).sum::<usize>(),
                matched(expected, &faces, &names),
                matched(expected, &faces, &large),
                faces.values().map(Vec::len).sum::<usize>() - common(&faces, expected, &names),
            );
        }
    }
    reference.unwrap()
}

/// What may be chosen, with the gates that belong to it.
fn choices() -> Vec<(Kind, CropConfig)> {
    let of = |mode: CropMode, cascade: &str, min_confidence: f64, rotations: &[f64]| CropConfig {
        mode,
        cascade: cascade.into(),
        min_confidence,
        rotations: rotations.to_vec(),
        ..CropConfig::reference()
    };
    let (published, own, turned) = (NAME, EMBEDDED, [-15.0, 0.0, 15.0]);
    let mut choices = vec![
        (Kind::Native, of(CropMode::Exact, published, 0.0, &[0.0])),
        (Kind::Native, of(CropMode::Exact, published, 0.0, &turned)),
        (Kind::Native, of(CropMode::Fast, published, 0.0, &[0.0])),
        (Kind::Native, of(CropMode::Exact, own, 0.0, &[0.0])),
        (Kind::Native, of(CropMode::Fast, own, 0.0, &[0.0])),
        (Kind::Native, of(CropMode::Exact, own, 0.0, &turned)),
        (Kind::Native, of(CropMode::Judged, own, 0.3, &[0.0])),
        (Kind::Native, of(CropMode::Judged, own, 0.5, &[0.0])),
        (Kind::Native, of(CropMode::Judged, own, 0.7, &[0.0])),
        (Kind::Native, of(CropMode::Judged, own, 0.3, &turned)),
        (Kind::Native, of(CropMode::Judged, own, 0.5, &turned)),
        (Kind::Native, of(CropMode::Judged, own, 0.7, &turned)),
    ];
    if cfg!(feature = "opencv") {
        choices.insert(0, (Kind::Opencv, of(CropMode::Exact, published, 0.0, &[0.0])));
    }
    choices
}

/// Recall, precision and time of every choice.
fn variants(pictures: &[Picture]) {
    let truth = Truth::read("measuring");
    println!("\nfiles to faces: clear faces found and boxes that are right, with Wilson's 95 % intervals");
    println!("{:<58}{:>22}{:>24}{:>16}", "", "found", "right", "CPU ms, 1 core");
    for (kind, config) in choices() {
        let cascade = Cascade::of(&config).unwrap();
        let (seconds, faces) = on_threads(1, pictures, kind, &cascade, &config);
        let boxes = faces.iter().map(|(name, faces)| (stem(name), faces.iter().map(|face| face.rect).collect()));
        let Counts { faces, found, wrong } = truth.count(boxes);
        let CropConfig { mode, cascade, rotations, min_confidence, .. } = &config;
        println!(
            "{:<58}{:>22}{:>24}{:>16.2}",
            format!("{kind:?} {cascade} {mode:?} {rotations:?} {min_confidence}").to_lowercase(),
            share(found, faces),
            share(found, found + wrong),
            seconds * 1e3 / pictures.len() as f64,
        );
    }
}

/// What the table of faces knows a picture by.
fn stem(name: &str) -> &str {
    name.split('.').next().unwrap_or_default()
}

/// CPU seconds of one thread, or seconds on the clock of several, and the faces.
fn on_threads(
    threads: usize,
    pictures: &[Picture],
    kind: Kind,
    cascade: &Cascade,
    config: &CropConfig,
) -> (f64, Faces) {
    let examine = |engine: &mut Box<dyn Engine>, picture: &Picture| {
        let file = PictureFile::open(&picture.file, u64::MAX).unwrap();
        let found = search(&mut **engine, &file, config).unwrap_or_else(|error| panic!("{}: {error}", picture.name));
        let colours = found.picture.as_ref().map(|(colours, _)| colours);
        let planes = if config.min_confidence == 0.0 { None } else { colours.and_then(|it| planes(config, it)) };
        let passes = |face: &&DetectedFace| {
            let edges = <[i32; 4]>::from(face.detection.rect).into();
            let asked = || planes.as_ref().map(|planes| confidence(planes, &edges, face.angle));
            face.confidence.or_else(asked).is_none_or(|it| it >= config.min_confidence)
        };
        (picture.name.clone(), found.faces.iter().filter(passes).map(|face| face.detection).collect())
    };
    let one = || engine::start(kind, cascade).unwrap();
    if threads == 1 {
        let (mut engine, started) = (one(), cpu_seconds());
        let faces = pictures.iter().map(|picture| examine(&mut engine, picture)).collect();
        return (cpu_seconds() - started, faces);
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let started = Instant::now();
    let faces = pool.install(|| pictures.par_iter().with_max_len(1).map_init(one, examine).collect());
    (started.elapsed().as_secs_f64(), faces)
}

fn matched(expected: &Faces, found: &Faces, names: &[&String]) -> String {
    let all: usize = names.iter().map(|name| expected[*name].len()).sum();
    let common = common(expected, found, names);
    format!("{common}/{all} {:.1}%", 100.0 * common as f64 / all.max(1) as f64)
}

/// How many of some faces are among others.
fn common(some: &Faces, others: &Faces, names: &[&String]) -> usize {
    let among =
        |face: &Detection, faces: &[Detection]| faces.iter().any(|other| other.rect.iou(&face.rect) >= SAME_FACE);
    names.iter().map(|name| some[*name].iter().filter(|face| among(face, &others[*name])).count()).sum()
}

/// Runs the same loop in Python, and counts the pictures whose boxes differ from the first row's.
fn peer(folder: &Path, count: usize, cascade: &Cascade, faces: &Faces) {
    let script = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("benches/peer.py");
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
    let output = Command::new(&python).arg(script).arg(folder).arg(cascade.origin()).arg(count.to_string()).output();
    let Ok(output) = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()) else {
        println!("\n{python} cannot be started");
        return;
    };
    let Ok(answer) = serde_json::from_str::<serde_json::Value>(&output) else {
        println!("\n{python} has no cv2: no comparison with Python (PYTHON names another)");
        return;
    };
    let differences = faces.iter().filter(|(name, faces)| {
        let boxes: Vec<[i32; 4]> = faces.iter().map(|face| face.rect.into()).collect();
        answer["boxes"][name.as_str()] != serde_json::to_value(boxes).unwrap()
    });
    println!(
        "\nPython, cv2 {}: {:.2} ms a picture, of it {:.2} ms detection (CPU, one core); {:.2} ms on two; other boxes in {} pictures",
        answer["version"].as_str().unwrap_or("?"),
        answer["whole_ms"].as_f64().unwrap_or(f64::NAN),
        answer["detection_ms"].as_f64().unwrap_or(f64::NAN),
        answer["two_ms"].as_f64().unwrap_or(f64::NAN),
        differences.count()
    );
    let boxes: BTreeMap<String, Vec<[i32; 4]>> = serde_json::from_value(answer["boxes"].clone()).unwrap();
    let boxes = boxes.iter().map(|(name, boxes)| (stem(name), boxes.iter().map(|edges| (*edges).into()).collect()));
    let Counts { faces, found, wrong } = Truth::read("measuring").count(boxes);
    println!("of clear faces found {}, of boxes right {}", share(found, faces), share(found, found + wrong));
}

/// The CPU time of this thread; where the system does not tell, the time on the clock.
fn cpu_seconds() -> f64 {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(|| START.elapsed().as_secs_f64(), |nanoseconds| nanoseconds / 1e9)
}
