//! Weights and dataset to figures and a page: the evaluate and the report stages.
//!
//! Invariants: nothing here trains, and nothing depends on a clock, a network or the number of threads: the same weights,
//! dataset and seed give the same `metrics.json`, byte for byte.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod comparison;
mod error;
mod evaluate;
pub mod grid;
mod history;
pub mod images;
mod material;
pub mod metrics;
mod page;
mod paint;
mod patches;
pub mod pyramid;
mod report;
pub mod sliced_wasserstein;

pub use error::{EvaluateError, ReportError};
pub use evaluate::Evaluate;
pub use paint::{PaintError, Painter};
pub use report::WriteReport;
