//! The f-GAN's bound: tight at the best logits, and below the divergence elsewhere.

use burn::tensor::{Device, Tensor};
use gan::Divergence;
use maud::html;

use crate::{
    experiment::Experiment,
    finding::Finding,
    mixture::{Mixture, column, numbers, spaced},
    plot::{Axis, Figure, Mark, Panel},
};

/// Points that integrals are sums over, five of q's deviations far: means over drawn points would miss the tails that reverse KL
/// has its weight in.
const POINTS: usize = 2001;
const ENDS: (f64, f64) = (-9.0, 11.0);

/// Each with the divergence of N(0, 1) from N(1, 4), in closed form where there is one.
const OF_GAUSSIANS: [(Divergence, &str, f64); 5] = [
    (Divergence::KullbackLeibler, "KL(p ‖ q)", 0.443_15),
    (Divergence::ReverseKullbackLeibler, "KL(q ‖ p)", 1.306_85),
    (Divergence::JensenShannon, "2 JS(p, q)", 0.256_35),
    (Divergence::Pearson, "χ²(p ‖ q)", 0.744_03),
    (Divergence::SquaredHellinger, "H²(p, q)", 0.298_39),
];

pub(super) fn run() -> Experiment {
    let (p, q) = (Mixture::new(&[(0.0, 1.0)]), Mixture::new(&[(1.0, 2.0)]));
    let device = Device::flex();
    let points = spaced(ENDS.0, ENDS.1, POINTS);
    let x = column(&points, &device);
    let log_ratio = p.log_density(&x) - q.log_density(&x);
    let weights = |of: &Mixture| {
        let step = (ENDS.1 - ENDS.0) / (POINTS - 1) as f64;
        column(&points.iter().map(|x| step * of.density(*x)).collect::<Vec<_>>(), &device)
    };
    let (real, fake) = (weights(&p), weights(&q));
    let shares = spaced(0.0, 2.0, 81);
    let axes = [Axis::new("scale of the best logits", 0.0, 2.0), Axis::new("bound / divergence", -1.0, 1.2)];
    let mut panel = Panel::new("The bound E[T(x)] − E[f*(T(G(z)))]", axes);
    let mut findings = Vec::new();
    for (colour, (divergence, label, expected)) in OF_GAUSSIANS.into_iter().enumerate() {
        let bound = |share: f64| {
            let logits = scaled(divergence, log_ratio.clone(), share);
            let real = divergence.activation(logits.clone()) * real.clone();
            numbers((real - divergence.conjugate_of_activation(logits) * fake.clone()).sum())[0]
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
