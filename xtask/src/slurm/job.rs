//! A job, and what is asked of Slurm for it.

use std::{env, path::PathBuf};

use anyhow::Context as _;
use contracts::{Layout, StageId, config::ClusterConfig};

use crate::{
    project::Project,
    workspace::{Binaries, Workspace},
};

/// How long before its time is up a job is told so: a checkpoint is written, or the picture in hand finished.
const LEAD_SECONDS: u64 = 120;

/// One job, or an array of them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Job {
    /// What it is called, in the queue after `nijigen-`.
    pub(crate) name: String,
    /// The stage that it is of.
    pub(crate) stage: StageId,
    /// Of an array: the number of its tasks.
    pub(crate) tasks: Option<u32>,
    /// The processes that compute it together, on one machine or several.
    pub(crate) ranks: usize,
    /// What it is given.
    pub(crate) asked: ClusterConfig,
    /// The runner's command and options; those that say the configuration come after.
    pub(crate) command: Vec<String>,
}

/// Where jobs are submitted from, and so what they run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Origin {
    /// The runner.
    pub(crate) runner: String,
    /// The folder of the stages' programs.
    pub(crate) programs: String,
    /// The workspace, which has to be there on all machines.
    pub(crate) root: String,
    /// The options that say the configuration.
    pub(crate) configuration: Vec<String>,
    /// The pipeline's folders.
    pub(crate) layout: Layout,
}

impl Origin {
    /// This runner's, for a pipeline.
    ///
    /// # Errors
    /// When a path is no text: scripts are.
    pub(crate) fn of(workspace: &Workspace, project: &Project) -> anyhow::Result<Self> {
        let text = |path: PathBuf| {
            path.into_os_string()
                .into_string()
                .map_err(|path| anyhow::anyhow!("the path {} is no text", path.display()))
        };
        let (Binaries::Built(programs) | Binaries::Ready(programs)) = workspace.binaries();
        let configuration = project.arguments().into_iter().map(|word| text(word.into()));
        Ok(Self {
            runner: text(env::current_exe().context("cannot tell the runner's own path")?)?,
            programs: text(programs)?,
            root: text(workspace.root.clone())?,
            configuration: configuration.collect::<anyhow::Result<_>>()?,
            layout: project.layout.clone(),
        })
    }
}

impl Job {
    /// The arguments of sbatch, which reads the script from stdin; `after` is the number of the job that has to succeed first.
    pub(crate) fn arguments(&self, origin: &Origin, after: Option<&str>) -> Vec<String> {
        let Self { asked, tasks, ranks, .. } = self;
        let number = if tasks.is_some() { "%A_%a" } else { "%j" };
        let log = origin.layout.cluster_log(&self.log_name(number));
        // Of a range of nodes Slurm would take the most; of none, those that tasks need.
        let nodes = (*ranks == 1).then(|| "--nodes=1".to_owned());
        let mut arguments = vec![
            "--parsable".to_owned(),
            format!("--job-name=nijigen-{}", self.name),
            format!("--output={}", log.display()),
            // What was said before a job went back into the queue stays.
            "--open-mode=append".into(),
            format!("--chdir={}", origin.root),
        ];
        arguments.extend(nodes);
        arguments.extend([
            format!("--ntasks={ranks}"),
            "--requeue".into(),
            // Else what stands behind a job that failed would wait for ever.
            "--kill-on-invalid-dep=yes".into(),
            format!("--signal=B:TERM@{}", lead(asked)),
        ]);
        let parallel = if asked.max_parallel > 0 { format!("%{}", asked.max_parallel) } else { String::new() };
        arguments.extend(tasks.map(|tasks| format!("--array=1-{tasks}{parallel}")));
        arguments.extend(after.map(|id| format!("--dependency=afterok:{id}")));
        let named = [("partition", &asked.partition), ("account", &asked.account), ("mem", &asked.memory)];
        let named = named.into_iter().filter(|(_, value)| !value.is_empty());
        arguments.extend(named.map(|(option, value)| format!("--{option}={value}")));
        arguments.extend(asked.time.seconds().map(|_| format!("--time={}", asked.time)));
        arguments.extend((asked.cpus > 0).then(|| format!("--cpus-per-task={}", asked.cpus)));
        // Older than --gpus, and understood everywhere.
        arguments.extend((asked.gpus > 0).then(|| format!("--gres=gpu:{}", asked.gpus)));
        arguments.extend(asked.extra.iter().cloned());
        arguments
    }

    /// The name of its log, by Slurm's number for it.
    pub(crate) fn log_name(&self, number: &str) -> String {
        format!("{}-{number}", self.name)
    }
}

/// Jobs whose time is short have half of it.
fn lead(asked: &ClusterConfig) -> u64 {
    asked.time.seconds().map_or(LEAD_SECONDS, |seconds| LEAD_SECONDS.min(seconds / 2))
}
