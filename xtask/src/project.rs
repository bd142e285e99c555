//! One pipeline: its configuration, its folders and how stages are told of both.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context as _;
use contracts::{
    Config, Layout, StageId,
    config::{self, Request},
};

use crate::{
    arguments::ConfigOptions,
    bad_usage::BadUsage,
    lock::{self, Entry, Lock},
    tools,
    workspace::Workspace,
};

/// A pipeline: one configuration, one data folder.
#[derive(Debug)]
pub(crate) struct Project {
    /// What pipeline.toml, the profile and `--set` come to.
    pub(crate) config: Config,
    /// Where its files lie.
    pub(crate) layout: Layout,
    /// The folder of pipeline.toml; relative paths start there.
    pub(crate) root: PathBuf,
    file: PathBuf,
    options: ConfigOptions,
}

impl Project {
    /// Reads and resolves the configuration.
    pub(crate) fn open(workspace: &Workspace, options: &ConfigOptions) -> anyhow::Result<Self> {
        let given = options.config.clone().unwrap_or_else(|| workspace.root.join("pipeline.toml"));
        let file = env::current_dir().context("cannot tell the current folder")?.join(given);
        let text = fs::read_to_string(&file)
            .map_err(|error| BadUsage(format!("cannot read the configuration at {}: {error}", file.display())))?;
        let profile = options.profile.as_deref();
        let config = config::load(&Request { text: &text, file: &file, profile, set: &options.set })?;
        let root = file.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        let layout = Layout::new(&root, &config.paths);
        Ok(Self { config, layout, root, file, options: options.clone() })
    }

    /// What pipeline.lock remembers now.
    pub(crate) fn lock(&self) -> anyhow::Result<Lock> {
        Lock::read(&Layout::pipeline_lock(&self.root))
    }

    /// Has pipeline.lock remember a stage of this pipeline, or forget it.
    pub(crate) fn remember(&self, stage: StageId, entry: Option<Entry>) -> anyhow::Result<()> {
        lock::remember(&self.root, &self.lock_name(), stage, entry)
    }

    /// The name of this pipeline's entries in the lock: its data folder, as configured.
    pub(crate) fn lock_name(&self) -> String {
        self.config.paths.data.to_string_lossy().into_owned()
    }

    /// A program of the pipeline, told of the same configuration.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        self.configure(&mut command);
        command
    }

    /// The same program with the lowest claim on the processor, where the system has `nice`.
    pub(crate) fn command_in_the_background(&self, program: &Path) -> Command {
        if !cfg!(unix) || !tools::on_path("nice") {
            return self.command(program);
        }
        let mut command = Command::new("nice");
        command.args(["-n", "19"]).arg(program);
        self.configure(&mut command);
        command
    }

    /// Tells a command of a program of the pipeline of the same configuration.
    pub(crate) fn configure(&self, command: &mut Command) {
        command.args(self.arguments()).current_dir(&self.root);
    }

    /// The options that say the configuration to a program of the pipeline, the runner among them.
    pub(crate) fn arguments(&self) -> Vec<OsString> {
        let mut arguments = vec!["--config".into(), self.file.clone().into()];
        arguments.extend(self.options.profile.iter().flat_map(|profile| ["--profile".into(), profile.into()]));
        arguments.extend(self.options.set.iter().flat_map(|set| ["--set".into(), set.into()]));
        arguments
    }
}
