//! Everything that training changes: both networks, both optimizers, and the average of the generator.

use burn::tensor::Device;
use gan::{AugmentationStrength, Discriminator, Ema, Generator, NetworkOptimizer};

use crate::{error::TrainError, plan::Plan};

/// What a checkpoint holds, nearly all of it in tensors. With the position it decides all that follows.
pub(crate) struct Networks {
    /// Makes images of latents.
    pub(crate) generator: Generator,
    /// Scores images, real and generated.
    pub(crate) discriminator: Discriminator,
    /// Updates the generator; holds the moments of its gradients.
    pub(crate) generator_optimizer: NetworkOptimizer,
    /// Updates the discriminator; holds the moments of its gradients.
    pub(crate) discriminator_optimizer: NetworkOptimizer,
    /// The generator that is shown and handed on.
    pub(crate) average: Ema,
    /// How strong augmentation is, where the discriminator decides that.
    pub(crate) augmentation: AugmentationStrength,
}

impl Networks {
    /// The networks before the first step: a function of the recipe, the resolution and the seed.
    ///
    /// # Errors
    /// When the recipe's networks do not exist at this resolution.
    pub(crate) fn new(plan: &Plan, device: &Device) -> Result<Self, TrainError> {
        let Plan { recipe, resolution, seed, operators, labels, .. } = plan;
        let classes = &labels.classes;
        let generator = recipe.generator_of(classes, *resolution, *seed, device)?.with_operators(*operators);
        Ok(Self {
            discriminator: recipe.discriminator_of(classes, *resolution, *seed, device)?.with_operators(*operators),
            generator_optimizer: recipe.generator.optimizer.init(*operators),
            discriminator_optimizer: recipe.discriminator.optimizer.init(*operators),
            average: Ema::new(recipe.ema, &generator),
            augmentation: AugmentationStrength::default(),
            generator,
        })
    }
}
