//! Stages, or a sweep, as jobs: each waits for the one before it.

use contracts::{Config, StageId, id::RunId};

use super::job::Job;

/// What Slurm puts in the place of an array's task.
pub(super) const TASK: &str = "$SLURM_ARRAY_TASK_ID";

/// A job a stage; one that is dealt out is an array and a job that puts its shares together.
pub(super) fn of_stages(config: &Config, stages: &[StageId], retrain: bool) -> Vec<Job> {
    stages.iter().flat_map(|stage| of_stage(config, *stage, retrain)).collect()
}

fn of_stage(config: &Config, stage: StageId, retrain: bool) -> Vec<Job> {
    let (asked, ranks) = (config.cluster.of(stage), ranks(config, stage));
    // The runner judges there whether the stage is fresh: here nobody knows yet what comes before it makes.
    let mut command =
        ["pipeline", "--yes", "--from", stage.name(), "--until", stage.name()].map(str::to_owned).to_vec();
    command.extend(retrain.then(|| "--retrain".to_owned()));
    let whole = |name: String| Job { name, stage, tasks: None, ranks, asked: asked.clone(), command };
    match asked.tasks {
        1 => vec![whole(stage.to_string())],
        tasks => {
            let command = vec![stage.to_string(), "--yes".into(), format!("--shard={TASK}/{tasks}")];
            let shares =
                Job { name: stage.to_string(), stage, tasks: Some(tasks), ranks, asked: asked.clone(), command };
            vec![shares, whole(format!("{stage}-merge"))]
        }
    }
}

/// An array with a task a training, and the page that compares them.
pub(crate) fn sweep(config: &Config, sweep: &str, runs: &[RunId]) -> Vec<Job> {
    let tasks = runs.len() as u32;
    let train = vec!["train".into(), "--yes".into(), format!("--sweep={sweep}"), format!("--shard={TASK}/{tasks}")];
    let compare =
        ["report".into(), "--yes".into()].into_iter().chain(runs.iter().map(|run| format!("--compare={run}")));
    let job = |name: &str, stage, tasks, command| {
        let (ranks, asked) = (ranks(config, stage), config.cluster.of(stage));
        Job { name: name.into(), stage, tasks, ranks, asked, command }
    };
    vec![job("sweep", StageId::Train, Some(tasks), train), job("compare", StageId::Report, None, compare.collect())]
}

/// The processes that compute a stage together.
fn ranks(config: &Config, stage: StageId) -> usize {
    if stage == StageId::Train { config.train.ranks } else { 1 }
}
