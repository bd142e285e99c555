//! The chain as jobs of a real Slurm: what it makes, and what becomes of it when machines fail, stages fail or time runs out.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must fail loudly")]

use std::{env, fs, path::PathBuf, time::SystemTime};

use contracts::{ContentHash, Layout, config::PathsConfig, manifest, record::PictureRecord};
use end_to_end::{
    Pipeline,
    slurm::{Slurm, stand_in},
};

/// Pictures that fall into six shards, so that each of four tasks has work.
const CONFIG: &str = r#"
seed = 1

[crawl]
site = "folder"
folder = "pictures"
tags = ""

[crop]
size = 32
min_size = 24

[pack]
resolution = 32
holdout = 0.2

[train]
recipe = "dcgan"
device = "cpu"
batch_size = 4
max_kimg = 0.024
checkpoint_kimg = 0.012
sample_kimg = 0.012
override = { generator.base_channels = 2, discriminator.base_channels = 2 }

[evaluate]
samples = 16

[cluster]
tasks = 4
"#;

/// A pipeline with the first version's pictures under numbers that lie far apart.
fn pipeline() -> Pipeline {
    let pipeline = Pipeline::with(CONFIG);
    let fixture = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo tells its tests where they lie"));
    let layout = Layout::new(&fixture.join("fixtures/first-version"), &PathsConfig::default());
    fs::create_dir(pipeline.path("pictures")).unwrap();
    let pictures = manifest::read::<PictureRecord>(&layout.raw_manifest()).unwrap().records;
    for (index, picture) in pictures.iter().enumerate() {
        let name = format!("pictures/{}.jpg", (index + 1) * 1500);
        fs::copy(layout.raw_picture(&picture.file), pipeline.path(&name)).unwrap();
    }
    pipeline
}

/// The records, the dataset and the weights.
fn made(pipeline: &Pipeline) -> (ContentHash, impl PartialEq + std::fmt::Debug, ContentHash) {
    let faces = pipeline.files("data/faces")["manifest.jsonl"];
    (faces, pipeline.files("data/dataset"), pipeline.files("artifacts/runs/latest")["generator.safetensors"])
}

/// The shards of faces, each with when it was made.
fn shards(pipeline: &Pipeline) -> Vec<(PathBuf, SystemTime)> {
    let folders = fs::read_dir(pipeline.path("data/faces")).unwrap().map(|entry| entry.unwrap().path());
    folders
        .filter_map(|folder| Some((folder.clone(), Layout::shard_record(&folder).metadata().ok()?.modified().ok()?)))
        .collect()
}

fn line<'a>(text: &'a str, beginning: &str) -> &'a str {
    text.lines().find(|line| line.starts_with(beginning)).unwrap_or_else(|| panic!("no {beginning} in {text}"))
}

#[test]
fn four_machines_make_what_one_does_though_one_of_them_fails() {
    let Some(slurm) = Slurm::start() else { return };
    let (one, four) = (pipeline(), pipeline());
    one.succeed(&["pipeline", "--yes"]);

    // The first time, task 2 hangs until its machine dies. Task 3 is done, with failures that were counted and kept.
    stand_in(
        &four,
        "face-cropper",
        "case \" $* \" in\n\
         *--shard=2/4*) [ -e hung ] || { echo $SLURMD_NODENAME > hung-on; mv hung-on hung; sleep 600; } ;;\n\
         *--shard=3/4*) \"$REAL\" \"$@\"; exit 3 ;;\n\
         esac\nexec \"$REAL\" \"$@\"",
    );
    let words = ["pipeline", "--engine", "slurm", "--yes", "--set", "cluster.pack.tasks=2"];
    let said = slurm.succeed(&four, &words);
    assert!(said.stderr.contains("crop: job") && said.stderr.contains("an array of 4"), "{}", said.stderr);
    let last = said.stdout.lines().last().unwrap().to_owned();
    assert!(last.parse::<u32>().is_ok(), "the last job's number is for scripts: {last}");
    slurm.wait_for("the task that hangs", || four.path("hung").exists());

    let again = slurm.succeed(&four, &words);
    assert!(again.stderr.contains("is queued or at work already") && again.stdout.is_empty(), "{}", again.stderr);
    let queued = slurm.ask("squeue", &["--noheader", "--format=%F"]);
    assert_eq!(queued.lines().max_by_key(|id| id.parse::<u32>().ok()), Some(last.as_str()), "nothing was doubled");
    let status = slurm.succeed(&four, &["status"]).stdout;
    assert!(line(&status, "crop ").contains("stale"), "the disk comes first: {status}");
    assert!(status.contains(&format!("job {last}: 1 queued")), "{status}");

    slurm.power_off(fs::read_to_string(four.path("hung")).unwrap().trim());
    slurm.wait_until_idle();
    assert_eq!(made(&four), made(&one), "{}", slurm.logs(&four));
    let status = slurm.succeed(&four, &["status"]).stdout;
    for stage in ["crawl", "crop ", "pack ", "train", "evaluate", "report"] {
        assert!(line(&status, stage).ends_with("fresh"), "{status}");
    }
    assert!(line(&status, "crop         job").ends_with("4 done"), "{status}");
    assert!(slurm.succeed(&four, &words).stderr.contains("all is fresh"));
    assert!(
        one.succeed(&["status"]).stdout.lines().all(|line| line.ends_with("fresh")),
        "no word of jobs where there are none"
    );
}

#[test]
fn a_failure_ends_the_chain_and_only_what_is_missing_is_done_again() {
    let Some(slurm) = Slurm::start() else { return };
    let pipeline = pipeline();
    stand_in(
        &pipeline,
        "face-cropper",
        "echo \"$*\" >> asked\ncase \" $* \" in\n\
         *--shard=1/4*) [ -e mended ] || { echo 'error: the lens is broken' >&2; exit 1; } ;;\n\
         esac\nexec \"$REAL\" \"$@\"",
    );
    let words = ["pipeline", "--engine", "slurm", "--until", "pack"];
    let long = slurm.run(&pipeline, &[&words[..], &["--set", "cluster.crop.tasks=1001"]].concat());
    assert!(long.code == Some(2) && long.stderr.contains("1000 tasks at most (MaxArraySize)"), "{}", long.stderr);
    let refused = slurm.run(&pipeline, &[&words[..], &["--set", "cluster.pack.partition=none"]].concat());
    assert!(refused.code == Some(1) && refused.stderr.contains("cannot submit pack"), "{}", refused.stderr);
    assert!(refused.stderr.contains("taken back"), "{}", refused.stderr);
    slurm.wait_until_idle();

    slurm.succeed(&pipeline, &words);
    slurm.wait_until_idle();
    let status = slurm.succeed(&pipeline, &["status"]).stdout;
    assert!(line(&status, "crop         job").contains("3 done, 1 failed"), "{status}");
    assert!(status.contains("_1 failed: error: the lens is broken"), "{status}");
    assert!(
        line(&status, "crop-merge").ends_with("1 cancelled")
            && line(&status, "pack         job").ends_with("1 cancelled"),
        "{status}"
    );
    assert!(!pipeline.path("data/dataset").exists());
    let finished = shards(&pipeline);
    assert!(!finished.is_empty());

    fs::write(pipeline.path("mended"), "").unwrap();
    slurm.succeed(&pipeline, &words);
    slurm.wait_until_idle();
    let status = slurm.succeed(&pipeline, &["status"]).stdout;
    assert!(line(&status, "pack ").ends_with("fresh"), "{status}\n{}", slurm.logs(&pipeline));
    let all = shards(&pipeline);
    assert!(all.len() == 6 && finished.iter().all(|shard| all.contains(shard)), "{finished:?} in {all:?}");
}

#[test]
fn a_job_whose_time_is_up_goes_back_and_a_cancelled_one_does_not() {
    let Some(slurm) = Slurm::start() else { return };
    let pipeline = pipeline();
    // A stage that stops in good order when its runner does.
    stand_in(
        &pipeline,
        "face-cropper",
        "[ -e ready ] && exec \"$REAL\" \"$@\"\necho $$ >> began\ncat > /dev/null\nexit 130",
    );
    let until_crop = ["pipeline", "--engine", "slurm", "--until", "crop", "--set", "cluster.tasks=1", "--set"];
    // Half a minute is Slurm's own tolerance, and this more than the limit: told at its next look.
    let soon = "cluster.extra=[\"--time=1\", \"--signal=B:TERM@59\"]";
    slurm.succeed(&pipeline, &[&until_crop[..], &[soon]].concat());
    slurm.wait_for("the job to begin", || pipeline.path("began").exists());
    fs::write(pipeline.path("ready"), "").unwrap();
    slurm.wait_until_idle();
    let status = slurm.succeed(&pipeline, &["status"]).stdout;
    assert!(line(&status, "crop ").ends_with("fresh"), "{status}\n{}", slurm.logs(&pipeline));
    assert!(slurm.logs(&pipeline).contains("it goes back into the queue"), "{}", slurm.logs(&pipeline));

    fs::remove_file(pipeline.path("ready")).unwrap();
    fs::remove_file(pipeline.path("began")).unwrap();
    let changed = "crop.margin=0.1";
    slurm.succeed(&pipeline, &[&until_crop[..], &[changed]].concat());
    slurm.wait_for("the job to begin", || pipeline.path("began").exists());
    let said = slurm.succeed(&pipeline, &["cancel"]).stderr;
    assert!(said.contains("is cancelled"), "{said}");
    slurm.wait_until_idle();
    assert_eq!(fs::read_to_string(pipeline.path("began")).unwrap().lines().count(), 1, "it did not begin again");
    let status = slurm.succeed(&pipeline, &["status"]).stdout;
    assert!(line(&status, "crop         job").ends_with("1 cancelled"), "{status}");
    assert!(slurm.succeed(&pipeline, &["cancel"]).stderr.contains("no job of"));

    // Without another try the stage's own code is the job's, and the chain ends.
    fs::remove_file(pipeline.path("began")).unwrap();
    let once = ["--set", "cluster.retries=0", "--set", changed];
    slurm.succeed(&pipeline, &[&until_crop[..7], &once].concat());
    slurm.wait_for("the job to begin", || pipeline.path("began").exists());
    // To the script alone, as at a time limit.
    slurm.ask("scancel", &["--batch", "--signal=TERM", "--name=nijigen-crop"]);
    slurm.wait_until_idle();
    let status = slurm.succeed(&pipeline, &["status"]).stdout;
    assert!(line(&status, "crop         job").ends_with("1 failed"), "{status}");
}

#[test]
fn a_sweep_side_by_side_trains_what_it_does_one_after_the_other() {
    let Some(slurm) = Slurm::start() else { return };
    let (one, four) = (pipeline(), pipeline());
    one.succeed(&["pipeline", "--yes", "--until", "pack"]);
    // The crawl is a job among them.
    let sets = ["cluster.crawl_on=main", "cluster.tasks=1"].map(|set| ["--set", set]).concat();
    let until_pack = ["pipeline", "--engine", "slurm", "--until", "pack"];
    let said = slurm.succeed(&four, &[&until_pack[..], &sets].concat()).stderr;
    assert!(said.contains("crawl: job") && !said.contains("posts in"), "{said}");
    slurm.wait_until_idle();
    one.succeed(&["train", "--sweep", "seeds=3"]);
    slurm.succeed(&four, &["train", "--sweep", "seeds=3", "--engine", "slurm"]);
    slurm.wait_until_idle();
    let weights = |pipeline: &Pipeline| {
        let mut files = pipeline.files("artifacts/runs");
        files.retain(|name, _| name.ends_with("generator.safetensors") && !name.starts_with("latest"));
        files
    };
    assert_eq!(weights(&one).len(), 3);
    assert_eq!(weights(&four), weights(&one), "{}", slurm.logs(&four));
    assert_eq!(
        four.files("artifacts/compare").into_keys().collect::<Vec<_>>(),
        one.files("artifacts/compare").into_keys().collect::<Vec<_>>()
    );
}
