//! What the stages exchange: configuration, ids, manifests, the layout on disk, the [`Stage`] trait and its [`Report`].
//!
//! Invariants: this crate knows no picture format, no network and no tensor; it builds in seconds, because the
//! runner depends on it. Nothing outside [`layout`] joins a path of the pipeline.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod best_generator;
pub mod cascade;
pub mod checked;
#[cfg(feature = "command-line")]
pub mod command_line;
pub mod config;
pub mod crops;
pub mod cuda;
pub mod disappearance;
pub mod exclusion;
mod find_run;
pub mod foreign;
#[cfg(test)]
mod fuzz_targets;
pub mod hash;
pub mod id;
pub mod idx;
pub mod layout;
pub mod leftovers;
pub mod lock;
pub mod manifest;
pub mod options;
pub mod outcome;
pub mod publish;
pub mod record;
pub mod report;
pub mod run_summary;
pub mod share;
pub mod sorter;
pub mod spec;
pub mod stage;
mod stage_id;
pub mod stderr;
pub mod stdout;
pub mod tombstone;
pub mod transfer;
pub mod verification;
mod vouched;

pub use best_generator::{BestGenerator, MeasuringMethod};
pub use config::Config;
pub use find_run::{FindRunError, find_run, runs};
pub use hash::ContentHash;
pub use layout::Layout;
pub use outcome::Outcome;
pub use report::Report;
pub use spec::StageSpec;
pub use stage::{Context, Stage};
pub use stage_id::{NoSuchStage, StageId};
pub use vouched::Voucher;
