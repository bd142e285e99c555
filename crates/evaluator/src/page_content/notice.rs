//! What a page does not show as it should, and what helps.

use std::{fmt, path::PathBuf};

use contracts::hash::ContentHash;

/// Something that is missing, unreadable or of other weights: said on the page and on stderr.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// It is not there yet.
    Missing {
        /// What it is.
        what: &'static str,
        /// The command that makes it.
        mend: &'static str,
    },
    /// It is there and cannot be read.
    Unreadable {
        /// What it is.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
        /// The command that makes it anew.
        mend: &'static str,
    },
    /// It is there, and not what was written.
    Altered {
        /// What it is.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The command that makes it anew.
        mend: &'static str,
    },
    /// It was measured of weights that the run no longer has.
    OtherWeights {
        /// What it is.
        what: &'static str,
    },
    /// The dataset that is there is not the one that the run was trained on.
    OtherDataset {
        /// The run's.
        trained_on: ContentHash,
        /// The one that is there.
        there: ContentHash,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { what, mend } => write!(f, "no {what} yet; `cargo xtask {mend}` makes what is missing"),
            Self::Unreadable { what, path, problem, mend } => {
                write!(f, "cannot read the {what} at {}: {problem}; ", path.display())?;
                write!(f, "`cargo xtask {mend}` makes it anew")
            }
            Self::Altered { what, path, mend } => write!(
                f,
                "the {what} at {} are not what was written, so they are damaged; `cargo xtask {mend}` makes them anew",
                path.display()
            ),
            Self::OtherWeights { what } => {
                write!(
                    f,
                    "the {what} are of earlier weights than the run has now; `cargo xtask evaluate` makes new ones"
                )
            }
            Self::OtherDataset { trained_on, there } => write!(
                f,
                "the dataset that is there ({}) is not the one that the run was trained on ({}), so the page does not show it",
                there.short(),
                trained_on.short()
            ),
        }
    }
}
