//! The program `measure` on folders, archives, datasets and generators.
#![allow(clippy::unwrap_used)]

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use contracts::{hash::ContentHash, layout::RunLayout, publish};
use dataset::{Dhash, ImageShape, Limits, Row, SplitName, Writer};
use gan::Recipe;
use generator::Device;
use image::RgbImage;
use serde_json::Value;
use zip::{ZipWriter, write::SimpleFileOptions};

const SIDE: u32 = 32;

/// Slanted shades, of which no two images are alike.
fn picture(number: u32, step: u32, side: u32) -> RgbImage {
    RgbImage::from_fn(side, side, |x, y| {
        image::Rgb([0, 1, 2].map(|c| ((x * step + y * (c + 2) + number * 7) % 200) as u8))
    })
}

fn png(number: u32, step: u32, side: u32) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture(number, step, side).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn folder(root: &Path, name: &str, numbers: std::ops::Range<u32>, step: u32, side: u32) -> PathBuf {
    let folder = root.join(name);
    // Half of them a folder deeper, beside a file that is no picture.
    fs::create_dir_all(folder.join("more")).unwrap();
    fs::write(folder.join("readme.txt"), "no picture").unwrap();
    for number in numbers {
        let place = if number.is_multiple_of(2) { folder.clone() } else { folder.join("more") };
        fs::write(place.join(format!("{number:03}.png")), png(number, step, side)).unwrap();
    }
    folder
}

fn archive(root: &Path, numbers: std::ops::Range<u32>, step: u32) -> PathBuf {
    let path = root.join("set.zip");
    let mut writer = ZipWriter::new(File::create(&path).unwrap());
    for number in numbers {
        let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        writer.start_file(format!("in/{number:03}.png"), stored).unwrap();
        writer.write_all(&png(number, step, SIDE)).unwrap();
    }
    writer.finish().unwrap();
    path
}

fn dataset(root: &Path, numbers: std::ops::Range<u32>, step: u32) -> PathBuf {
    let folder = root.join("dataset");
    publish::create_folder(&folder).unwrap();
    let shape = ImageShape::new(SIDE);
    let mut writer = Writer::create(&folder, shape, Limits::default()).unwrap();
    for number in numbers {
        let row = Row {
            path: format!("{number}.png"),
            label: None,
            face: None,
            picture: ContentHash::of(&number.to_le_bytes()),
            post: None,
            source_url: None,
            rating: None,
            tags: vec![],
            pixel_box: None,
            angle: None,
            score: None,
            dhash: Dhash(0),
        };
        let image = shape.encode(picture(number, step, SIDE).as_raw()).unwrap();
        writer.push(SplitName::Train, &row, &image).unwrap();
    }
    writer.finish().unwrap();
    folder
}

fn run(root: &Path) -> PathBuf {
    let recipe = Recipe::named("dcgan").unwrap();
    let narrow = recipe.with_overrides(&"generator.base_channels = 2".parse().unwrap()).unwrap();
    let weights = narrow.generator(SIDE, 1, &Device::flex()).unwrap().to_safetensors().unwrap();
    publish::write_file(&RunLayout::at(&root.join("run")).generator(), &weights).unwrap();
    root.join("run")
}

fn measure(a: &Path, b: &Path, options: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_measure")).args([a, b]).args(options).output().unwrap()
}

fn json(a: &Path, b: &Path, options: &[&str]) -> Value {
    let output = measure(a, b, &[options, &["--json"]].concat());
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn value(found: &Value, metric: &str) -> f64 {
    let lists = [&found["features"][0]["measurements"], &found["images"]];
    let all = lists.into_iter().filter_map(Value::as_array).flatten();
    all.filter(|one| one["metric"] == metric).map(|one| one["value"].as_f64().unwrap()).next().unwrap()
}

#[test]
fn the_same_images_are_the_same_set_wherever_they_lie() {
    let root = tempfile::tempdir().unwrap();
    let folder = folder(root.path(), "a", 0..20, 3, SIDE);
    for (other, kind) in [(archive(root.path(), 0..20, 3), "zip"), (dataset(root.path(), 0..20, 3), "dataset")] {
        let found = json(&folder, &other, &["--metrics", "frechet,precision,sliced-wasserstein"]);
        assert_eq!((&found["real"]["kind"], &found["real"]["images"]), (&kind.into(), &20.into()));
        assert!(value(&found, "frechet").abs() < 1e-6 && value(&found, "precision") == 1.0, "{found}");
        assert_eq!(found["features"][0]["network"], "random-1");
    }
    let samples = json(&run(root.path()), &folder, &["--count", "20", "--device", "cpu"]);
    assert_eq!((&samples["generated"]["kind"], &samples["generated"]["side"]), (&"generator".into(), &SIDE.into()));
    assert!(value(&samples, "frechet") > 1.0 && samples["features"][0]["measurements"].as_array().unwrap().len() == 6);
}

#[test]
fn sets_may_differ_in_side_but_a_set_has_one() {
    let root = tempfile::tempdir().unwrap();
    let (small, large) = (folder(root.path(), "s", 0..12, 3, SIDE), folder(root.path(), "l", 0..12, 3, 48));
    assert!(value(&json(&small, &large, &["--metrics", "frechet"]), "frechet") > 0.0);
    let found = json(&small, &large, &["--metrics", "sliced-wasserstein"]);
    assert!(found["warnings"][0].as_str().unwrap().contains("32 and 48 px"), "{found}");

    fs::write(large.join("999.png"), png(1, 1, 40)).unwrap();
    let refused = measure(&small, &large, &[]);
    let message = String::from_utf8_lossy(&refused.stderr);
    assert!(
        !refused.status.success() && message.contains("999.png") && message.contains("--resize-and-crop 48"),
        "{message}"
    );
    let found = json(&small, &large, &["--metrics", "sliced-wasserstein", "--resize-and-crop", "32"]);
    assert!(value(&found, "sliced-wasserstein") > 0.0);
}

#[test]
fn what_cannot_be_measured_is_said() {
    let root = tempfile::tempdir().unwrap();
    let good = folder(root.path(), "g", 0..8, 3, SIDE);
    let empty = folder(root.path(), "e", 0..0, 3, SIDE);
    let check = |a: &Path, options: &[&str], expected: &str| {
        let output = measure(a, &good, options);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() != Some(0) && message.contains(expected), "{message}");
    };
    check(&root.path().join("none"), &[], "is no folder of pictures, zip");
    check(&empty, &[], "there is no picture in");
    check(&good, &["--metrics", "fid"], "no metric is called fid");
    check(&good, &["--metrics", "copying"], "cargo xtask evaluate");
    check(&good, &["--metrics", "inception-score"], "--inception");
    check(&good, &["--inception", "none.pth"], "none.pth");
    fs::write(good.join("003x.png"), &png(1, 1, SIDE)[..60]).unwrap();
    check(&good, &[], "003x.png");
}
