//! Crops of a subject and pictures without it to an LBP cascade that OpenCV reads.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod error;
pub mod evaluation;
pub mod feature;
mod grain;
pub mod model_file;
pub mod negatives;
pub mod positives;
pub mod sampling;
pub mod stage;
pub mod stump;
pub mod training;
pub mod window;
