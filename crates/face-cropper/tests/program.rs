//! The program itself, started as the runner starts it.
#![allow(clippy::unwrap_used)]

mod material;

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use contracts::{Report, report::State};
use material::{Scene, spots};

fn start(scene: &Scene, cascade: &Path, cache: &Path) -> Output {
    command(scene, cascade, cache).output().unwrap()
}

fn command(scene: &Scene, cascade: &Path, cache: &Path) -> Command {
    let file = scene.root().join("pipeline.toml");
    let engine = scene.config.output_keys(contracts::StageId::Crop)["crop.engine"].clone();
    fs::write(&file, format!("[crop]\nsize = 64\nengine = {engine}\n")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_face-cropper"));
    command.args(["--config".as_ref(), file.as_os_str()]).env("NIJIGEN_CASCADE", cascade).env("XDG_CACHE_HOME", cache);
    command
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
    assert_eq!(crop.width(), 64);
}

#[cfg(unix)]
#[test]
fn killed_at_any_time_it_loses_no_whole_shard_and_ends_with_the_same_bytes() {
    let scene = || {
        let mut scene = Scene::new();
        for post in 0..40u32 {
            scene.add(&format!("mini:{}", 4096 * post + 1), &spots(400, 300, &[[60 + post, 60, 50 + post]]));
        }
        scene
    };
    let (whole, killed) = (scene(), scene());
    let cascade = |scene: &Scene| scene.root().join("spot.xml");
    assert_eq!(start(&whole, &cascade(&whole), whole.root()).status.code(), Some(0));
    let shards = |scene: &Scene| {
        let names = fs::read_dir(scene.layout().faces()).into_iter().flatten();
        names.filter(|entry| entry.as_ref().is_ok_and(|e| e.file_name().to_string_lossy().starts_with("mini-"))).count()
    };
    let mut program = command(&killed, &cascade(&killed), killed.root());
    let mut child = program.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    while shards(&killed) < 3 && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let done = shards(&killed);
    let output = start(&killed, &cascade(&killed), killed.root());
    let report: Report = serde_json::from_slice(&output.stdout).unwrap();
    assert!(report.figures["pictures_examined_now"] <= (40 - done) as f64, "{done} shards were whole");
    let without_header = |scene: &Scene| {
        let mut files = scene.with_sheets();
        files.remove("manifest.jsonl");
        files
    };
    assert!(without_header(&killed) == without_header(&whole), "the same files with the same bytes");
    assert_eq!(killed.faces(), whole.faces());
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
