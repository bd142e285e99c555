//! Optimizers as recipes name them.

mod adam;
mod sgd;

use burn::{
    module::{Module, ModuleVisitor, Param},
    optim::{AdamConfig, GradientsParams, ModuleOptimizer},
    store::RecordError,
    tensor::{Bytes, Tensor},
};
use serde::{Deserialize, Serialize};

use crate::{learning_rate::LearningRateSchedule, operators::Operators};

/// An optimizer and its constants.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimizerConfig {
    /// The update rule.
    pub name: OptimizerName,
    /// The step's length, before its schedule.
    pub learning_rate: f64,
    /// Adam's decay of the gradients' mean.
    #[serde(default = "beta_1")]
    pub beta_1: f64,
    /// Adam's decay of the squared gradients' mean.
    #[serde(default = "beta_2")]
    pub beta_2: f64,
    /// What Adam adds to the root of the squared gradients' mean.
    #[serde(default = "epsilon")]
    pub epsilon: f64,
    /// Decay of SGD's sum of gradients; 0: plain SGD.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub momentum: f64,
    /// Gradients that are longer than this, over all parameters of the network together, are scaled down to it; 0: none
    /// is. Pascanu et al., "On the difficulty of training recurrent neural networks" (2013), algorithm 1.
    #[serde(default)]
    pub clip_norm: f64,
    /// How the learning rate changes as training goes on.
    #[serde(default)]
    pub schedule: LearningRateSchedule,
}

fn beta_1() -> f64 {
    0.9
}

fn beta_2() -> f64 {
    0.999
}

fn epsilon() -> f64 {
    1e-8
}

fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

/// The update rules on offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OptimizerName {
    /// Kingma and Ba, "Adam: a method for stochastic optimization" (2015), algorithm 1.
    Adam,
    /// Stochastic gradient descent with momentum μ: v ← μ v + ∇, θ ← θ − η v. Polyak, "Some methods of speeding up the
    /// convergence of iteration methods" (1964), equation 9, with the rate outside of the sum, so that a schedule takes
    /// hold at once.
    Sgd,
}

/// burn's optimizer of a network's parameters, which updates all of them at once where that is faster.
#[derive(Clone)]
pub struct NetworkOptimizer {
    parameters: ModuleOptimizer,
    /// Whether the rule is `fast-conv`'s Adam, which can.
    has_lists: bool,
}

impl NetworkOptimizer {
    /// The network after an update of each parameter that has a gradient.
    pub fn step<M: Module>(&mut self, rate: f64, network: M, gradients: GradientsParams) -> M {
        if !self.has_lists || !network.devices().iter().any(fast_conv::is_gpu) {
            return self.parameters.step(rate, network, gradients);
        }
        let mut copied = Copied { from: &gradients, gradients: GradientsParams::new() };
        network.visit(&mut copied);
        let again = copied.gradients;
        let parameters = std::cell::RefCell::new(&mut self.parameters);
        adam::at_once(
            || parameters.borrow_mut().step(rate, network, gradients),
            |network| parameters.borrow_mut().step(rate, network, again),
        )
    }

    /// What it remembers of each parameter, as burn writes it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn into_bytes(&self) -> Result<Bytes, RecordError> {
        self.parameters.into_bytes()
    }

    /// The same rule with what [`NetworkOptimizer::into_bytes`] wrote.
    ///
    /// # Errors
    /// When these are not such bytes.
    pub fn from_bytes(self, bytes: Bytes) -> Result<Self, RecordError> {
        Ok(Self { parameters: self.parameters.from_bytes(bytes)?, ..self })
    }
}

/// Copies a network's gradients.
struct Copied<'a> {
    from: &'a GradientsParams,
    gradients: GradientsParams,
}

impl ModuleVisitor for Copied<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.from.get::<D>(param.id) {
            self.gradients.register(param.id, gradient);
        }
    }
}

impl OptimizerConfig {
    /// The optimizer with no state; the learning rate is given to each of its steps.
    pub fn init(&self, operators: Operators) -> NetworkOptimizer {
        let (beta_1, beta_2, epsilon) = (self.beta_1 as f32, self.beta_2 as f32, self.epsilon as f32);
        let has_lists = self.name == OptimizerName::Adam && matches!(operators, Operators::Fast(_));
        let parameters = match (self.name, operators) {
            (OptimizerName::Sgd, _) => sgd::Sgd { momentum: self.momentum }.into(),
            (OptimizerName::Adam, Operators::Fast(_)) => adam::Adam { beta_1, beta_2, epsilon }.into(),
            (OptimizerName::Adam, Operators::Burn) => {
                AdamConfig::new().with_beta_1(beta_1).with_beta_2(beta_2).with_epsilon(epsilon).init()
            }
        };
        NetworkOptimizer { parameters, has_lists }
    }

    /// The learning rate of the update that brings the images shown to `images`.
    pub fn rate(&self, images: u64) -> f64 {
        self.learning_rate * self.schedule.share(images)
    }

    /// What keeps this optimizer from working, each beginning with a key.
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (key, value) in [("learning_rate", self.learning_rate), ("epsilon", self.epsilon)] {
            if !(value.is_finite() && value > 0.0) {
                problems.push(format!("{key} is {value}: it must be above 0"));
            }
        }
        for (key, value) in [("beta_1", self.beta_1), ("beta_2", self.beta_2), ("momentum", self.momentum)] {
            if !(0.0..1.0).contains(&value) {
                problems.push(format!("{key} is {value}: it must be at least 0 and below 1"));
            }
        }
        if self.name == OptimizerName::Adam && self.momentum > 0.0 {
            problems.push(format!("momentum is {}: it is sgd's; adam's is beta_1", self.momentum));
        }
        if !(self.clip_norm.is_finite() && self.clip_norm >= 0.0) {
            problems.push(format!("clip_norm is {}: it must be above 0, or 0 for none", self.clip_norm));
        }
        problems.extend(self.schedule.problems().iter().map(|problem| format!("schedule.{problem}")));
        problems
    }
}
