//! All experiments, in the order in which they are read.

mod discrete;
mod divergences;
mod diversity;
mod fits;
mod gradients;
mod modes;
mod optimum;
mod smoothing;
mod unrolled;
mod virtual_norm;

use crate::experiment::Experiment;

/// An experiment's name, and what does it.
pub(crate) type Entry = (&'static str, fn() -> Experiment);

/// All of them.
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
