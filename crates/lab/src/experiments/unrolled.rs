//! The unrolled GAN as the toy that it is here.

use gan::Objective;
use maud::html;

use super::modes::played;
use crate::{experiment::Experiment, finding::Finding, game::Rules, modes::Modes, plot::Figure};

const STEPS: u64 = 2500;

/// Steps that the discriminator is thought ahead.
const AHEAD: u32 = 5;

pub(super) fn run() -> Experiment {
    // A generator that outruns its discriminator moves to where that was fooled, and on when it has learnt.
    let plain = Rules { rates: [2e-3, 4e-4], ..Rules::plain(Objective::NonSaturating) };
    let ring = Modes::ring();
    let (alone, without) = played("not unrolled", &ring, plain, STEPS);
    let (ahead, with) = played("unrolled by 5 steps", &ring, Rules { unrolled: AHEAD, ..plain }, STEPS);
    Experiment {
        name: "unrolled",
        title: "An unrolled GAN, of first order",
        theory: html! {
            p class="formula" { "L" sub { "G" } "(θ, φ" sub { "K" } "(θ, φ)),   φ" sub { "k+1" } " = φ" sub { "k" } " − η ∇L" sub { "D" } "(θ, φ" sub { "k" } ")" }
            p {
                "The generator is judged by the discriminator as it would be K steps later, and the discriminator itself takes one step only: Metz et al., “Unrolled generative adversarial networks” "
                "(2017), equations 7 to 10. There the gradient flows through the K steps as well; here it does not, for tensors have first derivatives alone: this is the paper’s idea of "
                "first order, a toy, and no recipe. The discriminator learns five times slower than the generator."
            }
        },
        figure: Figure::new(2, vec![alone, ahead]),
        findings: vec![
            Finding::at_most("not unrolled: modes of 8", without.modes as f64, 7.0),
            Finding::at_least("unrolled by 5 steps: modes of 8", with.modes as f64, 7.0),
            Finding::at_least("unrolled: modes more than without", with.modes as f64 - without.modes as f64, 1.0),
        ],
    }
}
