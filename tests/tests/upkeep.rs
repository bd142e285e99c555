//! What keeps a pipeline in order: verify, clean, gc, shares, and two pipelines beside each other.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must fail loudly")]

use std::fs;

use end_to_end::Pipeline;

#[test]
fn damage_is_found_named_and_redone() {
    let pipeline = Pipeline::tiny();
    pipeline.succeed(&["pipeline"]);
    let said = pipeline.succeed(&["verify", "--all"]);
    for stage in ["crawl", "crop", "pack", "train", "evaluate"] {
        assert!(said.stderr.contains(&format!("{stage}: verified")), "{}", said.stderr);
    }
    pipeline.succeed(&["verify", "--seed", "1"]);
    let before = pipeline.files("data/faces");

    let face = before.keys().find(|name| name.ends_with(".png") && name.starts_with("mini-")).unwrap();
    fs::write(pipeline.path("data/faces").join(face), b"damaged").unwrap();
    pipeline.fail(&["verify", "crop", "--all"], 1, &[face, "is not what was written", "&& cargo xtask crop"]);
    let shard = face.split('/').next().unwrap();
    fs::remove_dir_all(pipeline.path("data/faces").join(shard)).unwrap();
    pipeline.succeed(&["crop"]);
    pipeline.succeed(&["verify", "crop", "--all"]);
    assert_eq!(pipeline.files("data/faces"), before);

    for (stage, folder, ending) in [("crawl", "data/raw/pictures", "g"), ("pack", "data/dataset/train", ".arrow")] {
        let files = pipeline.files(folder);
        let name = files.keys().find(|name| name.ends_with(ending)).unwrap();
        let path = pipeline.path(folder).join(name);
        let whole = fs::read(&path).unwrap();
        let mut damaged = whole.clone();
        *damaged.last_mut().unwrap() ^= 1;
        fs::write(&path, damaged).unwrap();
        pipeline.fail(&["verify", stage, "--all"], 1, &[name, &format!("&& cargo xtask {stage}")]);
        fs::write(&path, whole).unwrap();
    }
    let weights = pipeline.path("artifacts/runs/latest/generator.safetensors");
    fs::write(weights, b"damaged").unwrap();
    pipeline.fail(&["verify", "train"], 1, &["generator.safetensors is not what was written", "&& cargo xtask train"]);
}

#[test]
fn a_share_leaves_the_lock_alone_and_marks_the_stage() {
    let pipeline = Pipeline::tiny();
    pipeline.succeed(&["pipeline", "--until", "pack"]);
    let lock = fs::read(pipeline.path("pipeline.lock")).unwrap();
    for stage in ["crop", "pack"] {
        pipeline.succeed(&[stage, "--shard", "1/2"]);
        assert_eq!(fs::read(pipeline.path("pipeline.lock")).unwrap(), lock);
        let why = pipeline.succeed(&["status", "--why"]).stdout;
        assert!(why.contains("a share of it was begun"), "{why}");
        pipeline.succeed(&[stage]);
        let why = pipeline.succeed(&["status", "--why"]).stdout;
        assert!(!why.contains("a share of it was begun"), "{why}");
    }
}

#[test]
fn pipelines_of_two_folders_at_once_are_both_remembered() {
    let pipeline = Pipeline::tiny();
    let other = "paths.data=elsewhere";
    let mut beside = pipeline.command(&["crawl", "--set", other]).spawn().unwrap();
    pipeline.succeed(&["crawl"]);
    pipeline.succeed(&["crop"]);
    assert!(beside.wait().unwrap().success());
    let fresh = |words: &[&str], stage: &str| {
        let status = pipeline.succeed(words).stdout;
        let line = status.lines().find(|line| line.starts_with(stage)).unwrap();
        assert!(line.contains("fresh"), "{status}");
    };
    fresh(&["status"], "crawl");
    fresh(&["status"], "crop");
    fresh(&["status", "--set", other], "crawl");
}
