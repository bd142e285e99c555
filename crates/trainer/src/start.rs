//! Where a run goes on from: its own newest checkpoint, the weights of another run, or nothing.

use burn::tensor::Device;
use contracts::layout::RunLayout;

use crate::{
    checkpoint::{self, Origin},
    error::TrainError,
    health::Trouble,
    networks::Networks,
    plan::Plan,
    step::Position,
};

/// How often a run is rolled back before it is given up.
const MOST_ROLLBACKS: u16 = 3;

/// The state of a run between two steps.
pub(crate) struct Start {
    /// The networks and their optimisers.
    pub(crate) networks: Networks,
    /// How far they are.
    pub(crate) position: Position,
    /// The run whose weights this one began at.
    pub(crate) origin: Option<Origin>,
}

/// What decides where a run goes on from.
pub(crate) struct Sources<'a> {
    /// The plan.
    pub(crate) plan: &'a Plan,
    /// The run's own folder.
    pub(crate) run: &'a RunLayout,
    /// The run to begin at the weights of.
    pub(crate) branch_from: Option<&'a RunLayout>,
    /// Where tensors live, with autodiff.
    pub(crate) device: &'a Device,
}

impl Sources<'_> {
    /// The state that the run goes on from.
    ///
    /// # Errors
    /// When a checkpoint belongs to another function, or the run to branch from has none that fits.
    pub(crate) fn start(&self, warnings: &mut Vec<String>) -> Result<Start, TrainError> {
        let Self { plan, run, device, .. } = *self;
        let fresh = || Networks::new(plan, device);
        if let Some(start) = checkpoint::resume(run, plan, fresh, warnings)? {
            tracing::info!("going on after {} images", start.position.images);
            return Ok(start);
        }
        let Some(other) = self.branch_from else {
            return Ok(Start { networks: fresh()?, position: Position::default(), origin: None });
        };
        let start = checkpoint::branch(other, fresh)?;
        let origin = start.origin.as_ref().map(ToString::to_string).unwrap_or_default();
        tracing::info!("beginning at the weights of {origin}");
        Ok(start)
    }

    /// The state to try again from after `trouble` at `position`: one more attempt, whose random numbers are others and
    /// whose learning rate is half.
    ///
    /// # Errors
    /// When it was tried often enough, or there is nothing to go back to.
    pub(crate) fn roll_back(
        &self,
        trouble: Trouble,
        position: Position,
        warnings: &mut Vec<String>,
    ) -> Result<Start, TrainError> {
        let Position { images, attempt, .. } = position;
        if attempt >= MOST_ROLLBACKS {
            let last_good = checkpoint::newest(self.run);
            return Err(TrainError::Astray { trouble: trouble.to_string(), images, rollbacks: attempt, last_good });
        }
        let mut start = self.start(&mut Vec::new())?;
        start.position.attempt = attempt + 1;
        warnings.push(format!(
            "after {images} images {trouble}; going back to {} images with half the learning rate (rollback {} of at \
             most {MOST_ROLLBACKS})",
            start.position.images, start.position.attempt
        ));
        Ok(start)
    }
}
