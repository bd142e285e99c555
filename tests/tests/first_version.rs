//! What the first version left is of use to this one: read, resumed, reported.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use contracts::{
    Layout, Report, StageId,
    config::PathsConfig,
    manifest,
    record::{FaceRecord, PictureRecord},
};
use end_to_end::Pipeline;

/// The run in the fixture: its name follows from the dataset and the configuration, which are there as they were.
const RUN: &str = "artifacts/runs/dcgan-32px-b1d13acd";

fn pipeline() -> Pipeline {
    Pipeline::copy_of(
        &PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo tells its tests where they lie"))
            .join("fixtures/first-version"),
    )
}

#[test]
fn records_reports_and_the_lock_are_read() {
    let pipeline = pipeline();
    let layout = Layout::new(&pipeline.path(""), &PathsConfig::default());
    let pictures = manifest::read::<PictureRecord>(&layout.raw_manifest()).unwrap().records;
    let faces = manifest::read::<FaceRecord>(&layout.faces_manifest()).unwrap().records;
    assert_eq!((pictures.len(), faces.len()), (14, 19));
    assert!(pictures.iter().all(|picture| layout.raw_picture(&picture.file).exists()));
    assert!(faces.iter().all(|face| layout.face(&face.file).exists()));

    let crawl = Report::read(&layout, StageId::Crawl).unwrap().unwrap();
    assert_eq!((crawl.taken, crawl.kept, crawl.dropped_for("filtered: rating q")), (16, 14, 2));
    let why = pipeline.succeed(&["status", "--why"]).stdout;
    assert!(!why.contains("has not run") && !why.contains("key "), "only code differs from then: {why}");
}

#[test]
fn a_crawl_takes_over_the_ledger_and_fetches_nothing() {
    let pipeline = pipeline();
    let before = pipeline.files("data/raw");
    pipeline.succeed(&["crawl"]);
    let report =
        Report::read(&Layout::new(&pipeline.path(""), &PathsConfig::default()), StageId::Crawl).unwrap().unwrap();
    assert_eq!((report.taken, report.kept, report.dropped_in_all()), (16, 14, 2));
    assert_eq!((report.figures["pictures_fetched"], report.bytes), (0.0, 0));
    let pictures = |files: std::collections::BTreeMap<String, _>| {
        files.into_iter().filter(|(name, _)| name.starts_with("pictures/")).collect::<Vec<_>>()
    };
    assert_eq!(pictures(pipeline.files("data/raw")), pictures(before));
    assert!(pipeline.succeed(&["crawl", "--audit"]).stdout.contains("all adds up"));
}

/// The JPEG decoder of then rounded otherwise by a level, so boxes may have moved by a pixel or two, and pixels differ.
#[test]
fn the_same_faces_are_found_and_packed_now() {
    let pipeline = pipeline();
    let layout = Layout::new(&pipeline.path(""), &PathsConfig::default());
    let read = || manifest::read::<FaceRecord>(&layout.faces_manifest()).unwrap().records;
    let rows = || {
        let index = fs::read(layout.dataset_index()).unwrap();
        let index: serde_json::Value = serde_json::from_slice(&index).unwrap();
        ["train", "holdout"].map(|split| index["splits"][split]["rows"].as_u64().unwrap())
    };
    let (before, rows_before) = (read(), rows());
    pipeline.succeed(&["crop"]);
    pipeline.succeed(&["pack"]);
    let now = read();
    assert_eq!(now.len(), before.len());
    for (now, before) in now.iter().zip(&before) {
        assert_eq!(
            (&now.face, &now.post, &now.file, &now.tags),
            (&before.face, &before.post, &before.file, &before.tags)
        );
        let overlap = now.pixel_box.overlap(&before.pixel_box);
        assert!(overlap > 0.85, "{:?} and {:?} share {overlap}", now.pixel_box, before.pixel_box);
    }
    assert_eq!(rows(), rows_before);
}

#[test]
fn its_run_is_trained_further_measured_and_shown() {
    let pipeline = pipeline();
    let longer = ["--set", "train.max_kimg=0.048"];
    pipeline.succeed(&["evaluate"]);
    let said = pipeline.succeed(&[&["train"], &longer[..]].concat()).stderr;
    assert!(!said.contains("passed over"), "its checkpoint is read: {said}");
    for stage in ["evaluate", "report"] {
        pipeline.succeed(&[&[stage], &longer[..]].concat());
    }
    let runs = fs::read_dir(pipeline.path("artifacts/runs")).unwrap().map(|entry| entry.unwrap().file_name());
    let runs: Vec<_> = runs.filter(|name| name != "latest").collect();
    assert_eq!(runs, [Path::new(RUN).file_name().unwrap()], "it is the same run");
    let metrics = fs::read_to_string(pipeline.path(RUN).join("metrics.jsonl")).unwrap();
    assert!(metrics.lines().count() > 6, "the steps of then are kept, and others follow: {metrics}");
    assert!(pipeline.path(RUN).join("checkpoints/0000000048").exists());
    for name in ["evaluation/metrics.json", "report.html"] {
        assert!(pipeline.path(RUN).join(name).metadata().unwrap().len() > 0, "{name}");
    }
}
