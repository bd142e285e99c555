//! The chain from end to end: a pipeline of one's own in a temporary folder, run through the real programs.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot be set up must fail loudly")]

#[cfg(unix)]
pub mod slurm;

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use contracts::ContentHash;
use tempfile::TempDir;

/// A configuration that runs the whole chain in seconds.
const TINY: &str = r#"
seed = 1

[crawl]
site = "mini"
requests_per_second = 1000
max_connections = 8

[crop]
size = 64

[pack]
resolution = 32
holdout = 0.2

[train]
device = "cpu"
batch_size = 4
max_kimg = 0.024
checkpoint_kimg = 0.008
sample_kimg = 0.012
override = { generator.base_channels = 2, discriminator.base_channels = 2 }

[evaluate]
samples = 32

[mini]
count = 16
"#;

/// A pipeline in a folder of its own, which is gone when this is.
pub struct Pipeline {
    folder: TempDir,
}

/// What a command said and how it ended.
#[derive(Debug)]
pub struct Said {
    /// The exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// All of stdout.
    pub stdout: String,
    /// All of stderr.
    pub stderr: String,
}

impl Said {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }
}

impl Pipeline {
    /// A pipeline with the tiny configuration.
    pub fn tiny() -> Self {
        Self::with(TINY)
    }

    /// A pipeline with this text as its pipeline.toml.
    pub fn with(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("pipeline.toml"), text).unwrap();
        Self { folder }
    }

    /// A copy of the pipeline in a folder.
    pub fn copy_of(folder: &Path) -> Self {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(folder, copy.path());
        Self { folder: copy }
    }

    /// A path in the pipeline's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs `cargo xtask` with these words to its end.
    pub fn run(&self, words: &[&str]) -> Said {
        Said::of(&self.command(words).output().unwrap())
    }

    /// Runs it and expects exit code 0.
    pub fn succeed(&self, words: &[&str]) -> Said {
        let said = self.run(words);
        assert_eq!(said.code, Some(0), "{words:?}\n{}", said.stderr);
        said
    }

    /// Runs it and expects this exit code and these words on stderr.
    pub fn fail(&self, words: &[&str], code: i32, expected: &[&str]) {
        let said = self.run(words);
        assert_eq!(said.code, Some(code), "{words:?}\n{}", said.stderr);
        for words in expected {
            assert!(said.stderr.contains(words), "{words:?} is not said in:\n{}", said.stderr);
        }
        assert!(!said.stderr.contains("panicked"), "{}", said.stderr);
    }

    /// The command, not yet started: the runner with the programs that this test was built with.
    pub fn command(&self, words: &[&str]) -> Command {
        let programs = programs();
        let mut command = Command::new(programs.join("xtask"));
        command.args(words).arg("--config").arg(self.path("pipeline.toml"));
        command.env("NIJIGEN_BIN_DIR", &programs).stdin(Stdio::null());
        command
    }

    /// Every file below a folder, by relative name, with its hash.
    pub fn files(&self, folder: &str) -> BTreeMap<String, ContentHash> {
        let mut files = BTreeMap::new();
        let root = fs::canonicalize(self.path(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
        collect(&root, &root, &mut files);
        files
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, ContentHash>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            files.insert(name, ContentHash::of_file(&path).unwrap());
        }
    }
}

/// The folder that cargo built the workspace's programs into: the one above this test's own.
fn programs() -> PathBuf {
    let test = env::current_exe().unwrap();
    let folder = test.ancestors().nth(2).unwrap().to_path_buf();
    for name in ["xtask", "mini-booru", "crawler", "face-cropper", "dataset-packer", "trainer", "evaluator", "reporter"]
    {
        let built = folder.join(format!("{name}{}", env::consts::EXE_SUFFIX)).exists();
        assert!(built, "{name} is not built in {}: run these tests with `cargo xtask test`", folder.display());
    }
    folder
}

/// The folder of real pictures, or `None` with a word that the test is skipped.
pub fn shared_data() -> Option<PathBuf> {
    let folder = env::var_os("NIJIGEN_SHARED").map(|folder| PathBuf::from(folder).join("data"));
    let found = folder.filter(|folder| folder.is_dir());
    if found.is_none() {
        skipped("NIJIGEN_SHARED names no folder of real pictures");
    }
    found
}

#[allow(clippy::print_stderr, reason = "a skipped test says so")]
fn skipped(why: &str) {
    contracts::tell!("skipped: {why}");
}
