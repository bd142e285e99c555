//! The program itself, started as the runner starts it.
#![allow(clippy::unwrap_used)]

mod material;

use std::{
    fs,
    process::{Command, Output},
};

use contracts::{Report, report::State};
use material::Scene;

fn start(scene: &Scene, cascade: &std::path::Path, cache: &std::path::Path) -> Output {
    let file = scene.root().join("pipeline.toml");
    let engine = scene.config.output_keys(contracts::StageId::Crop)["crop.engine"].clone();
    fs::write(&file, format!("[crop]\nsize = 64\nengine = {engine}\n")).unwrap();
    Command::new(env!("CARGO_BIN_EXE_face-cropper"))
        .args(["--config".as_ref(), file.as_os_str()])
        .env("NIJIGEN_CASCADE", cascade)
        .env("XDG_CACHE_HOME", cache)
        .output()
        .unwrap()
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
