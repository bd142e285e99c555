//! The program: the stage on the first rank of a job, or alone, and its followers on the others.

use std::process::ExitCode;

#[cfg(feature = "mpi")]
use contracts::Outcome;

#[cfg(feature = "mpi")]
use crate::ranks::{Job, Ranks};
use crate::stage::Train;

/// Runs the stage as a program of its own.
#[cfg(not(feature = "mpi"))]
pub fn main() -> ExitCode {
    stage::main::<Train>()
}

/// Runs the stage on the first rank of the job that this process was started for, and follows it on the others.
///
/// A rank that fails by itself ends the job: the others would wait for it. Where all have come to an end together, each leaves, the
/// first with the stage's exit code.
#[cfg(feature = "mpi")]
pub fn main() -> ExitCode {
    let (job, ranks) = match Job::join() {
        Ok(joined) => joined,
        Err(problem) => {
            contracts::tell!("error: {problem}");
            return Outcome::Failed.into();
        }
    };
    ranks.set();
    let outcome = if ranks.rank() == 0 { stage::outcome::<Train>() } else { stage::beside(crate::stage::follow) };
    if ranks.size() > 1 && !Ranks::have_ended() {
        job.end(outcome);
    }
    job.leave();
    outcome.into()
}
