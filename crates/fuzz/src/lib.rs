//! Damaged and hostile inputs for whatever reads foreign bytes: what it must never do is panic, or take more memory than it may.
//!
//! A crate that reads files of others has a module `fuzz_targets` among its tests, with a test a [`Target`] and the allocator that
//! counts:
//!
//! ```
//! #[global_allocator]
//! static ALLOCATOR: fuzz::CountingAllocator = fuzz::CountingAllocator;
//!
//! # fn main() {
//! fuzz::Target::new("numbers", &[b"12", b"-7"], |bytes| {
//!     let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
//!     text.parse::<i64>().map(drop).map_err(|error| error.to_string())
//! })
//! .run();
//! # }
//! ```
//!
//! As a test it makes a fixed number of inputs, the same every time. `cargo xtask fuzz` sets [`SECONDS`], and then it makes as many
//! as that time allows, others every time. Inputs are made of what the crate's own writers write, by mutation: no compiler
//! support is needed, so it runs on the stable toolchain. What stands in for coverage is what the reader says: an
//! input that it refuses in words that were not heard before is mutated further.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod allocator;
mod checksums;
mod corpus;
mod execution;
mod find;
mod mutation;
mod target;

pub use allocator::{CountingAllocator, most_held};
pub use checksums::{sum_png_chunks, sum_tar_headers};
pub use target::{SECONDS, SEED, Target};
