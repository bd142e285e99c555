//! The unrolled GAN as the toy that it is here.

use gan::Objective;
use maud::html;

use super::modes::played;
use crate::{experiment::Experiment, finding::Finding, game::Rules, modes::Modes, plot::Figure};

const STEPS: u64 = 2000;

/// Steps that the discriminator is thought ahead.
const AHEAD: u32 = 5;

pub(super) fn run() -> Experiment {
    // A generator that is faster than its discriminator collapses and hops from mode to mode.
    let plain = Rules { rates: [2e-3, 4e-4], ..Rules::plain(Objective::NonSaturating) };
    let ring = Modes::ring();
    let (alone, without) = played("not unrolled", &ring, plain, STEPS);
    let (ahead, with) = played("unrolled by 5 steps", &ring, Rules { unrolled: AHEAD, ..plain }, STEPS);
    eprintln!("{without:?} {with:?}");
    Experiment {
        name: "unrolled",
        title: "An unrolled GAN, of first order",
        theory: html! {},
        figure: Figure::new(2, vec![alone, ahead]),
        findings: vec![Finding::at_least("modes", with.modes as f64, without.modes as f64)],
    }
}
