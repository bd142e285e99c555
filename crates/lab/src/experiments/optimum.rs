//! The optimal discriminator, and the value of the game at it.

use burn::tensor::{Device, activation};
use gan::{Objective, ObjectiveConfig};
use maud::html;

use crate::{
    discriminator::trained_logits,
    experiment::Experiment,
    finding::Finding,
    mixture::{Mixture, numbers, spaced},
    plot::{Axis, Figure, Mark, Panel},
};

/// Points that expectations are taken over.
const POINTS: usize = 4000;

pub(super) fn run() -> Experiment {
    let (p, q) = (Mixture::new(&[(0.0, 1.0)]), Mixture::new(&[(1.0, 2.0)]));
    let objective = ObjectiveConfig { name: Objective::Minimax, label_smoothing: 0.0, fake_label_smoothing: 0.0 };
    let logits = |at: &[f64]| trained_logits(&objective, &p, &q, at);

    let x = spaced(-4.0, 6.0, 201);
    let learnt = numbers(activation::sigmoid(logits(&x)));
    let best: Vec<f64> = x.iter().map(|x| p.density(*x) / (p.density(*x) + q.density(*x))).collect();
    let largest = learnt.iter().zip(&best).map(|(learnt, best)| (learnt - best).abs()).fold(0.0, f64::max);

    let loss = objective.discriminator_loss(logits(&p.quantiles(POINTS)), logits(&q.quantiles(POINTS)));
    let value = -numbers(loss)[0];
    let device = Device::flex();
    let log_ratio = |of: &Mixture| {
        let x = of.points(POINTS, &device);
        p.log_density(&x) - q.log_density(&x)
    };
    let best_loss = numbers(objective.discriminator_loss(log_ratio(&p), log_ratio(&q)))[0];

    let curve = |values: &[f64]| x.iter().copied().zip(values.iter().copied()).collect::<Vec<_>>();
    let densities = |of: &Mixture| x.iter().map(|x| (*x, of.density(*x))).collect::<Vec<_>>();
    let axes = |label| [Axis::new("x", -4.0, 6.0), Axis::new(label, 0.0, if label == "D(x)" { 1.0 } else { 0.45 })];
    let distributions = Panel::new("Two distributions", axes("density"))
        .with(Mark::Line, 0, "p: N(0, 1)", densities(&p))
        .with(Mark::Line, 1, "q: N(1, 4)", densities(&q));
    let discriminators = Panel::new("The best discriminator", axes("D(x)"))
        .with(Mark::Line, 2, "learnt", curve(&learnt))
        .with(Mark::Dashed, 6, "p / (p + q)", curve(&best));
    Experiment {
        name: "optimum",
        title: "The optimal discriminator",
        theory: html! {
            p class="formula" { "V(D) = E" sub { "x∼p" } "[log D(x)] + E" sub { "x∼q" } "[log(1 − D(x))]" }
            p class="formula" { "D*(x) = p(x) / (p(x) + q(x)),   V(D*) = 2 JS(p, q) − log 4" }
            p {
                "A network that maximizes V comes to the ratio of the densities, and the value of the game is a divergence then: "
                "Goodfellow et al., “Generative adversarial nets” (2014), proposition 1 and theorem 1. Here p is N(0, 1) and q is "
                "N(1, 4); the network has two layers of 32 units."
            }
        },
        figure: Figure::new(2, vec![distributions, discriminators]),
        findings: vec![
            Finding::near("V(D*), by the densities", -best_loss, -1.129_94, 1e-3),
            Finding::near("V of the network that was trained", value, -1.129_94, 5e-3),
            Finding::near("JS(p, q), by V(D*)", (4f64.ln() - best_loss) / 2.0, 0.128_17, 5e-4),
            Finding::at_most("largest |D(x) − D*(x)|, −4 ≤ x ≤ 6", largest, 0.05),
        ],
    }
}
