//! How a program of the pipeline ends: its exit code.

use std::process::ExitCode;

/// The exit codes that the runner and every stage share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// 0: all is done, without a failure.
    Done,
    /// 1: a stage could not go on; what was finished is kept.
    Failed,
    /// 2: the command line or the configuration is wrong; nothing was begun.
    BadUsage,
    /// 3: done, but with failures that were counted and kept, such as dead links.
    DoneWithFailures,
    /// 130: interrupted; the same command resumes.
    Interrupted,
}

impl Outcome {
    const ALL: [Self; 5] = [Self::Done, Self::Failed, Self::BadUsage, Self::DoneWithFailures, Self::Interrupted];

    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::BadUsage => 2,
            Self::DoneWithFailures => 3,
            Self::Interrupted => 130,
        }
    }

    /// What a program's exit code says; any that is not ours (a crash, a kill) is a failure.
    pub fn of_code(code: Option<i32>) -> Self {
        Self::ALL.into_iter().find(|outcome| code == Some(outcome.code().into())).unwrap_or(Self::Failed)
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(outcome.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_round_trip_and_a_crash_is_a_failure() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::of_code(Some(outcome.code().into())), outcome);
        }
        assert_eq!(Outcome::of_code(None), Outcome::Failed);
        assert_eq!(Outcome::of_code(Some(101)), Outcome::Failed);
    }
}
