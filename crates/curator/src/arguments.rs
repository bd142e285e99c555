//! The command line.

use clap::Args;

/// Whose opinion is asked.
#[derive(Clone, Debug, Args)]
pub(crate) struct Arguments {
    /// The run whose discriminator judges the faces: its name or the beginning of it. The one trained last, unless given.
    #[arg(long, value_name = "RUN")]
    pub(crate) run: Option<String>,
    /// Ask no discriminator: the page is there sooner.
    #[arg(long, conflicts_with = "run")]
    pub(crate) no_scores: bool,
}
