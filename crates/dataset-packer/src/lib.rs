//! The pack stage: faces, or any pictures, become a dataset.
//!
//! The flow: [`source`] lists items, [`items`] sorts them on disk into [`shards`], parts that do not move when data is added,
//! [`prepare`] turns each item of a part into pixels and a fingerprint (all the heavy work, in parallel, kept on disk by [`store`]),
//! [`select`] decides which stay and in which split, [`decisions`] sorts what became of them, [`assembly`] writes the rows. A
//! share of the work prepares its parts and stops; the whole prepares those that are missing, so both make the same bytes.
//!
//! Memory holds a part at a time, and of all images that stay some 35 bytes each, by which those are found that look alike.
//!
//! [`answer`] holds what can be asked of the dataset afterwards.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod answer;
mod assembly;
mod candidate;
mod counts;
mod decisions;
mod duplicates;
mod error;
mod export;
mod fingerprint;
mod histogram;
mod holdout;
mod item;
mod items;
mod labels;
mod left_out;
mod location;
mod prepare;
mod prepared;
mod reason;
mod resample;
mod select;
mod shards;
mod sheet;
mod source;
mod stage;
mod statistics;
mod store;
mod tables;
mod trace;
mod verify;

pub use error::PackError;
pub use stage::Pack;
