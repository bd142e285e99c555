//! Dataset to weights: one loop, exact to the bit, that can be stopped at any moment and gone on with.
//!
//! Invariants: a training step is a pure function of the networks before it, the plan and the number of images shown.
//! No random number, clock or thread count enters it, and no mathematics lives here: that is in `gan`.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod checkpoint;
mod device;
mod diversity;
mod error;
mod events;
mod gradients;
mod grid;
mod health;
mod memory;
mod metrics;
mod networks;
mod observer;
mod pictures;
mod plan;
mod provenance;
mod run_folder;
mod stage;
mod start;
mod step;
mod training_loop;

pub use device::{ChosenDevice, DeviceError, DeviceKind};
pub use error::TrainError;
pub use stage::Train;
