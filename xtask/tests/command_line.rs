//! The runner's command line, through the real program.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must fail loudly")]

use std::process::Command;

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
    check(&["pipeline", "--profile", "nonsense"], 2, "there are smoke, tutorial, big");
    check(&["train", "--output_size", "48"], 2, "pack.resolution");
    check(&["bench", "report"], 2, "there are crawl, crop, pack and train");
    check(&["crop", "--shard", "3/2"], 2, "give I/N");
    check(&["crawl", "--plan", "--audit"], 2, "cannot be used with");
    check(&["forget", "konachan"], 2, "<site>:<number>");
    check(&["export", "--format", "zip", "--out", "x"], 2, "the formats are");
    check(&["tidy"], 0, "");
}
