//! Weights and dataset to metrics and a page: the evaluate and the report stages.
//!
//! Invariants: nothing here trains, and nothing depends on a clock, a network or the number of threads: the same weights,
//! dataset and seed give the same `metrics.json`, byte for byte.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod comparison;
mod detector;
mod error;
mod evaluate;
pub mod evaluation;
mod feature_sets;
#[cfg(test)]
mod fuzz_targets;
mod grid;
mod history;
mod measuring;
mod nearest;
mod network;
mod page;
mod page_content;
mod report;
mod sampler;
mod subject;
pub mod two_sets;
mod verify;
mod watch;

pub use error::{EvaluateError, ReportError, WeightsFileError};
pub use evaluate::Evaluate;
pub use page_content::{Notice, RunPage, Scope};
pub use report::WriteReport;
pub use watch::{WatchError, watch};
