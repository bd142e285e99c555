//! Dataset to weights: one loop, exact to the bit, that can be stopped at any moment and resumed.
//!
//! Invariants: a training step is a pure function of the networks before it, the plan and the number of images shown. No
//! hidden random number, clock or thread count enters it, nor how many processes compute it. The mathematics of a step (networks, objectives, gradients,
//! optimizers, averages) is in `gan`; here is what surrounds it: order, files, and what is observed on the way.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod batches;
mod checkpoint;
mod context;
mod diversity;
mod error;
mod events;
mod health;
mod identity;
mod labels;
mod measuring;
mod memory;
mod metrics_log;
mod networks;
mod observer;
mod part_sums;
mod plan;
mod position;
mod program;
mod provenance;
mod ranks;
mod resume;
mod run_folder;
mod sample_grid;
mod spread;
mod stage;
mod state;
mod step;
mod step_metrics;
mod training_loop;
mod transfer;
mod verify;

pub use error::TrainError;
pub use program::main;
pub use ranks::Unlike;
pub use stage::Train;
