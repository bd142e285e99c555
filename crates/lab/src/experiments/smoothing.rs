//! What label smoothing makes of the optimal discriminator.

use burn::tensor::activation;
use gan::{Objective, ObjectiveConfig};
use maud::html;

use crate::{
    discriminator::trained_logits,
    experiment::Experiment,
    finding::Finding,
    mixture::{Mixture, numbers, spaced},
    plot::{Axis, Figure, Mark, Panel},
};

fn smoothed(label_smoothing: f64, fake_label_smoothing: f64) -> ObjectiveConfig {
    ObjectiveConfig { name: Objective::NonSaturating, label_smoothing, fake_label_smoothing }
}

pub(super) fn run() -> Experiment {
    let (p, q) = (Mixture::new(&[(-1.5, 1.0)]), Mixture::new(&[(1.5, 1.0)]));
    let x = spaced(-4.5, 4.5, 181);
    let axes = [Axis::new("x", -4.5, 4.5), Axis::new("D(x)", 0.0, 1.0)];
    let mut panel = Panel::new("p: N(−1.5, 1), q: N(1.5, 1)", axes);
    let mut findings = Vec::new();
    for (colour, (epsilon, beta)) in [(0.0, 0.0), (0.1, 0.0), (0.1, 0.2)].into_iter().enumerate() {
        let learnt = numbers(activation::sigmoid(trained_logits(&smoothed(epsilon, beta), &p, &q, &x)));
        let best = |x: f64| ((1.0 - epsilon) * p.density(x) + beta * q.density(x)) / (p.density(x) + q.density(x));
        let largest = x.iter().zip(&learnt).map(|(x, learnt)| (learnt - best(*x)).abs()).fold(0.0, f64::max);
        let label = format!("ε = {epsilon}, β = {beta}");
        findings.push(Finding::at_most(format!("{label}: largest |D(x) − D*(x)|"), largest, 0.05));
        panel = panel.with(Mark::Line, colour, &label, x.iter().copied().zip(learnt).collect()).with(
            Mark::Dashed,
            6,
            "",
            x.iter().map(|x| (*x, best(*x))).collect(),
        );
    }
    let same = |objective| numbers(activation::sigmoid(trained_logits(&objective, &p, &p, &[-1.5])))[0];
    findings.push(Finding::near("D where p = q, ε = 0.1", same(smoothed(0.1, 0.0)), 0.45, 0.005));
    findings.push(Finding::near("D where p = q, ε = 0.1, β = 0.2", same(smoothed(0.1, 0.2)), 0.55, 0.005));
    Experiment {
        name: "smoothing",
        title: "Label smoothing, on one side and on two",
        theory: html! {
            p class="formula" { "D*(x) = ((1 − ε) p(x) + β q(x)) / (p(x) + q(x))" }
            p {
                "On the real side alone (β = 0) the discriminator becomes less sure, and its optimum keeps its shape. On the samples’ side q stands in the "
                "numerator as well: where there are samples and no real images D* goes to β instead of 0, so that the samples there are less wrong. Salimans et al., "
                "“Improved techniques for training GANs” (2016), section 3.4. Dashed: the formula; lines: networks that were trained."
            }
        },
        figure: Figure::new(1, vec![panel]),
        findings,
    }
}
