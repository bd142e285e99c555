//! The training step as data: which network is updated, how often, on which latents.

use serde::{Deserialize, Serialize};

/// One phase of a training step; a recipe lists them in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// The network whose weights change.
    pub update: Network,
    /// Updates in a row. Each of the discriminator's takes a new batch of real images.
    pub times: u32,
    /// Whether each update draws latents of its own; if not, it uses those drawn last in this step.
    #[serde(default = "fresh")]
    pub fresh_latent: bool,
    /// The phase takes part in every n-th step, the first one among them.
    #[serde(default = "always")]
    pub every: u32,
}

impl Phase {
    /// Updates that this phase does in a step; steps count from 0.
    pub fn times_in(&self, step: u64) -> u32 {
        if step.is_multiple_of(u64::from(self.every)) { self.times } else { 0 }
    }
}

/// One of the two players.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// It makes samples of latents.
    Generator,
    /// It tells samples from real images.
    Discriminator,
}

fn fresh() -> bool {
    true
}

fn always() -> u32 {
    1
}

/// What keeps a list of phases from being a training step: all problems at once.
pub(crate) fn problems(phases: &[Phase]) -> Vec<String> {
    let mut problems = Vec::new();
    for (update, name) in [(Network::Discriminator, "discriminator"), (Network::Generator, "generator")] {
        if !phases.iter().any(|phase| phase.update == update && phase.every == 1) {
            problems.push(format!(
                "phases: none updates the {name} in every step; add {{ update = \"{name}\", times = 1 }}"
            ));
        }
    }
    for (index, phase) in phases.iter().enumerate() {
        if !(1..=1000).contains(&phase.times) {
            problems.push(format!("phases[{index}].times is {}: choose 1 to 1000", phase.times));
        }
        if phase.every == 0 {
            problems.push(format!("phases[{index}].every is 0: choose 1 (every step) or more"));
        }
    }
    if phases.first().is_some_and(|phase| !phase.fresh_latent || phase.every != 1) {
        problems.push("phases[0] must draw latents in every step: set fresh_latent = true and every = 1".into());
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    const DISCRIMINATOR: Phase = Phase { update: Network::Discriminator, times: 5, fresh_latent: true, every: 1 };
    const GENERATOR: Phase = Phase { update: Network::Generator, times: 1, fresh_latent: false, every: 1 };

    #[test]
    fn an_interval_starts_with_the_first_step() {
        let times = |every| (0..7).map(|step| Phase { every, ..DISCRIMINATOR }.times_in(step)).collect::<Vec<_>>();
        assert_eq!(times(1), [5; 7]);
        assert_eq!(times(3), [5, 0, 0, 5, 0, 0, 5]);
    }

    #[test]
    fn impossible_phases_are_named() {
        let check = |phases: &[Phase], expected: &[&str]| {
            let found = problems(phases);
            assert_eq!(found.len(), expected.len(), "{found:?}");
            for (found, expected) in found.iter().zip(expected) {
                assert!(found.contains(expected), "{found} does not say {expected}");
            }
        };
        check(&[DISCRIMINATOR, GENERATOR], &[]);
        check(&[], &["updates the discriminator", "updates the generator"]);
        check(&[DISCRIMINATOR], &["updates the generator"]);
        check(&[GENERATOR, DISCRIMINATOR], &["phases[0] must draw latents"]);
        check(&[DISCRIMINATOR, Phase { times: 0, ..GENERATOR }], &["phases[1].times is 0"]);
        check(&[DISCRIMINATOR, Phase { every: 4, ..GENERATOR }], &["updates the generator in every step"]);
        check(&[DISCRIMINATOR, GENERATOR, Phase { every: 0, ..GENERATOR }], &["phases[2].every is 0"]);
        check(&[DISCRIMINATOR, GENERATOR, Phase { every: 4, ..GENERATOR }], &[]);
    }
}
