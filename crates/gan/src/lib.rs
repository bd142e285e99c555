//! Networks, objectives, optimizers and recipes of GANs: tensors in, tensors out.
//!
//! This crate reads no file and no clock and draws from no hidden random state: weights and latents come
//! from a counter-based generator ([`Philox`]) that is keyed by what the caller passes.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod architecture;
mod augmentation;
mod classes;
mod conditioning;
mod cost;
mod discrete;
mod discriminator;
mod divergence;
mod ema;
#[cfg(test)]
mod fuzz_targets;
mod generator;
mod gradients;
mod initialization;
mod latent;
mod layers;
mod learning_rate;
mod minibatch;
mod normalization;
mod objective;
mod operators;
mod optimizer;
mod parameters;
mod penalty;
mod philox;
mod recipe;
mod regularization;
mod running_statistics;
mod schedule;
mod semi_supervised;
mod spectral_norm;
mod transfer;
mod weights;

pub use fast_conv::{Precision, keep_freed_memory};

pub use architecture::{Architecture, ArchitectureError, Family, Norm, StageLayout};
pub use augmentation::{Augmentation, AugmentationConfig, AugmentationStrength, sum_of_signs};
pub use classes::{ClassUse, Classes};
pub use conditioning::{ClassModulation, ClassProjection, class_rows};
pub use cost::ForwardCost;
pub use discrete::{gumbel_softmax, reinforce_loss};
pub use discriminator::{Discriminator, ImageBatch};
pub use divergence::Divergence;
pub use ema::{Ema, EmaConfig};
pub use generator::Generator;
pub use gradients::Gradients;
pub use initialization::Initialization;
pub use latent::{LatentConfig, LatentDistribution};
pub use learning_rate::{Decay, LearningRateSchedule};
pub use minibatch::minibatch_discrimination;
pub use normalization::ReferenceStatistics;
pub use objective::{Objective, ObjectiveConfig};
pub use operators::Operators;
pub use optimizer::{NetworkOptimizer, OptimizerConfig, OptimizerName};
pub use penalty::{Penalty, Surrogate};
pub use philox::{Philox, Stream};
pub use recipe::{NetworkConfig, Recipe, RecipeError};
pub use regularization::{RegularizationConfig, Slope};
pub use running_statistics::{running_statistics, set_running_statistics};
pub use schedule::{Network, Phase};
pub use semi_supervised::{classification_loss, realness};
pub use transfer::Taken;
pub use weights::WeightsError;
