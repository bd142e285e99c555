//! All experiments, in the order in which they are read.

mod discrete;
mod divergences;
mod diversity;
mod few_labels;
mod fits;
mod gradients;
mod hair_by_class;
mod modes;
mod optimum;
mod smoothing;
mod unrolled;
mod virtual_norm;

use crate::experiment::Experiment;

/// An experiment's name, and what does it.
pub(crate) type Entry = (&'static str, fn() -> Experiment);

/// Those that take minutes, and are done when they are asked for by name.
pub(crate) const LONG: [Entry; 2] = [("hair-by-class", hair_by_class::run), ("few-labels", few_labels::run)];

/// All others.
pub(crate) const ALL: [Entry; 10] = [
    ("optimum", optimum::run),
    ("divergences", divergences::run),
    ("fits", fits::run),
    ("gradients", gradients::run),
    ("modes", modes::run),
    ("smoothing", smoothing::run),
    ("virtual-norm", virtual_norm::run),
    ("diversity", diversity::run),
    ("unrolled", unrolled::run),
    ("discrete", discrete::run),
];
