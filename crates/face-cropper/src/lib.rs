//! Pictures to faces: finds anime faces with an OpenCV cascade and cuts them out, shard by shard.
//!
//! ```text
//! raw manifest ─▶ inputs ─▶ shards ─▶ examine each picture ─▶ shard folders ─▶ faces manifest
//!                              probe → decode → grey → windows → grouping → gate → cut
//! ```
//!
//! Invariants: only [`engine`] knows OpenCV, which can be left out; grouping, gates and geometry are pure functions, so that any engine that
//! evaluates the same windows gives the same faces. Which thread examined a picture leaves no trace in the output.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod assembly;
pub mod cascade;
pub mod confidence;
mod contact;
mod container;
mod cutting;
mod deletions;
pub mod detect;
pub mod engine;
mod error;
mod examine;
mod fault;
mod gate;
mod geometry;
mod inputs;
pub mod judged;
mod left_out;
mod measures;
mod reason;
mod recipe;
pub mod search;
mod shard;
mod sharpness;
mod stage;
pub mod turned;
mod verify;
mod workers;

pub use error::CropError;
pub use stage::Crop;
