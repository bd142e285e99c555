//! The whole chain on painted pictures: what it leaves, that it repeats to the bit, that it is skipped when fresh.

use std::{fs, process::Stdio, thread, time::Duration};

use end_to_end::Pipeline;

#[test]
fn the_chain_leaves_what_it_promises_and_is_then_fresh() {
    let pipeline = Pipeline::tiny();
    let said = pipeline.succeed(&["pipeline", "--yes"]);
    let run = fs::canonicalize(pipeline.path("artifacts/runs/latest")).unwrap();
    assert_eq!(fs::canonicalize(said.stdout.trim()).unwrap(), run, "stdout is the run's folder and nothing else");
    for name in [
        "generator.safetensors",
        "metrics.jsonl",
        "config.toml",
        "provenance.json",
        "evaluation/metrics.json",
        "report.html",
    ] {
        assert!(run.join(name).metadata().unwrap().len() > 0, "{name}");
    }
    let samples = fs::read_dir(run.join("samples")).unwrap().count();
    assert!(samples >= 2, "{samples} sample grids");

    let again = pipeline.succeed(&["pipeline"]);
    assert!(again.stderr.contains("all is fresh"), "{}", again.stderr);
    let status = pipeline.succeed(&["status"]).stdout;
    assert!(status.lines().count() == 6 && status.lines().all(|line| line.ends_with("fresh")), "{status}");
}

#[test]
fn only_what_a_change_reaches_runs_again() {
    let pipeline = Pipeline::tiny();
    pipeline.succeed(&["pipeline", "--until", "pack"]);
    let until_pack = |set: &[&str]| {
        let mut words = vec!["pipeline", "--until", "pack"];
        set.iter().for_each(|set| words.extend(["--set", *set]));
        pipeline.succeed(&words).stderr
    };
    assert!(until_pack(&["crawl.requests_per_second=500", "crawl.max_connections=2"]).contains("all is fresh"));

    let why = pipeline.succeed(&["status", "--why", "--set", "crop.min_neighbors=4"]).stdout;
    assert!(why.contains("key crop.min_neighbors changed: 5 -> 4"), "{why}");

    let said = until_pack(&["pack.fit=stretch"]);
    assert!(said.contains("rows kept") && !said.contains("faces kept"), "{said}");

    let before = pipeline.files("data/dataset");
    let said = until_pack(&["pack.fit=stretch", "crop.margin=0.1"]);
    assert!(said.contains("faces kept") && said.contains("rows kept"), "the same boxes, other pixels: {said}");
    assert_ne!(pipeline.files("data/dataset"), before);
}

#[test]
fn a_deleted_crop_stays_out() {
    let pipeline = Pipeline::tiny();
    pipeline.succeed(&["pipeline", "--until", "pack"]);
    let before = pipeline.files("data/dataset");
    let faces = pipeline.files("data/faces");
    let face = faces.keys().find(|name| name.ends_with(".png") && !name.starts_with("contact")).unwrap();
    fs::remove_file(pipeline.path("data/faces").join(face)).unwrap();
    let said = pipeline.succeed(&["pipeline", "--until", "pack"]).stderr;
    assert!(said.contains("rows kept") && said.contains("by hand"), "{said}");
    assert_ne!(pipeline.files("data/dataset"), before);
    assert!(pipeline.succeed(&["pipeline", "--until", "pack"]).stderr.contains("all is fresh"));
}

#[test]
fn crops_in_a_tar_make_the_same_dataset_whenever_they_get_there() {
    let moved = Pipeline::tiny();
    moved.succeed(&["pipeline", "--until", "pack"]);
    let dataset = moved.files("data/dataset");
    let into_tar = ["pipeline", "--until", "pack", "--set", "crop.container=tar"];
    let said = moved.succeed(&into_tar).stderr;
    assert!(said.contains("faces kept") && !said.contains("rows kept"), "the same faces elsewhere: {said}");
    let is_loose = |name: &String| name.ends_with(".png") && !name.starts_with("contact/");
    assert!(!moved.files("data/faces").keys().any(is_loose));
    assert!(moved.succeed(&into_tar).stderr.contains("all is fresh"));

    let made = Pipeline::tiny();
    made.succeed(&into_tar);
    assert_eq!(made.files("data/dataset"), dataset);
    made.succeed(&["verify", "crop", "--all", "--set", "crop.container=tar"]);
}

#[test]
fn two_runs_from_scratch_agree_to_the_bit() {
    let results = ["1", "2"].map(|threads| {
        let pipeline = Pipeline::tiny();
        let status = pipeline.command(&["pipeline"]).env("RAYON_NUM_THREADS", threads).stderr(Stdio::null()).status();
        assert!(status.unwrap().success());
        let run = pipeline.files("artifacts/runs/latest");
        let (weights, evaluation) = (run["generator.safetensors"], run["evaluation/metrics.json"]);
        (pipeline.files("data/dataset"), weights, evaluation)
    });
    assert_eq!(results[0], results[1]);
}

#[test]
fn killed_at_any_moment_it_ends_as_if_never_killed() {
    let whole = Pipeline::tiny();
    whole.succeed(&["pipeline"]);
    let pipeline = Pipeline::tiny();
    for milliseconds in [100, 300, 600, 1000, 1500, 2500] {
        let mut command = pipeline.command(&["pipeline"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_millis(milliseconds));
        child.kill().unwrap();
        child.wait().unwrap();
        // The stage at work notices that its runner is gone and lets go of its lock.
        thread::sleep(Duration::from_millis(300));
    }
    pipeline.succeed(&["pipeline"]);
    assert_eq!(pipeline.files("data/dataset"), whole.files("data/dataset"));
    let weights = |pipeline: &Pipeline| pipeline.files("artifacts/runs/latest")["generator.safetensors"];
    assert_eq!(weights(&pipeline), weights(&whole));
}
