//! Crops of a subject and pictures without it to an LBP cascade that OpenCV reads, and cascades compared.
//!
//! ```text
//! positives: crops, moved and lit anew ─┐
//!                                       ├─▶ codes of all features ─▶ boosting: a stage ─▶ … ─▶ model file
//! negatives: windows that still pass  ──┘                                            └─▶ mined for the next stage
//! ```
//!
//! Hard negatives are mined in the very pyramid that a detector searches: same equalisation, same scaling, same rounding.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod boosting;
pub mod error;
pub mod evaluation;
pub mod feature;
pub mod judging;
pub mod labels;
pub mod model_file;
pub mod negatives;
mod noise_texture;
pub mod partial_cascade;
pub mod positives;
pub mod sampling;
mod scan;
mod series;
pub mod sheet;
pub mod stump;
pub mod training;
