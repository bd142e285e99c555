//! The runner's command line, through the real program.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must fail loudly")]

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
};

fn check(words: &[&str], code: i32, expected: &str) {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask")).args(words).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{words:?}: {said}");
    assert!(said.contains(expected), "{words:?}: {said}");
}

#[test]
fn usage() {
    check(&["--help"], 0, "pipeline");
    check(&["crwl"], 2, "crawl");
    check(&["pipeline", "--from", "crops"], 2, "the stages are crawl, crop, pack");
    check(&["pipeline", "--from", "train", "--until", "crop"], 2, "nothing would run");
    check(&["pipeline", "--dry-run", "--profile", "smoke"], 0, "crawl: ");
    check(&["pipeline", "--profile", "nonsense"], 2, "there are smoke, tutorial, night, big");
    check(&["train", "--output_size", "48"], 2, "pack.resolution");
    check(&["bench", "report"], 2, "there are crawl, crop, pack and train");
    check(&["bench", "cards"], 2, "and device");
    check(&["bench", "device"], 2, "--pack DIR");
    check(&["bench", "train", "--pack", "x"], 2, "measured here");
    check(&["crop", "--shard", "3/2"], 2, "give I/N");
    check(&["crawl", "--plan", "--audit"], 2, "cannot be used with");
    check(&["forget", "konachan"], 2, "<site>:<number>");
    check(&["export", "--format", "zip", "--out", "x"], 2, "the formats are");
    check(&["watch", "--dry-run"], 0, "would serve");
    check(&["verify", "--seed", "1", "--all"], 2, "cannot be used with");
    check(&["clean", "crops"], 2, "the stages are crawl");
    check(&["tidy"], 0, "");
}

/// A pipeline of its own in a folder, whose runs and data can be looked after without a stage's program.
struct Pipeline(tempfile::TempDir);

impl Pipeline {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("pipeline.toml"), "[crawl]\nsite = \"mini\"\n").unwrap();
        Self(folder)
    }

    fn write(&self, name: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "content").unwrap();
        path
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.args(words).arg("--config").arg(self.0.path().join("pipeline.toml")).stdin(Stdio::null());
        command
    }

    fn check(&self, words: &[&str], code: i32, expected: &str) {
        let output = self.command(words).output().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{words:?}: {said}");
        assert!(said.contains(expected), "{words:?}: {said}");
    }
}

#[test]
fn what_was_made_is_listed_and_removed_when_that_is_wanted() {
    let pipeline = Pipeline::new();
    pipeline.check(&["runs"], 0, "there is no run in");
    pipeline.check(&["runs", "--json"], 0, "[]");
    pipeline.check(&["cancel"], 0, "no job of");
    pipeline.check(&["gc"], 0, "nothing is left over");
    pipeline.check(&["verify", "crop"], 0, "crop: there is nothing to verify");
    let (picture, crop) = (pipeline.write("data/raw/pictures/aa/a.jpg"), pipeline.write("data/faces/mini-00000/a.png"));
    let half = pipeline.write("data/faces/.partial-mini-00001/half.png");
    let config = pipeline.write("artifacts/runs/dcgan-64px-1/config.toml");
    pipeline.check(&["runs"], 0, "dcgan-64px-1");
    pipeline.check(&["gc"], 2, "give --yes");
    pipeline.check(&["clean"], 2, "data/faces");
    assert!(half.exists() && crop.exists());
    pipeline.check(&["gc", "--yes"], 0, "left unfinished by a process that is gone");
    assert!(!half.exists() && crop.exists());
    pipeline.check(&["clean", "--yes"], 0, "in all, to be removed");
    assert!(!crop.exists() && picture.exists() && config.exists(), "of which dataset that run is, nobody knows");
    pipeline.check(&["clean", "crawl", "--yes"], 0, "data/raw");
    assert!(!picture.exists());
}

#[test]
#[cfg(target_os = "linux")]
fn a_closed_stdout_is_silence_and_a_full_one_an_error() {
    let pipeline = Pipeline::new();
    for words in [&["runs", "--json"][..], &["--help"], &["crawl", "--help"]] {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let output = pipeline.command(words).stdout(full).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && said.contains("cannot write to stdout"), "{words:?}: {said}");
    }
    // Nobody reads, and nobody listens either.
    for words in [&["runs", "--json"][..], &["status", "--why"], &["--help"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let (out, error) = (writer.try_clone().unwrap(), writer);
        let status = pipeline.command(words).stdout(out).stderr(error).status().unwrap();
        assert_eq!(status.code(), Some(0), "{words:?}");
    }
}
