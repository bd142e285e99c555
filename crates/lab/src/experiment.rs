//! An experiment: what it shows, how, and what was found.

use maud::Markup;

use crate::{finding::Finding, plot::Figure};

/// An experiment that was done.
pub(crate) struct Experiment {
    /// What it is asked for by, and its plot is called.
    pub(crate) name: &'static str,
    /// A headline.
    pub(crate) title: &'static str,
    /// What theory says, with its formulas and papers.
    pub(crate) theory: Markup,
    /// Its plots.
    pub(crate) figure: Figure,
    /// Its numbers.
    pub(crate) findings: Vec<Finding>,
}
