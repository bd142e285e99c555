//! The program itself: arguments, exit codes, what it prints.
#![allow(clippy::unwrap_used)]

mod material;

use std::{
    fs,
    process::{Command, Output},
};

use contracts::{Report, StageId};
use material::Pipeline;

fn run(pipeline: &Pipeline, set: &[&str]) -> Output {
    fs::write(pipeline.path("pipeline.toml"), "[pack]\nsources = [\"pictures\"]\nresolution = 16\n").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_dataset-packer"));
    for set in set {
        command.args(["--set", set]);
    }
    command.current_dir(pipeline.path("")).output().unwrap()
}

fn fails(pipeline: &Pipeline, set: &[&str], code: i32, words: &[&str]) {
    let output = run(pipeline, set);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(words.iter().all(|word| said.contains(word)) && !said.contains("panicked"), "{said}");
}

#[test]
fn it_packs_the_sources_of_pipeline_toml_and_reports_on_stdout() {
    let pipeline = Pipeline::with_pictures(30);
    let output = run(&pipeline, &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Report = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((report.stage, report.taken, report.output), (StageId::Pack, 30, Some(pipeline.dataset().hash())));
    assert_eq!(Report::read(&pipeline.layout(), StageId::Pack).unwrap(), Some(report));
}

#[test]
fn bad_usage_and_bad_sources_differ_in_their_exit_codes() {
    let pipeline = Pipeline::with_pictures(3);
    fails(&pipeline, &["pack.resolution=0"], 2, &["pack.resolution", "must be from 8"]);
    fails(&pipeline, &["pack.sources=[\"pictures\", \"pictures\"]"], 2, &["twice"]);
    fails(&pipeline, &["pack.sources=[\"nowhere\"]"], 1, &["nowhere", "there is nothing of that name"]);
    fails(&pipeline, &["pack.sources=[\"pipeline.toml\"]"], 1, &["pipeline.toml", "pack.sources takes"]);
    fails(&pipeline, &["pack.sources=[\"faces\"]"], 1, &["there is no manifest"]);
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let pipeline = Pipeline::with_pictures(3);
    fs::write(pipeline.path("file"), "").unwrap();
    fails(&pipeline, &["paths.data=file/data"], 1, &["file/data"]);
}
