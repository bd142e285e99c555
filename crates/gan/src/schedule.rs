//! The training step as data: which network is updated, how often, on which latents.

use serde::{Deserialize, Serialize};

/// One phase of a training step; a recipe lists them in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// The network whose weights change.
    pub update: Network,
    /// Updates in a row. Each of the discriminator's takes a new batch of real pictures.
    pub times: u32,
    /// Whether each update draws latents of its own; if not, it uses those drawn last in this step.
    #[serde(default = "fresh")]
    pub fresh_latent: bool,
}

/// One of the two players.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// Makes pictures.
    Generator,
    /// Judges them.
    Discriminator,
}

fn fresh() -> bool {
    true
}

/// Batches of real pictures that one pass over `phases` takes.
pub(crate) fn real_batches(phases: &[Phase]) -> u32 {
    let of_discriminator = phases.iter().filter(|phase| phase.update == Network::Discriminator);
    of_discriminator.map(|phase| phase.times).sum()
}

/// What is wrong with a list of phases.
pub(crate) fn problems(phases: &[Phase]) -> Vec<String> {
    let mut problems = Vec::new();
    for (update, name) in [(Network::Discriminator, "discriminator"), (Network::Generator, "generator")] {
        if !phases.iter().any(|phase| phase.update == update) {
            problems.push(format!("phases: none updates the {name}; add {{ update = \"{name}\", times = 1 }}"));
        }
    }
    for (index, phase) in phases.iter().enumerate() {
        if !(1..=1000).contains(&phase.times) {
            problems.push(format!("phases[{index}].times is {}: choose 1 to 1000", phase.times));
        }
    }
    if phases.first().is_some_and(|phase| !phase.fresh_latent) {
        problems.push("phases[0].fresh_latent is false, but no latents are drawn before it: set it to true".into());
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    const DISCRIMINATOR: Phase = Phase { update: Network::Discriminator, times: 5, fresh_latent: true };
    const GENERATOR: Phase = Phase { update: Network::Generator, times: 1, fresh_latent: false };

    #[test]
    fn real_batches_are_the_discriminators() {
        assert_eq!(real_batches(&[DISCRIMINATOR, GENERATOR, Phase { times: 2, ..DISCRIMINATOR }]), 7);
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
        check(&[GENERATOR, DISCRIMINATOR], &["phases[0].fresh_latent"]);
        check(&[DISCRIMINATOR, Phase { times: 0, ..GENERATOR }], &["phases[1].times is 0"]);
    }
}
