//! The f-GAN's bound: tight at the best logits, and below the divergence elsewhere.

use burn::tensor::{Device, Tensor};
use gan::{Divergence, Objective, ObjectiveConfig};
use maud::html;

use crate::{
    experiment::Experiment,
    finding::Finding,
    mixture::{Mixture, numbers, spaced},
    plot::{Axis, Figure, Mark, Panel},
};

/// Points that expectations are taken over.
const POINTS: usize = 8000;

/// Each with the divergence of N(0, 1) from N(1, 4), in closed form where there is one.
pub(super) const OF_GAUSSIANS: [(Objective, &str, f64); 5] = [
    (Objective::KullbackLeibler, "KL(p ‖ q)", 0.443_15),
    (Objective::ReverseKullbackLeibler, "KL(q ‖ p)", 1.306_85),
    (Objective::JensenShannon, "2 JS(p, q)", 0.256_35),
    (Objective::Pearson, "χ²(p ‖ q)", 0.744_03),
    (Objective::SquaredHellinger, "H²(p, q)", 0.298_39),
];

pub(super) fn run() -> Experiment {
    let (p, q) = (Mixture::new(&[(0.0, 1.0)]), Mixture::new(&[(1.0, 2.0)]));
    let device = Device::flex();
    let log_ratio = |of: &Mixture| {
        let x = of.points(POINTS, &device);
        p.log_density(&x) - q.log_density(&x)
    };
    let (real, fake) = (log_ratio(&p), log_ratio(&q));
    let shares = spaced(0.0, 2.0, 81);
    let axes = [Axis::new("scale of the best logits", 0.0, 2.0), Axis::new("bound / divergence", -1.0, 1.2)];
    let mut panel = Panel::new("E_p[T] − E_q[f*(T)]".replace('_', " ").as_str(), axes);
    let mut findings = Vec::new();
    for (colour, (name, label, expected)) in OF_GAUSSIANS.into_iter().enumerate() {
        let objective = ObjectiveConfig { name, label_smoothing: 0.0, fake_label_smoothing: 0.0 };
        let divergence = name.divergence().expect("all of these are one's");
        let bound = |share: f64| -> f64 {
            let logits = |log_ratio: &Tensor<1>| scaled(divergence, log_ratio.clone(), share);
            -numbers(objective.discriminator_loss(logits(&real), logits(&fake)))[0]
        };
        findings.push(Finding::near(format!("{label}, by its bound at the best logits"), bound(1.0), expected, 2e-3));
        let best = shares.iter().map(|share| bound(*share)).fold(f64::NEG_INFINITY, f64::max);
        findings.push(Finding::at_most(
            format!("{label}: the highest bound, over the one at the best logits"),
            best / bound(1.0),
            1.001,
        ));
        let curve = shares.iter().map(|share| (*share, bound(*share) / expected)).collect();
        panel = panel.with(Mark::Line, colour, &label.replace('χ', "chi"), curve);
    }
    Experiment {
        name: "divergences",
        title: "f-divergences by two players",
        theory: html! {
            p class="formula" { "D" sub { "f" } "(p ‖ q) = ∫ q f(p / q) = max" sub { "T" } " E" sub { "p" } "[T] − E" sub { "q" } "[f*(T)],   T = g" sub { "f" } "(v)" }
            p {
                "For every convex f there is such a bound, and the discriminator that makes it tight is T = f′(p / q): Nowozin et "
                "al., “f-GAN” (2016), equations 4 to 8. Its logits v are scaled here; the bound is highest where they are the best ones, "
                "and is the divergence there."
            }
            table {
                thead { tr { th { "divergence" } th { "f(u)" } th { "g" sub { "f" } "(v)" } th { "f*(t)" } } }
                tbody {
                    tr { td { "KL" } td { "u log u" } td { "v" } td { "exp(t − 1)" } }
                    tr { td { "reverse KL" } td { "−log u" } td { "−exp(−v)" } td { "−1 − log(−t)" } }
                    tr { td { "Jensen-Shannon, twice" } td { "u log u − (u + 1) log((u + 1) / 2)" } td { "log 2 − log(1 + exp(−v))" } td { "−log(2 − exp t)" } }
                    tr { td { "Pearson χ²" } td { "(u − 1)²" } td { "v" } td { "t² / 4 + t" } }
                    tr { td { "squared Hellinger" } td { "(√u − 1)²" } td { "1 − exp(−v)" } td { "t / (1 − t)" } }
                }
            }
        },
        figure: Figure::new(1, vec![panel]),
        findings,
    }
}

/// Logits between those of a discriminator that knows nothing (share 0: f′(1)) and the best ones (share 1), and beyond.
fn scaled(divergence: Divergence, log_ratio: Tensor<1>, share: f64) -> Tensor<1> {
    let nothing = divergence.optimal_logit(log_ratio.zeros_like());
    let best = divergence.optimal_logit(log_ratio);
    nothing.clone() + (best - nothing).mul_scalar(share)
}
