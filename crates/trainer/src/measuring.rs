//! How good the averaged generator is on the way, and the best one so far.
//!
//! Nothing here changes what a run computes: the weights are the same whether, how often and by what it is measured.

mod best;
mod measurer;
mod memorization;
mod plan;

pub(crate) use self::{
    best::{BestSoFar, publish},
    measurer::{Measured, Measurer},
    memorization::Memorization,
    plan::{MeasuringPlan, problems},
};
