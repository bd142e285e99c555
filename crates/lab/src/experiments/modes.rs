//! How many modes of a ring and a grid a GAN covers, by objective and by what helps the discriminator.

use gan::Objective;
use maud::html;

use crate::{
    experiment::Experiment,
    finding::Finding,
    game::Rules,
    modes::{Coverage, Modes},
    plot::{Axis, Figure, Mark, Panel},
};

const STEPS: u64 = 2000;

/// γ of R1.
const R1: f64 = 0.3;

/// Samples that are counted, and those of them that are drawn.
const SAMPLES: usize = 2000;
const DRAWN: usize = 600;

const OBJECTIVES: [(Objective, &str); 5] = [
    (Objective::Minimax, "minimax"),
    (Objective::NonSaturating, "non-saturating"),
    (Objective::LeastSquares, "least squares"),
    (Objective::Wasserstein, "Wasserstein"),
    (Objective::Relativistic, "relativistic"),
];

/// A game's panel and what it covered.
pub(super) fn played(title: &str, target: &Modes, rules: Rules, steps: u64) -> (Panel, Coverage) {
    let points = rules.play(target, steps, 1, SAMPLES);
    let coverage = target.coverage(&points);
    let title = format!("{title}: {} of {} modes", coverage.modes, target.count());
    let axis = || Axis::new("", -3.0, 3.0);
    let panel = Panel::new(&title, [axis(), axis()]).with(Mark::Dots, 4, "", target.centres()).with(
        Mark::Cloud,
        0,
        "",
        points.into_iter().take(DRAWN).collect(),
    );
    (panel, coverage)
}

pub(super) fn run() -> Experiment {
    let (ring, grid) = (Modes::ring(), Modes::grid());
    let (mut panels, mut findings) = (Vec::new(), Vec::new());
    for (objective, label) in OBJECTIVES {
        let plain = Rules::plain(objective);
        for (help, rules) in [("", plain), (" + R1", Rules { r1: R1, ..plain })] {
            let (panel, coverage) = played(&format!("{label}{help}"), &ring, rules, STEPS);
            eprintln!("{label}{help} {coverage:?}");
            panels.push(panel);
        }
    }
    let plain = Rules::plain(Objective::NonSaturating);
    for (help, rules) in
        [("minibatch discrimination", Rules { kernels: 8, ..plain }), ("unrolled", Rules { unrolled: 5, ..plain })]
    {
        let (panel, coverage) = played(&format!("non-saturating + {help}"), &ring, rules, STEPS);
        eprintln!("{help} {coverage:?}");
        panels.push(panel);
    }
    for (help, rules) in [("", plain), (" + R1", Rules { r1: R1, ..plain })] {
        let (panel, coverage) = played(&format!("non-saturating{help}"), &grid, rules, STEPS);
        eprintln!("grid {help} {coverage:?}");
        findings.push(Finding::at_least("", coverage.modes as f64, 0.0));
        panels.push(panel);
    }
    Experiment {
        name: "modes",
        title: "Modes that are covered, and modes that are not",
        theory: html! {},
        figure: Figure::new(4, panels),
        findings,
    }
}
