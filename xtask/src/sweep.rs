//! `cargo xtask train --sweep`: a training for each of several values, compared in the end.

use std::str::FromStr;

use anyhow::Context as _;
use contracts::{
    Outcome, StageId,
    id::RunId,
    options::{Mode, ReportOptions, Request},
    share::Share,
    tell,
};

use crate::{
    arguments::{ConfigOptions, Engine, RunOptions},
    bad_usage::BadUsage,
    inputs, launch, pipeline,
    project::Project,
    slurm::{self, Origin},
    workspace::Workspace,
};

/// A key and the values that it takes, one a run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sweep {
    /// As it was given.
    text: String,
    values: Values,
}

#[derive(Clone, Debug, PartialEq)]
enum Values {
    /// So many seeds, from the configuration's on.
    Seeds(u64),
    /// `key=value`, each.
    Sets(Vec<String>),
}

/// More runs than anybody looks at side by side.
const MAX_RUNS: usize = 1000;

impl FromStr for Sweep {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("{text:?} is no sweep: give seeds=N, recipe=A,B or another key=VALUE,VALUE");
        let (key, list) = text.split_once('=').ok_or_else(bad)?;
        let values = match key {
            "seeds" => Values::Seeds(list.parse().map_err(|_| bad())?),
            _ => {
                // The recipe is what is compared most.
                let key = if key == "recipe" { "train.recipe" } else { key };
                Values::Sets(list.split(',').map(|value| format!("{key}={value}")).collect())
            }
        };
        let count = match &values {
            Values::Seeds(count) => *count as usize,
            Values::Sets(sets) => sets.len(),
        };
        if (1..=MAX_RUNS).contains(&count) && !list.split(',').any(str::is_empty) {
            Ok(Self { text: text.to_owned(), values })
        } else {
            Err(bad())
        }
    }
}

impl Sweep {
    /// What is set for each run.
    fn sets(&self, seed: u64) -> Vec<String> {
        match &self.values {
            Values::Seeds(count) => (0..*count).map(|index| format!("seed={}", seed.wrapping_add(index))).collect(),
            Values::Sets(sets) => sets.clone(),
        }
    }
}

/// One of the runs.
struct Member {
    set: String,
    project: Project,
    run: RunId,
}

/// Trains all of them one after the other, a share of them beside others, or has Slurm train them side by side.
pub(crate) fn run(
    workspace: &Workspace,
    options: &RunOptions,
    share: Option<Share>,
    sweep: &Sweep,
    engine: Engine,
) -> anyhow::Result<Outcome> {
    let project = Project::open(workspace, &options.config)?;
    let members = members(workspace, &options.config, &project, sweep)?;
    let runs: Vec<RunId> = members.iter().map(|member| member.run.clone()).collect();
    if engine == Engine::Slurm {
        return submit(workspace, options, &project, sweep, &runs);
    }
    let chosen = members.iter().enumerate().filter(|(index, _)| share.is_none_or(|share| share.holds(*index)));
    let chosen: Vec<&Member> = chosen.map(|(_, member)| member).collect();
    if options.dry_run {
        chosen.iter().for_each(|member| tell!("{}: would train {}", member.set, member.run));
        return Ok(Outcome::Done);
    }
    pipeline::prepare(workspace, &project, &[StageId::Train], options.yes)?;
    launch::stop_stages_on_signals()?;
    // Shares are at work beside this one, and pipeline.lock has room for one training.
    let arguments: Vec<String> = share.iter().map(|share| format!("--shard={share}")).collect();
    let mut worst = Outcome::Done;
    for Member { set, project, run } in chosen {
        tell!("{set}: {run}");
        match launch::stage(workspace, project, StageId::Train, Mode::Work, &arguments)?.outcome {
            Outcome::Done => {}
            Outcome::Interrupted => return Ok(Outcome::Interrupted),
            other => {
                tell!("{set}: it came to no good end; the others go on");
                worst = other;
            }
        }
    }
    match share {
        None if worst == Outcome::Done => compare(workspace, options, &runs),
        _ => Ok(worst),
    }
}

/// The runs, which the dataset and the settings name: before any begins, so that none is found to be another one's.
fn members(
    workspace: &Workspace,
    config: &ConfigOptions,
    base: &Project,
    sweep: &Sweep,
) -> anyhow::Result<Vec<Member>> {
    let mut members: Vec<Member> = Vec::new();
    for set in sweep.sets(base.config.seed()) {
        let mut config = config.clone();
        config.set.push(set.clone());
        let project = Project::open(workspace, &config)?;
        let run = inputs::run(&project)?.and_then(|run| run.root().file_name()?.to_str()?.parse().ok());
        let run: RunId =
            run.context("there is no dataset to train on yet: `cargo xtask pipeline --until pack` makes one")?;
        if let Some(same) = members.iter().find(|member| member.run == run) {
            return Err(
                BadUsage(format!("{} and {set} train the same run, {run}: that compares nothing", same.set)).into()
            );
        }
        members.push(Member { set, project, run });
    }
    Ok(members)
}

fn submit(
    workspace: &Workspace,
    options: &RunOptions,
    project: &Project,
    sweep: &Sweep,
    runs: &[RunId],
) -> anyhow::Result<Outcome> {
    slurm::refuse_unknown_device(project, &[StageId::Train])?;
    let jobs = slurm::sweep(&project.config, &sweep.text, runs);
    let origin = Origin::of(workspace, project)?;
    if options.dry_run {
        return slurm::print(&jobs, &origin);
    }
    pipeline::prepare(workspace, project, &[StageId::Train, StageId::Report], options.yes)?;
    slurm::submit(&jobs, &origin, project)?;
    Ok(Outcome::Done)
}

fn compare(workspace: &Workspace, options: &RunOptions, runs: &[RunId]) -> anyhow::Result<Outcome> {
    let compare = runs.iter().map(ToString::to_string).collect();
    let request = Request::from(&ReportOptions { compare, ..ReportOptions::default() });
    pipeline::run_one(workspace, StageId::Report, options, &request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_set_one_a_run() {
        let check = |text: &str, expected: &[&str]| {
            let sets = text.parse::<Sweep>().map_or_else(|_| Vec::new(), |sweep| sweep.sets(7));
            assert_eq!(sets, expected, "{text}");
        };
        check("seeds=3", &["seed=7", "seed=8", "seed=9"]);
        check("recipe=dcgan,modern", &["train.recipe=dcgan", "train.recipe=modern"]);
        check("train.batch_size=16,32", &["train.batch_size=16", "train.batch_size=32"]);
        for bad in ["seeds", "seeds=0", "seeds=x", "seeds=1001", "recipe=", "recipe=a,,b"] {
            check(bad, &[]);
        }
    }
}
