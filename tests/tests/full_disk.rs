//! A disk that fills up stops a stage with advice; with more room the same command resumes.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test that cannot be set up must fail loudly")]

use std::{fs, path::PathBuf, process::Command};

use end_to_end::Pipeline;

/// A disk of its own size in memory; only root may mount one.
struct Disk(PathBuf);

impl Disk {
    fn mount(folder: PathBuf, size: &str) -> Option<Self> {
        fs::create_dir_all(&folder).unwrap();
        let options = format!("size={size}");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&folder).output();
        let mounted = mounted.is_ok_and(|output| output.status.success());
        if !mounted {
            eprintln!("skipped: a small disk can be mounted by root alone");
        }
        mounted.then_some(Self(folder))
    }

    fn resize(&self, size: &str) {
        let options = format!("remount,size={size}");
        assert!(Command::new("mount").args(["-o", &options]).arg(&self.0).status().unwrap().success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn every_stage_survives_a_full_disk() {
    let pipeline = Pipeline::tiny();
    let Some(disk) = Disk::mount(pipeline.path("data"), "600k") else { return };
    pipeline.fail(&["crawl"], 1, &["make room"]);
    disk.resize("64m");
    pipeline.succeed(&["crawl"]);
    for (stage, leftover) in [("crop", 64), ("pack", 64)] {
        let room = fill(&pipeline, leftover);
        pipeline.fail(&[stage], 1, &["make room"]);
        fs::remove_file(room).unwrap();
        pipeline.succeed(&[stage]);
    }
    let Some(runs) = Disk::mount(pipeline.path("artifacts"), "100k") else { return };
    pipeline.fail(&["train"], 1, &["make room"]);
    runs.resize("64m");
    pipeline.succeed(&["train"]);
}

/// Fills the disk but for a few kilobytes; gives the file that does it.
fn fill(pipeline: &Pipeline, leftover_kilobytes: usize) -> PathBuf {
    let path = pipeline.path("data/filler");
    let df = Command::new("df").args(["--output=avail", "-k"]).arg(pipeline.path("data")).output().unwrap();
    let text = String::from_utf8_lossy(&df.stdout).into_owned();
    let available: usize = text.lines().last().unwrap().trim().parse().unwrap();
    fs::write(&path, vec![0; (available - leftover_kilobytes) * 1024]).unwrap();
    path
}
