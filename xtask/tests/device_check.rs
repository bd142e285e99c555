//! The script of the device check, with a program that stands in for the benchmark: whatever becomes of a line, the next one
//! runs, and all of it ends in a result and a table.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must fail loudly")]

use std::{
    env, fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// What the stand-in does: it has the losses of a CPU, and of a card it says what the real one says where there is none.
const BENCH: &str = r#"#!/bin/sh
case "$*" in
*"--losses stock"*) sleep 30 ;;
*"--device cpu"*) echo '{"losses": [[1.0, 2.0], [1.0, 2.0]]}' ;;
*"--losses fast"*gpu*) echo '{"losses": [[1.0, 2.0], [1.0, 2.002]]}' ;;
*)
    printf "thread 'main' panicked at a.rs:1:1:\ncannot compute on cuda:0\nnote: run with RUST_BACKTRACE=1\n" >&2
    exit 101
    ;;
esac
"#;

fn benches() -> PathBuf {
    let xtask = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap());
    xtask.parent().unwrap().join("crates/trainer/benches")
}

fn pack(folder: &Path) {
    let write = |name: &str, text: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    write("run", &fs::read(benches().join("device/run.py")).unwrap());
    write("bench", BENCH.as_bytes());
}

fn has_python() -> bool {
    let is_there = Command::new("python3").arg("--version").output().is_ok();
    if !is_there {
        eprintln!("skipped: there is no python3");
    }
    is_there
}

/// Packs the check into a folder and runs it there; where its results are.
fn run(folder: &Path, words: &[&str]) -> PathBuf {
    pack(folder);
    let out = folder.join("out");
    let output = Command::new(folder.join("run")).args(words).arg("--out").arg(&out).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    out
}

/// How each line went, by its name.
fn outcomes(out: &Path) -> Vec<(String, String, String)> {
    let result: Value = serde_json::from_slice(&fs::read(out.join("result.json")).unwrap()).unwrap();
    let text = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
    let lines = result["lines"].as_array().unwrap();
    lines.iter().map(|line| (text(line, "name"), text(line, "outcome"), text(line, "error"))).collect()
}

#[test]
fn a_line_that_fails_stops_no_other() {
    if !has_python() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let out = run(folder.path(), &["--only", "parity", "--minutes", "0.26"]);
    let line = |name: &str, outcome: &str, error: &str| (name.to_owned(), outcome.to_owned(), error.to_owned());
    let found = outcomes(&out);
    assert_eq!(found[0], line("parity: dcgan, CUDA", "failed", "cannot compute on cuda:0"));
    assert_eq!(found[1], line("parity: modern, CUDA", "failed", "cannot compute on cuda:0"));
    // Where the machine is so busy that no time is left, it is not even begun.
    assert_eq!(found[2].0, "parity: dcgan, burn's own operators");
    assert!(["timed out", "left out"].contains(&found[2].1.as_str()), "{}", found[2].1);
    assert_eq!(found[3].0, "parity: dcgan, Vulkan");
    let table = fs::read_to_string(out.join("table.md")).unwrap();
    assert!(found.iter().all(|(name, ..)| table.contains(name)), "{table}");
}

#[test]
fn parity_is_the_largest_difference_to_the_cpu() {
    if !has_python() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let out = run(folder.path(), &["--only", "Vulkan"]);
    assert_eq!(outcomes(&out)[1].1, "done");
    let table = fs::read_to_string(out.join("table.md")).unwrap();
    assert!(table.contains("| parity: dcgan, Vulkan | 1.0e-03 |"), "{table}");
}
