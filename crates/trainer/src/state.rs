//! The state of a run between two steps: with the plan, it decides everything that follows.

use std::fmt;

use contracts::id::RunId;
use serde::{Deserialize, Serialize};

use crate::{measuring::BestSoFar, networks::Networks, position::Position};

/// The state of a run between two steps.
pub(crate) struct TrainingState {
    /// The networks and their optimizers.
    pub(crate) networks: Networks,
    /// How many steps and images made them so.
    pub(crate) position: Position,
    /// The run whose weights this one began at; `None` where it began from nothing.
    pub(crate) origin: Option<Origin>,
    /// The best of the generators that were measured; what follows does not depend on it.
    pub(crate) best: Option<BestSoFar>,
}

/// Another run, at whose weights a run began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Origin {
    /// That run, which may have been removed since.
    pub(crate) run: RunId,
    /// Real images that it had shown.
    pub(crate) images: u64,
    /// What it began at itself; `None` where that was nothing.
    pub(crate) origin: Option<Box<Origin>>,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} after {} images", self.run, self.images)
    }
}
