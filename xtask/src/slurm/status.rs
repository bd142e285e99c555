//! How far the submitted jobs are.

use std::{fs, path::PathBuf};

use contracts::{Layout, stdout, tell};

use super::{
    queue::{self, State, States},
    record::{Record, Submitted},
};

/// How many failed tasks of an array are shown.
const MAX_SHOWN: usize = 5;

/// Prints a line a job that was submitted, and below it the newest line of what failed; nothing where none was.
///
/// # Errors
/// When the record cannot be read, or nobody takes the answer.
pub(crate) fn print(layout: &Layout) -> anyhow::Result<()> {
    let jobs = Record::read(layout)?.jobs;
    let states = match queue::states(&jobs) {
        Ok(states) => states,
        // What lies on the disk is told already.
        Err(error) => {
            tell!("warning: how far the submitted jobs are, nobody says: {error:#}");
            return Ok(());
        }
    };
    for job in &jobs {
        let tasks = tasks(job, &states);
        stdout::line(format_args!("{:12} job {}: {}", job.name, job.id, counts(&tasks)))?;
        let failed = tasks.iter().filter(|(_, state)| *state == State::Failed);
        for (number, _) in failed.take(MAX_SHOWN) {
            let log = layout.cluster_log(&format!("{}-{number}", job.name));
            stdout::line(format_args!("          {number} failed: {}", newest_line(log)))?;
        }
    }
    Ok(())
}

/// A job's tasks, or itself, each with its state.
fn tasks(job: &Submitted, states: &States) -> Vec<(String, State)> {
    // What waits for a job that went well, and what did for one that failed, is seen as one line while it waits.
    let whole = states.get(&job.id).copied();
    let state = |number: &String| states.get(number).copied().or(whole).unwrap_or(State::Forgotten);
    queue::numbers(job).into_iter().map(|(_, number)| (number.clone(), state(&number))).collect()
}

/// "2 running, 6 done".
fn counts(tasks: &[(String, State)]) -> String {
    let mut states: Vec<State> = tasks.iter().map(|(_, state)| *state).collect();
    states.sort_unstable();
    let groups = states.chunk_by(|one, other| one == other);
    groups.map(|group| format!("{} {}", group.len(), group[0].word())).collect::<Vec<_>>().join(", ")
}

/// The last line of a log that says something, with the log's place.
fn newest_line(log: PathBuf) -> String {
    let text = fs::read(&log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let line = text.as_ref().ok().and_then(|text| text.lines().rfind(|line| !line.trim().is_empty()));
    line.map_or_else(|| format!("nothing in {}", log.display()), |line| format!("{line} ({})", log.display()))
}

#[cfg(test)]
mod tests {
    use contracts::StageId;

    use super::*;

    #[test]
    fn tasks_are_counted_by_state() {
        let job = Submitted { id: "7".into(), name: "crop".into(), stage: StageId::Crop, tasks: Some(4) };
        let check = |states: &[(&str, State)], expected: &str| {
            let states = states.iter().map(|(number, state)| (number.to_string(), *state)).collect();
            assert_eq!(counts(&tasks(&job, &states)), expected);
        };
        check(
            &[("7_1", State::Done), ("7_2", State::Running), ("7_3", State::Done), ("7_4", State::Failed)],
            "1 running, 2 done, 1 failed",
        );
        check(&[("7_1", State::Done)], "1 done, 3 no longer known to Slurm");
        check(&[("7", State::Queued)], "4 queued");
    }

    #[test]
    fn the_newest_line_says_something() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("a.log");
        assert!(newest_line(log.clone()).starts_with("nothing in"));
        fs::write(&log, "first\nerror: the disk is full\n\n").unwrap();
        assert!(newest_line(log).starts_with("error: the disk is full ("));
    }
}
