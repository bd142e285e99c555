//! The dataset on disk, written and read: a Hugging Face `save_to_disk` folder that trains at memory speed.
//!
//! ```text
//! dataset/
//!   dataset_dict.json             the splits' names
//!   index.json                    rows, batch offsets, BLAKE3 of every file: what this crate reads
//!   train/
//!     <group>-000.arrow           Arrow IPC stream shards of 256 MB or less
//!     dataset_info.json           the columns' features
//!     state.json                  the shards' names
//!   holdout/                      the same
//! ```
//!
//! Python's `datasets.load_from_disk` opens the folder as it is and never looks at `index.json`. This crate maps the
//! shards and finds each image's bytes through the index, so nothing is decoded for sides up to 128 pixels.
//!
//! The bytes depend on the rows alone: no time, machine or path is recorded. Rows lie in groups with shards of their own,
//! so a dataset that replaces another takes over every shard whose rows are the same.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod arrow;
mod batch;
mod colours;
mod descriptions;
mod error;
mod features;
mod files;
mod foreign;
#[cfg(test)]
mod fuzz_targets;
mod image;
mod index;
mod loader;
mod near;
mod order;
mod previous;
mod reader;
mod row;
mod shard;
mod shard_writer;
mod split;
mod split_name;
mod statistics;
mod writer;

pub use batch::BatchBuilder;
pub use colours::{Colours, HUES, LEVELS};
pub use error::DatasetError;
pub use foreign::{ForeignImage, ForeignImages, Label, foreign_images};
pub use image::{CHANNELS, EncodedImage, ImageEncoding, ImageShape};
pub use index::RowGroup;
pub use loader::{Batch, Loader, LoaderOptions, Turn};
pub use near::NearIndex;
pub use order::{EpochOrder, Permutation};
pub use reader::Dataset;
pub use row::{Dhash, Row};
pub use split::Split;
pub use split_name::SplitName;
pub use statistics::{Statistics, evenly};
pub use writer::{Limits, Writer, Written};
