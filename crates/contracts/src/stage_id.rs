//! The stages by name.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The stages, in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StageId {
    /// Booru to pictures.
    Crawl,
    /// Pictures to faces.
    Crop,
    /// Faces to dataset.
    Pack,
    /// Dataset to weights.
    Train,
    /// Weights and dataset to metrics.
    Evaluate,
    /// Metrics to a page.
    Report,
}

impl StageId {
    /// All stages, first to last.
    pub const ALL: [Self; 6] = [Self::Crawl, Self::Crop, Self::Pack, Self::Train, Self::Evaluate, Self::Report];

    /// Its name on the command line, in the lock and in file names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Crawl => "crawl",
            Self::Crop => "crop",
            Self::Pack => "pack",
            Self::Train => "train",
            Self::Evaluate => "evaluate",
            Self::Report => "report",
        }
    }
}

impl fmt::Display for StageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that names no stage.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("there is no stage {0:?}; the stages are crawl, crop, pack, train, evaluate and report")]
pub struct NoSuchStage(String);

impl FromStr for StageId {
    type Err = NoSuchStage;

    fn from_str(name: &str) -> Result<Self, NoSuchStage> {
        Self::ALL.into_iter().find(|stage| stage.name() == name).ok_or_else(|| NoSuchStage(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_the_order_is_the_flow() {
        for stage in StageId::ALL {
            assert_eq!(stage.name().parse(), Ok(stage));
        }
        assert!(StageId::ALL.is_sorted());
        assert!("crops".parse::<StageId>().is_err());
    }
}
