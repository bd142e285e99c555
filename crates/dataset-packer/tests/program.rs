//! The program itself: arguments, exit codes, what it prints.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a seed is printed, to repeat what it drew")]

mod material;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    hash::{BuildHasher, RandomState},
    path::PathBuf,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use contracts::{ContentHash, Report, StageId, layout};
use material::Pipeline;

fn command(pipeline: &Pipeline) -> Command {
    fs::write(pipeline.path("pipeline.toml"), "[pack]\nsources = [\"pictures\"]\nresolution = 16\n").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_dataset-packer"));
    command.current_dir(pipeline.path(""));
    command
}

fn run(pipeline: &Pipeline, set: &[&str]) -> Output {
    let mut command = command(pipeline);
    for set in set {
        command.args(["--set", set]);
    }
    command.output().unwrap()
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

#[cfg(unix)]
#[test]
fn a_shell_s_limits_are_no_sudden_end() {
    let pipeline = Pipeline::with_pictures(30);
    let limited = |limit: &str| {
        let packer = command(&pipeline);
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &format!("ulimit {limit}; exec \"$0\"")])
            .arg(packer.get_program())
            .current_dir(pipeline.path(""));
        shell.output().unwrap()
    };
    let small_stack = limited("-s 64");
    assert!(small_stack.status.success(), "{}", String::from_utf8_lossy(&small_stack.stderr));
    fs::remove_dir_all(pipeline.path("data")).unwrap();
    let short_files = limited("-f 8");
    let said = String::from_utf8_lossy(&short_files.stderr);
    assert_eq!(short_files.status.code(), Some(1), "{said}");
    assert!(said.contains("error: cannot write") && said.contains("ulimit -f"), "{said}");
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

#[cfg(unix)]
#[test]
fn killed_at_many_random_moments_it_never_shows_half_a_dataset_and_ends_with_the_same_bytes() {
    let mut random = random();
    let silent = |pipeline: &Pipeline| {
        let mut command = command(pipeline);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let whole = Pipeline::with_pictures(150);
    let started = Instant::now();
    assert!(silent(&whole).status().unwrap().success());
    let duration = started.elapsed().as_micros() as u64;
    let expected = finished(&whole);
    let (mut kills, mut files_at_kills) = (0, BTreeSet::new());
    while kills < 40 {
        let killed = Pipeline::with_pictures(150);
        // Each start may live a little longer than the one before, so that the last one gets through.
        for most in (1..).map(|start| duration / 12 * start) {
            let mut child = silent(&killed).spawn().unwrap();
            std::thread::sleep(Duration::from_micros(random(most)));
            child.kill().unwrap();
            if child.wait().unwrap().success() {
                break;
            }
            kills += 1;
            let left = finished(&killed);
            files_at_kills.insert(left.len());
            let foreign: Vec<&PathBuf> = left.keys().filter(|name| expected.get(*name) != left.get(*name)).collect();
            assert_eq!(foreign, Vec::<&PathBuf>::new(), "after {kills} kills");
            if left.keys().any(|name| name.starts_with("data/dataset")) {
                killed.dataset();
            }
        }
        assert_eq!(finished(&killed), expected, "the same files with the same bytes");
    }
    println!("{kills} kills, with {files_at_kills:?} files done");
    assert!(files_at_kills.len() > 3, "they came at different moments: {files_at_kills:?}");
}

/// The dataset's files and the prepared images that have their final names, with their hashes. What a prepared shard says
/// beside its images depends on where the pictures lie.
fn finished(pipeline: &Pipeline) -> BTreeMap<PathBuf, ContentHash> {
    let mut files = pipeline.dataset_files();
    files.extend(pipeline.files_below(&pipeline.layout().prepared()));
    files.retain(|name, _| {
        let is_partial = |part: &std::ffi::OsStr| part.to_string_lossy().starts_with(layout::PARTIAL_PREFIX);
        let depends = name.starts_with("data/prepared") && name.ends_with("shard.json");
        !depends && !name.iter().any(is_partial)
    });
    files
}

/// Random numbers below a limit. They are others each time, unless the environment gives the seed to repeat a failure.
fn random() -> impl FnMut(u64) -> u64 {
    let given = std::env::var("NIJIGEN_TEST_SEED").ok().map(|seed| seed.parse().unwrap());
    let seed: u64 = given.unwrap_or_else(|| RandomState::new().hash_one("seed"));
    println!("NIJIGEN_TEST_SEED={seed}");
    let mut drawn = 0_u64;
    move |limit| {
        drawn += 1;
        let hash = ContentHash::of(&[seed.to_le_bytes(), drawn.to_le_bytes()].concat());
        u64::from_le_bytes(*hash.bytes().first_chunk().unwrap()) % limit
    }
}
