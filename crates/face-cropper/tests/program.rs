//! The program itself, started as the runner starts it.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a seed is printed, to repeat what it drew")]

mod material;

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{BuildHasher, RandomState},
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use contracts::{Report, config::CropContainer, layout, report::State};
use material::{Scene, cascades::Random, spots};

fn start(scene: &Scene, cascade: &Path, cache: &Path) -> Output {
    scene.program(cascade, cache).output().unwrap()
}

#[test]
fn it_crops_and_prints_its_report() {
    let scene = Scene::with_spots();
    let output = start(&scene, &scene.root().join("spot.xml"), scene.root());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let report: Report = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((report.taken, report.kept, report.state), (3, 3, State::Complete));
    let crop = image::open(scene.face_path(&scene.faces()[0])).unwrap();
    assert_eq!(crop.width(), 96);
}

/// Forty pictures in ten shards.
fn ten_shards(container: CropContainer) -> Scene {
    let mut scene = Scene::new();
    scene.config.crop.container = container;
    for post in 0..40u32 {
        scene.add(&format!("mini:{}", 1024 * post + 1), &spots(400, 300, &[[60 + post, 60, 50 + post]]));
    }
    scene
}

/// The command on a scene with its own cascade, silent.
fn silent(scene: &Scene) -> Command {
    let mut command = scene.program(&scene.root().join("spot.xml"), scene.root());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Every file of the faces but the manifest, whose header names the temporary folder; its records are compared apart.
fn files(scene: &Scene) -> BTreeMap<String, Vec<u8>> {
    let mut files = scene.with_sheets();
    files.remove("manifest.jsonl");
    files
}

#[cfg(unix)]
#[test]
fn killed_at_many_random_moments_it_never_shows_half_a_shard_and_ends_with_the_same_bytes() {
    killed_at_many_random_moments(|| ten_shards(CropContainer::Files));
}

#[cfg(unix)]
#[test]
fn killed_at_many_random_moments_it_never_shows_half_a_tar_and_ends_with_the_same_bytes() {
    killed_at_many_random_moments(|| ten_shards(CropContainer::Tar));
}

#[cfg(unix)]
#[test]
fn killed_at_many_random_moments_while_it_judges_turned_faces_it_ends_with_the_same_bytes() {
    killed_at_many_random_moments(Scene::painted);
}

#[cfg(unix)]
fn killed_at_many_random_moments(scene: impl Fn() -> Scene) {
    let mut random = Random(seed());
    let whole = scene();
    let started = Instant::now();
    assert!(silent(&whole).status().unwrap().success());
    let duration = started.elapsed().as_micros() as u64;
    let expected = files(&whole);
    let (mut kills, mut shards_at_kills) = (0, BTreeSet::new());
    while kills < 25 {
        let killed = scene();
        // Each start may live a little longer than the one before, so that the last one gets through.
        for most in (1..).map(|start| duration / 8 * start) {
            let mut child = silent(&killed).spawn().unwrap();
            std::thread::sleep(Duration::from_micros(random.below(most)));
            child.kill().unwrap();
            if child.wait().unwrap().success() {
                break;
            }
            kills += 1;
            let left = files_if_any(&killed);
            shards_at_kills.insert(left.keys().filter(|name| name.ends_with("shard.json")).count());
            let foreign: Vec<&String> = left.keys().filter(|name| expected.get(*name) != left.get(*name)).collect();
            assert_eq!(foreign, Vec::<&String>::new(), "after {kills} kills");
        }
        assert!(files(&killed) == expected, "the same files with the same bytes");
        assert_eq!(killed.faces(), whole.faces());
    }
    println!("{kills} kills, with {shards_at_kills:?} shards done");
    assert!(shards_at_kills.len() > 2, "they came at different moments: {shards_at_kills:?}");
}

/// What has its final name already.
fn files_if_any(scene: &Scene) -> BTreeMap<String, Vec<u8>> {
    let mut files = if scene.layout().faces().exists() { files(scene) } else { BTreeMap::new() };
    files.retain(|name, _| !name.starts_with(layout::PARTIAL_PREFIX));
    files
}

/// The seed of a test: another each time, unless the environment gives one to repeat a failure.
fn seed() -> u64 {
    let given = std::env::var("NIJIGEN_TEST_SEED").ok().map(|seed| seed.parse().unwrap());
    let seed = given.unwrap_or_else(|| RandomState::new().hash_one("seed"));
    println!("NIJIGEN_TEST_SEED={seed}");
    seed
}

#[test]
fn shares_that_run_at_the_same_time_make_the_whole() {
    for container in [CropContainer::Files, CropContainer::Tar] {
        shares_make_the_whole(|| ten_shards(container));
    }
    shares_make_the_whole(Scene::painted);
}

fn shares_make_the_whole(scene: impl Fn() -> Scene) {
    let (whole, shared) = (scene(), scene());
    assert!(silent(&whole).status().unwrap().success());
    let share = |number: usize| silent(&shared).args(["--shard", &format!("{number}/4")]).spawn().unwrap();
    let running: Vec<Child> = (1..=4).map(share).collect();
    for mut share in running {
        assert!(share.wait().unwrap().success());
    }
    assert!(!shared.layout().faces_manifest().exists());
    let output = start(&shared, &shared.root().join("spot.xml"), shared.root());
    let report: Report = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((report.taken, report.figures["pictures_examined_now"]), (whole.pictures(), 0.0));
    assert!(report.kept >= 10, "{} faces", report.kept);
    assert!(files(&shared) == files(&whole), "the same files with the same bytes");
    assert_eq!(shared.faces(), whole.faces());
}

#[test]
fn without_a_cascade_it_says_the_three_ways_out() {
    let scene = Scene::with_spots();
    let output = start(&scene, "".as_ref(), scene.root());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for way in ["cargo xtask setup", "nagadomi", "NIJIGEN_CASCADE"] {
        assert!(said.contains(way), "{said}");
    }
}
