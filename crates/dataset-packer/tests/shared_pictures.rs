//! The packer on real faces and whole illustrations, where the environment says where they lie.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that is skipped says so")]

mod material;

use std::path::PathBuf;

use contracts::config::Fit;
use dataset::SplitName;
use material::Pipeline;

/// A file or folder of the test material; where there is none, says what was skipped.
fn shared(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("NIJIGEN_SHARED").map(|folder| PathBuf::from(folder).join("data").join(name));
    let path = path.filter(|path| path.exists());
    if path.is_none() {
        println!("skipped: NIJIGEN_SHARED names no folder that holds data/{name}");
    }
    path
}

#[test]
fn twenty_thousand_faces() {
    let Some(tar) = shared("faces-20k.tar") else { return };
    let mut pipeline = Pipeline::new();
    pipeline.config.pack.sources = vec![tar.to_str().unwrap().to_owned()];
    pipeline.config.pack.holdout = 0.05;
    let report = pipeline.pack().unwrap();
    assert_eq!(report.taken, 20_000);
    assert_eq!(report.kept + report.dropped_in_all(), report.taken);
    assert!(report.dropped_for("unreadable") == 0, "{report:?}");
    // Pairs up to this distance were looked at: they are the same drawing, a few of them in other colours.
    assert!((50..1000).contains(&report.dropped_for("near duplicate")), "{report:?}");
    assert!((900.0..1100.0).contains(&report.figures["holdout_rows"]), "{report:?}");
    assert_eq!(pipeline.dataset().split(SplitName::Train).len() as f64, report.figures["train_rows"]);
}

#[test]
fn whole_illustrations_of_every_kind() {
    let Some(folder) = shared("pictures") else { return };
    let count = std::fs::read_dir(&folder).unwrap().count() as u64;
    let mut pipeline = Pipeline::new();
    pipeline.config.pack.sources = vec![folder.to_str().unwrap().to_owned()];
    for fit in [Fit::Cover, Fit::Contain, Fit::Stretch] {
        pipeline.config.pack.fit = fit;
        let report = pipeline.pack().unwrap();
        assert_eq!(report.taken, count);
        assert!(report.dropped_for("unreadable") == 0, "{report:?}");
        assert_eq!(report.figures["upscaled_rows"], 0.0);
    }
}
