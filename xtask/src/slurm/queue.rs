//! What Slurm says of jobs: the queue for those that it remembers, the accounts for those of before.

use std::collections::BTreeMap;

use super::{client, record::Submitted};

/// What became of a job, or of a task of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    /// It waits.
    Queued,
    /// It is at work, or about to leave.
    Running,
    /// It came to a good end.
    Done,
    /// It did not.
    Failed,
    /// Somebody took it back, or what it waited for failed.
    Cancelled,
    /// Neither the queue nor the accounts know it any more.
    Forgotten,
}

impl State {
    /// Whether Slurm still has to do with it.
    pub(super) fn is_alive(self) -> bool {
        matches!(self, Self::Queued | Self::Running)
    }

    /// In a count: "3 queued".
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Forgotten => "no longer known to Slurm",
        }
    }

    /// Slurm's own word; the accounts say who cancelled behind it.
    fn of(word: &str) -> Self {
        match word.split(' ').next().unwrap_or_default() {
            "PENDING" | "CONFIGURING" | "REQUEUED" | "REQUEUE_FED" | "REQUEUE_HOLD" | "RESV_DEL_HOLD"
            | "SPECIAL_EXIT" => Self::Queued,
            "RUNNING" | "COMPLETING" | "SUSPENDED" | "STOPPED" | "SIGNALING" | "STAGE_OUT" | "RESIZING" => {
                Self::Running
            }
            "COMPLETED" => Self::Done,
            "CANCELLED" => Self::Cancelled,
            // FAILED, TIMEOUT, NODE_FAIL, OUT_OF_MEMORY, BOOT_FAIL, DEADLINE, PREEMPTED, and what later versions add.
            _ => Self::Failed,
        }
    }
}

/// The states of jobs by number, with the task's behind an underscore.
pub(super) type States = BTreeMap<String, State>;

/// Asks for the states of jobs and their tasks.
///
/// # Errors
/// When the queue cannot be asked. The accounts need not be kept.
pub(super) fn states(jobs: &[Submitted]) -> anyhow::Result<States> {
    if jobs.is_empty() {
        return Ok(States::new());
    }
    let all = ["--me", "--noheader", "--array", "--states=all", "--format=%i|%T"].map(str::to_owned);
    let mut states = read(&client::ask("squeue", &all, "")?);
    let forgotten: Vec<&str> =
        jobs.iter().flat_map(numbers).filter(|(_, number)| !states.contains_key(number)).map(|(id, _)| id).collect();
    if !forgotten.is_empty() {
        let ids = format!("--jobs={}", forgotten.join(","));
        let accounts = ["--noheader", "--parsable2", "--allocations", "--format=JobID,State", &ids].map(str::to_owned);
        // Many clusters keep none.
        let known = client::ask("sacct", &accounts, "").map(|said| read(&said)).unwrap_or_default();
        known.into_iter().for_each(|(number, state)| _ = states.entry(number).or_insert(state));
    }
    Ok(states)
}

/// The numbers of a job's tasks, or its own, each with the job's.
pub(super) fn numbers(job: &Submitted) -> Vec<(&str, String)> {
    let task = |task| (job.id.as_str(), format!("{}_{task}", job.id));
    job.tasks.map_or_else(|| vec![(job.id.as_str(), job.id.clone())], |tasks| (1..=tasks).map(task).collect())
}

/// Lines of a number and a state, and of anything else.
fn read(lines: &str) -> States {
    let pairs = lines.lines().filter_map(|line| line.trim().split_once('|'));
    pairs.map(|(number, word)| (number.to_owned(), State::of(word))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read_by_slurms_words() {
        let said =
            "12_1|RUNNING\n12_2|PENDING\n13|COMPLETED\n14|CANCELLED by 0\n15|OUT_OF_MEMORY\nslurm says something\n";
        let read = read(said);
        let check = |number: &str, expected| assert_eq!(read.get(number).copied(), expected, "{number}");
        check("12_1", Some(State::Running));
        check("12_2", Some(State::Queued));
        check("13", Some(State::Done));
        check("14", Some(State::Cancelled));
        check("15", Some(State::Failed));
        assert_eq!(read.len(), 5);
    }

    #[test]
    fn an_array_is_known_by_its_tasks() {
        let job = |tasks| Submitted { id: "7".into(), name: "crop".into(), stage: contracts::StageId::Crop, tasks };
        assert_eq!(numbers(&job(None)), [("7", "7".to_owned())]);
        assert_eq!(numbers(&job(Some(2))), [("7", "7_1".to_owned()), ("7", "7_2".to_owned())]);
    }
}
