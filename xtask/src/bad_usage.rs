//! Errors of the person at the keyboard: exit code 2, nothing begun.

use std::fmt;

/// What is wrong with the command line, and what to write instead.
#[derive(Debug)]
pub(crate) struct BadUsage(pub(crate) String);

impl fmt::Display for BadUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadUsage {}
