//! The names inside a run's evaluation folder that only this crate writes and reads.

use std::path::PathBuf;

use contracts::layout::RunLayout;

/// Generated images beside real ones.
pub(crate) fn grid(run: &RunLayout) -> PathBuf {
    run.evaluation().join("grid.png")
}

/// Real images.
pub(crate) fn reals(run: &RunLayout) -> PathBuf {
    run.evaluation().join("reals.png")
}
