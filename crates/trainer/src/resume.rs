//! Where a run starts from: its own newest checkpoint, the weights of another run, or nothing.

use burn::tensor::Device;
use contracts::layout::RunLayout;

use crate::{
    checkpoint, error::TrainError, health::Divergence, networks::Networks, plan::Plan, position::Position,
    state::TrainingState, transfer,
};

/// How often a run is rolled back before it is given up: what an eighth of the learning rate does not cure, less will not.
const MAX_ROLLBACKS: u16 = 3;

/// Loads the state that a run starts from, or goes back to.
pub(crate) struct StateLoader<'a> {
    /// What the run is: its networks, its identity, its seed.
    pub(crate) plan: &'a Plan,
    /// The run's own folder, whose checkpoints come first.
    pub(crate) run: &'a RunLayout,
    /// The run to begin at the weights of.
    pub(crate) branch_from: Option<&'a RunLayout>,
    /// Where tensors live, with autodiff.
    pub(crate) device: &'a Device,
}

impl StateLoader<'_> {
    /// The state that the run starts from; `warnings` gets a sentence for each damaged checkpoint that was passed over.
    ///
    /// # Errors
    /// When a checkpoint belongs to another run, or the run to branch from has none that fits.
    pub(crate) fn load(&self, warnings: &mut Vec<String>) -> Result<TrainingState, TrainError> {
        let Self { plan, run, device, .. } = *self;
        let fresh = || Networks::new(plan, device);
        if let Some(state) = checkpoint::resume(run, plan, fresh, warnings)? {
            tracing::info!("resuming after {} images", state.position.images);
            return Ok(state);
        }
        let Some(other) = self.branch_from else {
            let networks = match &plan.transfer {
                Some(weights) => transfer::begin(fresh()?, weights, warnings)?,
                None => fresh()?,
            };
            return Ok(TrainingState { networks, position: Position::default(), origin: None, best: None });
        };
        let state = checkpoint::branch(other, fresh)?;
        let origin = state.origin.as_ref().map(ToString::to_string).unwrap_or_default();
        tracing::info!("beginning at the weights of {origin}");
        Ok(state)
    }

    /// The state to try again from after `divergence` at `position`: one more attempt, whose random numbers are others and
    /// whose learning rate is half.
    ///
    /// # Errors
    /// When it was tried often enough, or there is nothing to go back to.
    pub(crate) fn roll_back(
        &self,
        divergence: Divergence,
        position: Position,
        warnings: &mut Vec<String>,
    ) -> Result<TrainingState, TrainError> {
        let Position { images, attempt, .. } = position;
        if attempt >= MAX_ROLLBACKS {
            let last_good = checkpoint::newest(self.run);
            return Err(TrainError::Diverged {
                divergence: divergence.to_string(),
                images,
                rollbacks: attempt,
                last_good,
            });
        }
        let state = self.next_attempt(attempt)?;
        warnings.push(format!(
            "after {images} images {divergence}; going back to {} images with half the learning rate (rollback {} of at \
             most {MAX_ROLLBACKS})",
            state.position.images, state.position.attempt
        ));
        Ok(state)
    }

    /// The state that the attempt after this one begins at.
    ///
    /// # Errors
    /// As [`StateLoader::load`].
    pub(crate) fn next_attempt(&self, attempt: u16) -> Result<TrainingState, TrainError> {
        // The damaged checkpoints were told when the run started.
        let mut state = self.load(&mut Vec::new())?;
        state.position.attempt = attempt + 1;
        Ok(state)
    }
}
