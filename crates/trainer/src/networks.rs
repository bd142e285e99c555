//! Everything that training changes: both networks, both optimisers, and the average of the generator.

use burn::{optim::ModuleOptimizer, tensor::Device};
use gan::{Discriminator, Ema, Generator};

use crate::{error::TrainError, plan::Plan};

/// The state of a run. With the number of images shown it decides all that follows.
pub(crate) struct Networks {
    /// Makes pictures.
    pub(crate) generator: Generator,
    /// Judges them.
    pub(crate) discriminator: Discriminator,
    /// Updates the generator.
    pub(crate) generator_optimizer: ModuleOptimizer,
    /// Updates the discriminator.
    pub(crate) discriminator_optimizer: ModuleOptimizer,
    /// The generator that is shown and handed on.
    pub(crate) average: Ema,
}

impl Networks {
    /// The networks before the first step: a function of the recipe, the resolution and the seed.
    ///
    /// # Errors
    /// When the recipe's networks do not exist at this resolution.
    pub(crate) fn new(plan: &Plan, device: &Device) -> Result<Self, TrainError> {
        let recipe = &plan.recipe;
        let generator = recipe.generator(plan.resolution, plan.seed, device)?;
        Ok(Self {
            discriminator: recipe.discriminator(plan.resolution, plan.seed, device)?,
            generator_optimizer: recipe.generator.optimizer.init(),
            discriminator_optimizer: recipe.discriminator.optimizer.init(),
            average: Ema::new(recipe.ema, &generator),
            generator,
        })
    }
}
