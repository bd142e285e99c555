//! Submitting a chain, all of it or nothing.

use anyhow::Context as _;
use contracts::{Layout, tell};

use super::{
    client,
    job::{Job, Origin},
    queue,
    record::{Record, Submitted},
    script,
};
use crate::{bad_usage::BadUsage, project::Project};

/// Whether jobs of the data folder are queued or at work, which are then named.
///
/// # Errors
/// When nobody can be asked.
pub(super) fn told_of_queued(project: &Project) -> anyhow::Result<bool> {
    let alive = alive(&project.layout)?;
    for Submitted { name, id, .. } in &alive {
        tell!("{name}: job {id} is queued or at work already");
    }
    if !alive.is_empty() {
        tell!(
            "nothing was submitted; `cargo xtask status` says how far they are, and `cargo xtask cancel` takes them back"
        );
    }
    Ok(!alive.is_empty())
}

/// The jobs that were submitted last, as far as Slurm still has to do with them.
///
/// # Errors
/// When nobody can be asked.
pub(super) fn alive(layout: &Layout) -> anyhow::Result<Vec<Submitted>> {
    let jobs = Record::read(layout)?.jobs;
    let states = queue::states(&jobs)?;
    let is_alive = |job: &Submitted| {
        queue::numbers(job).iter().any(|(_, number)| states.get(number).is_some_and(|state| state.is_alive()))
    };
    Ok(jobs.into_iter().filter(is_alive).collect())
}

/// Submits jobs, each to wait for the one before it. Where one is refused, those before it are taken back.
///
/// # Errors
/// When Slurm refuses one, or the record cannot be written.
pub(super) fn all(jobs: &[Job], origin: &Origin, layout: &Layout) -> anyhow::Result<Vec<Submitted>> {
    let mut record = Record::empty();
    let submitted = jobs.iter().try_for_each(|job| {
        let before = record.jobs.last().map(|before| before.id.as_str());
        let id = client::submit(&job.arguments(origin, before), &script::of_job(job, origin))
            .with_context(|| format!("cannot submit {}", job.name))?;
        let after = before.map_or_else(String::new, |before| format!(", after {before}"));
        let tasks = job.tasks.map_or_else(String::new, |tasks| format!(", an array of {tasks}"));
        tell!("{}: job {id}{tasks}{after}", job.name);
        record.jobs.push(Submitted { id, name: job.name.clone(), stage: job.stage, tasks: job.tasks });
        // At once: a runner that is killed here leaves no job that nobody knows of.
        record.write(layout)
    });
    if let Err(error) = submitted {
        let ids: Vec<String> = record.jobs.iter().map(|job| job.id.clone()).collect();
        if !ids.is_empty() {
            client::cancel(&ids).with_context(|| format!("{error:#}; and what was submitted before it stays"))?;
            tell!("what was submitted before it is taken back: {}", ids.join(", "));
        }
        return Err(error);
    }
    Ok(record.jobs)
}

/// Slurm's own words for an array that is too long name no key.
///
/// # Errors
/// When there is one, or the cluster cannot be asked.
pub(super) fn refuse_long_arrays(jobs: &[Job]) -> anyhow::Result<()> {
    let arrays = jobs.iter().filter_map(|job| Some((job, job.tasks?)));
    let Some((job, tasks)) = arrays.max_by_key(|(_, tasks)| *tasks) else { return Ok(()) };
    let max = client::max_tasks()?;
    if tasks <= max {
        return Ok(());
    }
    Err(BadUsage(format!(
        "{} would be an array of {tasks}, and those of this cluster have {max} tasks at most (MaxArraySize): have fewer tasks in \
         [cluster.{}], or values in a sweep",
        job.name, job.stage
    ))
    .into())
}
