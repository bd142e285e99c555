//! The real program: killed, told to stop, run on more threads, given what it cannot use.
#![allow(clippy::unwrap_used)]

mod tiny;

use std::{
    fs,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use contracts::Report;
use tiny::{BATCH, ROWS, SIDE, Workshop};

#[test]
fn the_result_does_not_depend_on_the_number_of_threads() {
    for recipe in ["dcgan", "conditional", "semi-supervised"] {
        let results = ["1", "2"].map(|threads| {
            let mut workshop = Workshop::new(6).measured();
            workshop.config.train.recipe = recipe.into();
            let output = workshop.program().env("RAYON_NUM_THREADS", threads).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            workshop.result()
        });
        assert_eq!(results[0], results[1], "{recipe}");
    }
}

#[test]
fn a_run_killed_at_any_moment_ends_as_the_one_never_killed() {
    const STEPS: u64 = 120;
    let whole = Workshop::new(STEPS).measured();
    whole.train().unwrap();

    let killed = Workshop::new(STEPS).measured();
    let (mut wait, mut kills) = (Duration::from_millis(3), 0);
    loop {
        let mut child = killed.program().spawn().unwrap();
        let deadline = Instant::now() + wait;
        while Instant::now() < deadline && child.try_wait().unwrap().is_none() {
            thread::sleep(Duration::from_millis(1));
        }
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success());
            break;
        }
        // SIGKILL, or its like.
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        // Longer each time, so that it comes to its end on the slowest machine.
        wait = wait * 4 / 3;
    }
    assert!(kills >= 3, "it was killed {kills} times only");
    assert_eq!(killed.result(), whole.result(), "after {kills} kills");
}

#[test]
fn a_run_told_to_stop_leaves_with_130_and_can_be_resumed() {
    let workshop = Workshop::new(1_000_000);
    let mut child = workshop.program().arg("--stop-with-stdin").stdin(Stdio::piped()).spawn().unwrap();
    while !workshop.run_folder().checkpoint(3 * BATCH).exists() && child.try_wait().unwrap().is_none() {
        thread::sleep(Duration::from_millis(1));
    }
    drop(child.stdin.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Report = serde_json::from_slice(&output.stdout).unwrap();
    let images = report.figures["images_shown"] as u64;
    assert!(workshop.run_folder().checkpoint(images).exists(), "{report:?}");
}

#[test]
fn a_finished_run_has_all_its_files_and_latest_points_at_it() {
    let workshop = Workshop::new(4);
    let output = workshop.program().output().unwrap();
    let report: Report = serde_json::from_slice(&output.stdout).unwrap();
    let run = workshop.run_folder();
    assert_eq!(report.run.map(|run| run.to_string()).as_deref(), run.root().file_name().unwrap().to_str());
    assert_eq!(fs::canonicalize(workshop.layout().latest_run()).unwrap(), fs::canonicalize(run.root()).unwrap());
    for images in [0, 4 * BATCH] {
        let grid = image::open(run.sample(images)).unwrap();
        assert_eq!((grid.width(), grid.height()), (8 * SIDE, 8 * SIDE));
    }

    let text = fs::read_to_string(run.config()).unwrap();
    let request = contracts::config::Request { text: &text, file: "config.toml".as_ref(), profile: None, set: &[] };
    assert_eq!(contracts::config::load(&request).unwrap(), workshop.config);

    let provenance: serde_json::Value = serde_json::from_slice(&fs::read(run.provenance()).unwrap()).unwrap();
    assert_eq!(provenance["images_shown"], 4 * BATCH);
    assert_eq!(provenance["device"], "cpu");
    assert_eq!(provenance["dataset"]["train_rows"], ROWS);
    assert_eq!(provenance["dataset"]["train_posts"], ROWS.div_ceil(2));
    assert_eq!(provenance["recipe"]["generator"]["base_channels"], 2);
    assert_eq!(provenance["generator"], workshop.result().generator.to_string());

    let generator = fs::read(run.generator()).unwrap();
    let generator = gan::Generator::from_safetensors(&generator, &burn::tensor::Device::flex()).unwrap();
    assert_eq!(generator.architecture().side, SIDE);
}

#[test]
fn what_it_cannot_use_it_says_and_how_to_fix_it() {
    let check = |change: fn(&mut Workshop), code: i32, parts: &[&str]| {
        let mut workshop = Workshop::new(2);
        change(&mut workshop);
        let output = workshop.program().output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{said}");
        for part in parts {
            assert!(said.contains(part), "{said} does not say {part}");
        }
    };
    check(|w| w.config.train.recipe = "dcgann".into(), 2, &["train.recipe", "dcgann", "dcgan-tutorial"]);
    check(
        |w| w.config.train.r#override = "lr = 1\ngenerator.base_chanels = 1".parse().unwrap(),
        2,
        &["there is no key lr", "generator.base_channels"],
    );
    check(|w| w.config.pack.resolution = 50, 2, &["50 px"]);
    check(|w| w.config.train.batch_size = ROWS + 1, 1, &["12", "11", "train.batch_size"]);
    check(|w| w.config.pack.resolution = 32, 1, &["16 px", "pack.resolution"]);
    check(|w| fs::remove_dir_all(w.layout().dataset()).unwrap(), 1, &["no dataset at", "cargo xtask pack"]);
    check(|w| damage(&w.layout().dataset()), 1, &["the dataset is damaged", ".arrow"]);
}

#[test]
fn a_recipe_in_a_file_is_read_beside_the_configuration() {
    let workshop = Workshop::new(2);
    workshop.train().unwrap();
    let folder = workshop.run_folder().root().to_path_buf();
    let set = format!("train.recipe={}", workshop.run_folder().recipe().display());
    let output = workshop.program().args(["--set", &set, "--set", "train.override={}"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Report = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report.output, Some(workshop.result().generator));
    assert_ne!(report.run.unwrap().to_string(), folder.file_name().unwrap().to_str().unwrap());
    let output = workshop.program().args(["--set", "train.recipe=nowhere.toml"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && said.contains("cannot read the recipe at"), "{said}");
}

#[test]
fn recipes_are_listed_a_line_each() {
    let output = Workshop::new(1).program().arg("--list-recipes").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find(|line| line.starts_with("dcgan-paper "));
    assert!(
        output.status.success() && line.is_some_and(|line| line.contains("  The networks of the DCGAN paper")),
        "{text}"
    );
    assert_eq!(text.lines().count(), gan::Recipe::names().len() + 1);
}

#[cfg(not(feature = "gpu"))]
#[test]
fn a_gpu_that_was_not_built_in_is_an_error() {
    let mut workshop = Workshop::new(2);
    workshop.config.train.device = "gpu".parse().unwrap();
    let error = workshop.train().unwrap_err().to_string();
    assert!(error.contains("--features gpu"), "{error}");
}

/// Flips a bit among the pixels.
fn damage(dataset: &std::path::Path) {
    let shard =
        tiny::files(dataset.join("train")).into_iter().find(|path| path.extension().is_some_and(|e| e == "arrow"));
    let shard = shard.unwrap();
    let mut content = fs::read(&shard).unwrap();
    let middle = content.len() / 2;
    content[middle] ^= 1;
    fs::write(&shard, content).unwrap();
}

#[test]
fn a_setting_that_changes_the_outcome_begins_another_run_and_says_why() {
    let workshop = Workshop::new(2);
    workshop.train().unwrap();
    let output = workshop.program().args(["--set", &format!("train.batch_size={}", BATCH / 2)]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    for part in ["another run than", &format!("batch_size was {BATCH} and is {}", BATCH / 2)] {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
}
