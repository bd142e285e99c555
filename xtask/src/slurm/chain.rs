//! Stages, or a sweep, as jobs: each waits for the one before it.

use contracts::{
    StageId,
    config::{Cluster, ClusterConfig},
    id::RunId,
};

use super::job::Job;

/// What Slurm puts in the place of an array's task.
pub(super) const TASK: &str = "$SLURM_ARRAY_TASK_ID";

/// A job a stage; one that is dealt out is an array and a job that puts its shares together.
pub(super) fn of_stages(cluster: &Cluster, stages: &[StageId], retrain: bool) -> Vec<Job> {
    stages.iter().flat_map(|stage| of_stage(*stage, cluster.of(*stage), retrain)).collect()
}

fn of_stage(stage: StageId, asked: ClusterConfig, retrain: bool) -> Vec<Job> {
    // The runner judges there whether the stage is fresh: here nobody knows yet what comes before it makes.
    let mut command =
        ["pipeline", "--yes", "--from", stage.name(), "--until", stage.name()].map(str::to_owned).to_vec();
    command.extend(retrain.then(|| "--retrain".to_owned()));
    let whole = |name: String| Job { name, stage, tasks: None, asked: asked.clone(), command };
    match asked.tasks {
        1 => vec![whole(stage.to_string())],
        tasks => {
            let command = vec![stage.to_string(), "--yes".into(), format!("--shard={TASK}/{tasks}")];
            let shares = Job { name: stage.to_string(), stage, tasks: Some(tasks), asked: asked.clone(), command };
            vec![shares, whole(format!("{stage}-merge"))]
        }
    }
}

/// An array with a task a training, and the page that compares them.
pub(crate) fn sweep(cluster: &Cluster, sweep: &str, runs: &[RunId]) -> Vec<Job> {
    let tasks = runs.len() as u32;
    let train = vec!["train".into(), "--yes".into(), format!("--sweep={sweep}"), format!("--shard={TASK}/{tasks}")];
    let compare =
        ["report".into(), "--yes".into()].into_iter().chain(runs.iter().map(|run| format!("--compare={run}")));
    let job =
        |name: &str, stage, tasks, command| Job { name: name.into(), stage, tasks, asked: cluster.of(stage), command };
    vec![job("sweep", StageId::Train, Some(tasks), train), job("compare", StageId::Report, None, compare.collect())]
}
