//! `--engine slurm`: a chain of jobs that Slurm schedules. The runner writes and submits them, and ends: nothing of ours stays.

mod cancel;
mod chain;
mod client;
mod job;
mod queue;
mod record;
mod script;
mod status;
mod submit;

use contracts::{Outcome, StageId, config::DeviceChoice, lock, stdout, tell};

pub(crate) use self::{
    cancel::run as cancel,
    chain::sweep,
    job::{Job, Origin},
    status::print as print_status,
};
use crate::{
    arguments::RunOptions,
    bad_usage::BadUsage,
    pipeline::{self, Runner},
    project::Project,
};

/// `cargo xtask pipeline --engine slurm`: the stages from the first stale one on, as jobs. A crawl runs here first, unless there is
/// a partition for it.
pub(crate) fn pipeline(runner: &Runner<'_>, stages: &[StageId], options: &RunOptions) -> anyhow::Result<Outcome> {
    let project = runner.project;
    refuse_unknown_device(project, stages)?;
    if !options.dry_run && submit::told_of_queued(project)? {
        return Ok(Outcome::Done);
    }
    let Some(first) = runner.first_to_run(stages)? else {
        tell!("all is fresh: nothing to do");
        return Ok(Outcome::Done);
    };
    let stages = &stages[first..];
    let crawls_here = stages[0] == StageId::Crawl && project.config.cluster.common.crawl_on.is_empty();
    let (here, there) = stages.split_at(usize::from(crawls_here));
    let jobs = chain::of_stages(&project.config, there, runner.retrain);
    let origin = Origin::of(runner.workspace, project)?;
    if options.dry_run {
        here.iter().for_each(|stage| tell!("{stage}: would run here first"));
        return print(&jobs, &origin);
    }
    // Before a crawl of days.
    submit::refuse_long_arrays(&jobs)?;
    // What runs there is built here, where a compiler and the network are.
    pipeline::prepare(runner.workspace, project, stages, options.yes)?;
    let outcome = if crawls_here { runner.run(here, options.yes)? } else { Outcome::Done };
    let goes_on = matches!(outcome, Outcome::Done | Outcome::DoneWithFailures);
    // A crawl that brought nothing new leaves all as it was.
    if goes_on && runner.first_to_run(there)?.is_some() {
        submit(&jobs, &origin, project)?;
    }
    Ok(outcome)
}

/// Submits jobs, each to wait for the one before it, unless others of the data folder are queued; the last one's number on stdout.
pub(crate) fn submit(jobs: &[Job], origin: &Origin, project: &Project) -> anyhow::Result<()> {
    submit::refuse_long_arrays(jobs)?;
    // Held until all are on record, so that of two that submit at once the second sees the first one's jobs.
    let _held = lock::wait_for(&project.layout.cluster_guard())?;
    if submit::told_of_queued(project)? {
        return Ok(());
    }
    let submitted = submit::all(jobs, origin, &project.layout)?;
    tell!("`cargo xtask status` says how far they are, and `cargo xtask cancel` takes them back");
    Ok(submitted.last().map_or(Ok(()), |last| stdout::line(&last.id))?)
}

/// The chain on stdout as lines of shell that submit it.
pub(crate) fn print(jobs: &[Job], origin: &Origin) -> anyhow::Result<Outcome> {
    stdout::write(&script::of_chain(jobs, origin))?;
    Ok(Outcome::Done)
}

/// Programs are built here, for a device that this machine need not have.
///
/// # Errors
/// When the device is to be found out, and GPUs are asked for elsewhere.
pub(crate) fn refuse_unknown_device(project: &Project, stages: &[StageId]) -> anyhow::Result<()> {
    let wants_gpu = |stage: &&StageId| project.config.cluster.of(**stage).gpus > 0;
    let computes = [StageId::Train, StageId::Evaluate];
    let stage = stages.iter().filter(|stage| computes.contains(stage)).find(wants_gpu);
    match stage {
        Some(stage) if project.config.train.device == DeviceChoice::Auto => Err(BadUsage(format!(
            "cluster.{stage}.gpus asks for GPUs, but what train.device = \"auto\" is there cannot be told here, where the \
             programs are built: set train.device to \"cuda\" or \"gpu\""
        ))
        .into()),
        _ => Ok(()),
    }
}
