//! Asking before something is done that cannot be undone.

use std::io::{self, BufRead as _, IsTerminal as _};

use anyhow::Context as _;
use contracts::stderr;

use crate::bad_usage::BadUsage;

/// Whether there is somebody to ask.
pub(crate) fn is_possible() -> bool {
    io::stdin().is_terminal()
}

/// Whether the person at the keyboard agrees.
pub(crate) fn agrees() -> anyhow::Result<bool> {
    stderr::text("continue? [y/N] ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).context("cannot read the answer")?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Whether what was listed may be removed: `yes` says so beforehand.
///
/// # Errors
/// When nobody can be asked.
pub(crate) fn may_remove(yes: bool) -> anyhow::Result<bool> {
    match yes || is_possible() {
        true => Ok(yes || agrees()?),
        false => Err(BadUsage("nothing was removed: give --yes, as nobody can be asked here".into()).into()),
    }
}
