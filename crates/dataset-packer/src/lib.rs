//! The pack stage: faces, or any pictures, become a dataset.
//!
//! The flow: [`source`] lists items, [`prepare`] turns each into pixels and a fingerprint (all the heavy work, in
//! parallel, one item apart from another), [`select`] decides which stay and in which split, [`assembly`] writes them.
//! The order of items is fixed by the listing, so neither threads nor timing show in the result.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod assembly;
mod decode;
mod error;
mod fingerprint;
mod holdout;
mod item;
mod near;
mod prepare;
mod reason;
mod resample;
mod select;
mod source;
mod spill;
mod stage;

pub use error::PackError;
pub use stage::Pack;
