//! What can be asked of a dataset: exports, lineage, a description.
#![allow(clippy::unwrap_used)]

mod material;

use std::{collections::BTreeMap, fs, path::Path};

use contracts::{ContentHash, manifest, manifest::Header, options::PackOptions, record::PictureRecord};
use dataset::{Row, SplitName};
use material::{Pipeline, export_all, face};
use serde_json::{Value, json};

#[test]
fn each_export_was_opened_by_its_own_reader_and_gave_the_same_rows() {
    let golden: Value = serde_json::from_str(include_str!("golden/exports.json")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let [some, all] = export_all(folder.path(), &["imagefolder", "webdataset"]);
    // Parquet is written by a program of its own, whose tests hold it against the same file.
    for (export, seen) in golden["exports"].as_object().unwrap().iter().filter(|(export, _)| *export != "parquet") {
        for (name, hash) in seen["files"].as_object().unwrap() {
            let found = ContentHash::of(&fs::read(folder.path().join(name)).unwrap());
            assert_eq!(hash, &found.to_string(), "{name} changed: record the golden file anew");
        }
        let mut rows = match export.as_str() {
            "stylegan-classes.zip" => expected(&all, |row| (row.post, row.angle) = (None, None), false),
            "stylegan.zip" => expected(&some, |row| (row.post, row.label, row.angle) = (None, None, None), false),
            _ => expected(&some, |_| (), true),
        };
        let mut seen: Vec<String> = seen["rows"].as_array().unwrap().iter().map(Value::to_string).collect();
        rows.sort();
        seen.sort();
        assert_eq!(seen, rows, "{export}");
    }
}

/// The rows as the oracle writes them, with what the form has no place for taken away.
fn expected(pipeline: &Pipeline, take_away: fn(&mut Row), with_holdout: bool) -> Vec<String> {
    let dataset = pipeline.dataset();
    let mut rows = Vec::new();
    for (name, split) in [("train", SplitName::Train), ("test", SplitName::Holdout)] {
        let split = dataset.split(split);
        for (number, row) in split.rows().enumerate().filter(|_| with_holdout || name == "train") {
            let mut row = row.unwrap();
            take_away(&mut row);
            let pixels = ContentHash::of(&split.pixels(number).unwrap());
            let Row { label, post, angle, .. } = row;
            rows.push(
                json!({ "split": name, "pixels": pixels, "label": label, "post": post, "angle": angle }).to_string(),
            );
        }
    }
    rows
}

#[test]
fn an_export_never_lands_on_anything() {
    let pipeline = Pipeline::with_faces(12);
    pipeline.pack().unwrap();
    let out = pipeline.path("out");
    fs::create_dir(&out).unwrap();
    let ask = |export: &str| PackOptions { export: export.parse().ok(), out: Some(out.clone()), ..Default::default() };
    for export in ["imagefolder", "webdataset", "stylegan-zip", "parquet"] {
        let error = pipeline.ask(ask(export)).unwrap_err().to_string();
        assert!(error.contains("is there already"), "{error}");
    }
    assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
}

fn trace(pipeline: &Pipeline, id: &str) -> Vec<Value> {
    let answer = pipeline.ask(PackOptions { trace: Some(id.into()), ..Default::default() }).unwrap();
    answer.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn rows_faces_and_pictures_are_traced_to_post_and_address() {
    let pipeline = Pipeline::with_faces(12);
    pipeline.pack().unwrap();
    let one = face(6);
    let page = "http://mini.invalid/post/show/3";
    write_pictures(&pipeline, page);
    let by_face = trace(&pipeline, &one.face.to_string());
    assert_eq!(by_face.len(), 1);
    assert_eq!(by_face[0]["post"], "mini:3");
    assert_eq!((&by_face[0]["page_url"], &by_face[0]["source_url"]), (&json!(page), &json!(one.source_url)));
    let row = by_face[0]["row"].as_str().unwrap();
    assert_eq!(trace(&pipeline, row), by_face);
    assert_eq!(trace(&pipeline, &format!("data/faces/{}", one.file)), by_face);
    assert_eq!(trace(&pipeline, &one.picture.to_string()).len(), 2, "both faces of the picture");

    // A face that is in no dataset, and a picture without faces.
    fs::remove_dir_all(pipeline.layout().dataset()).unwrap();
    let without = trace(&pipeline, &one.face.to_string());
    assert_eq!((&without[0]["row"], &without[0]["page_url"]), (&Value::Null, &json!(page)));
    let bare = ContentHash::of(b"bare");
    assert_eq!(trace(&pipeline, &bare.to_string())[0]["post"], "mini:77");

    for (id, words) in [("nonsense", "no row"), (&*ContentHash::of(b"unknown").to_string(), "nothing is known")] {
        let error = pipeline.ask(PackOptions { trace: Some(id.into()), ..Default::default() }).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

fn write_pictures(pipeline: &Pipeline, page: &str) {
    let record = |post: &str, sha256| PictureRecord {
        sha256,
        post: post.parse().unwrap(),
        md5_claimed: None,
        variant: "sample".into(),
        file: String::new(),
        bytes: 1,
        width: 1,
        height: 1,
        stored_sides: None,
        rating: "s".into(),
        tags: Vec::new(),
        author: None,
        source_url: "http://mini.invalid/image".into(),
        page_url: page.into(),
        original_source: None,
    };
    let mut records = [record("mini:3", face(6).picture), record("mini:77", ContentHash::of(b"bare"))];
    let header = Header::new::<PictureRecord>("test", None, BTreeMap::new(), 1);
    manifest::write(&pipeline.layout().raw_manifest(), &header, &mut records).unwrap();
}

#[test]
fn a_description_counts_and_draws() {
    let pipeline = Pipeline::with_faces(40);
    pipeline.pack().unwrap();
    let text = pipeline.ask(PackOptions { stats: true, ..Default::default() }).unwrap();
    for words in ["images of 16 x 16", "none: 40", "s: 40", "64 to 127 px: 40"] {
        assert!(text.contains(words), "{words} in {text}");
    }
    let size = |name: &str| image::image_dimensions(pipeline.layout().dataset_picture(name)).unwrap();
    assert_eq!(size("mean"), (16, 16));
    assert_eq!(size("contact").0, 12 * 22);
    assert!(Path::new(text.lines().last().unwrap().split_whitespace().last().unwrap()).exists());
    assert_eq!(size("histograms"), (304, 224));
}
