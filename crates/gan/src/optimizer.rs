//! Optimisers as recipes name them.

use burn::optim::{AdamConfig, ModuleOptimizer};
use serde::{Deserialize, Serialize};

/// An optimiser and its constants.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimizerConfig {
    /// Which optimiser.
    pub name: OptimizerName,
    /// The step's length.
    pub learning_rate: f64,
    /// Decay of the gradients' mean.
    pub beta_1: f64,
    /// Decay of the squared gradients' mean.
    pub beta_2: f64,
    /// Added to the root of the squared gradients' mean.
    pub epsilon: f64,
}

/// The optimisers on offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OptimizerName {
    /// Kingma and Ba, "Adam: a method for stochastic optimization" (2015), algorithm 1.
    Adam,
}

impl OptimizerConfig {
    /// The optimiser with no state; `learning_rate` is given to each of its steps.
    pub fn init(&self) -> ModuleOptimizer {
        match self.name {
            OptimizerName::Adam => AdamConfig::new()
                .with_beta_1(self.beta_1 as f32)
                .with_beta_2(self.beta_2 as f32)
                .with_epsilon(self.epsilon as f32)
                .init(),
        }
    }

    /// What keeps this optimiser from working, each beginning with a key.
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (key, value) in [("learning_rate", self.learning_rate), ("epsilon", self.epsilon)] {
            if !(value.is_finite() && value > 0.0) {
                problems.push(format!("{key} is {value}: it must be above 0"));
            }
        }
        for (key, value) in [("beta_1", self.beta_1), ("beta_2", self.beta_2)] {
            if !(0.0..1.0).contains(&value) {
                problems.push(format!("{key} is {value}: it must be at least 0 and below 1"));
            }
        }
        problems
    }
}
