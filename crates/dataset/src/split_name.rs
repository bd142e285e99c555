//! The names of the two parts of a dataset.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Which part of a dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SplitName {
    /// The images that training sees.
    Train,
    /// The images that training never sees, by which its samples are measured.
    Holdout,
}

impl SplitName {
    /// Both, in the order in which they are written and listed.
    pub const ALL: [Self; 2] = [Self::Train, Self::Holdout];
}

impl fmt::Display for SplitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Train => "train",
            Self::Holdout => "holdout",
        })
    }
}
