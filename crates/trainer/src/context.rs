//! What the training loop, its observer and the ranks that follow it are given besides the plan.

use burn::tensor::Device;
use contracts::{
    layout::RunLayout,
    stage::{Interrupt, Progress},
};
use dataset::Split;
use generator::DeviceKind;

use crate::{measuring::MeasuringPlan, ranks::Ranks};

/// Where a rank reads and computes. Nothing here changes what it computes, but for the split and `branch_from`.
#[derive(Clone, Copy)]
pub(crate) struct RankContext<'a> {
    /// The images to train on.
    pub(crate) split: &'a Split,
    /// The run's folder, which rank 0 prepares and writes alone.
    pub(crate) run: &'a RunLayout,
    /// The run whose weights a new one begins at.
    pub(crate) branch_from: Option<&'a RunLayout>,
    /// The processes that train it together.
    pub(crate) ranks: Ranks,
    /// Where tensors live, without autodiff.
    pub(crate) device: &'a Device,
    /// Which kind of device that is.
    pub(crate) kind: DeviceKind,
    /// Raised when this process is told to stop, which stops all.
    pub(crate) interrupt: &'a Interrupt,
}

/// What rank 0 has besides: it measures, writes and reports.
pub(crate) struct TrainingContext<'a> {
    /// What every rank has.
    pub(crate) rank: RankContext<'a>,
    /// Images that are kept out of training.
    pub(crate) holdout: &'a Split,
    /// What is measured on the way.
    pub(crate) measuring: &'a MeasuringPlan,
    /// Where it tells how far it is.
    pub(crate) progress: &'a dyn Progress,
}
