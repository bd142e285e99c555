//! The program: what it writes, says and refuses.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

fn lab(folder: &Path, arguments: &[&str]) -> Output {
    let config = folder.join("pipeline.toml");
    fs::write(&config, "").unwrap();
    Command::new(env!("CARGO_BIN_EXE_lab")).arg("--config").arg(config).args(arguments).output().unwrap()
}

#[test]
fn an_experiment_is_done_checked_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let output = lab(folder.path(), &["--check", "gradients", "virtual-norm"]);
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(table.contains("gradients") && table.contains("as expected") && !table.contains("NOT"), "{table}");
    let written = folder.path().join("artifacts/lab");
    for file in ["index.html", "gradients.png", "virtual-norm.png"] {
        assert!(written.join(file).exists(), "{file}");
    }
}

#[test]
fn an_experiment_that_there_is_not_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let output = lab(folder.path(), &["gradient"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("no experiment \"gradient\""), "{said}");
}
