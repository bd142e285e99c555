//! What the generator learns of a discriminator that is sure of itself.

use burn::tensor::{Device, Tensor};
use gan::{Objective, ObjectiveConfig};
use maud::html;

use crate::{
    experiment::Experiment,
    finding::Finding,
    mixture::{column, numbers, spaced},
    plot::{Axis, Figure, Mark, Panel},
};

/// L_G of one sample at each D(G(z)), and its derivative for the logit.
fn losses(name: Objective, scores: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let objective = ObjectiveConfig { name, label_smoothing: 0.0, fake_label_smoothing: 0.0 };
    let device = Device::flex().autodiff();
    let at = |score: f64| {
        let logit = column(&[(score / (1.0 - score)).ln()], &device).require_grad();
        let loss: Tensor<1> = objective.generator_loss(None, logit.clone());
        let slope = logit.grad(&loss.backward()).expect("the loss comes from the logit");
        (numbers(loss)[0], numbers(slope)[0])
    };
    scores.iter().map(|score| at(*score)).unzip()
}

pub(super) fn run() -> Experiment {
    let games = [
        (Objective::Minimax, "minimax"),
        (Objective::NonSaturating, "non-saturating"),
        (Objective::MaximumLikelihood, "maximum likelihood"),
    ];
    let scores = spaced(0.005, 0.995, 199);
    let score = || Axis::new("D(G(z))", 0.0, 1.0);
    let mut of_losses = Panel::new("What the generator pays", [score(), Axis::new("loss", -8.0, 6.0)]);
    let mut of_slopes = Panel::new("How much of it is felt", [score(), Axis::new("|d loss / d logit|", 0.0, 3.0)]);
    for (colour, (name, label)) in games.into_iter().enumerate() {
        let (losses, slopes) = losses(name, &scores);
        of_losses = of_losses.with(Mark::Line, colour, label, scores.iter().copied().zip(losses).collect());
        let lengths = slopes.iter().map(|slope| slope.abs());
        of_slopes = of_slopes.with(Mark::Line, colour, label, scores.iter().copied().zip(lengths).collect());
    }
    let slope = |name, score: f64| losses(name, &[score]).1[0];
    Experiment {
        name: "gradients",
        title: "Saturating and non-saturating losses",
        theory: html! {
            p class="formula" { "minimax: log(1 − D),   non-saturating: −log D,   maximum likelihood: −D / (1 − D)" }
            p {
                "Early on the discriminator rejects samples with confidence. The minimax loss is flat there, so that the generator learns next to "
                "nothing; −log D is steep where it loses. Maximum likelihood is flat as well, and has nearly all of its gradient in the few samples that "
                "pass: Goodfellow et al. (2014), section 3; Goodfellow, “NIPS 2016 tutorial”, section 3.2, figure 16."
            }
        },
        figure: Figure::new(2, vec![of_losses, of_slopes]),
        findings: vec![
            Finding::near("minimax: dL/dlogit at D = 0.01", slope(Objective::Minimax, 0.01), -0.01, 1e-5),
            Finding::near("non-saturating: dL/dlogit at D = 0.01", slope(Objective::NonSaturating, 0.01), -0.99, 1e-5),
            Finding::near(
                "maximum likelihood: dL/dlogit at D = 0.01",
                slope(Objective::MaximumLikelihood, 0.01),
                -1.0 / 99.0,
                1e-5,
            ),
            Finding::near(
                "maximum likelihood: dL/dlogit at D = 0.99",
                slope(Objective::MaximumLikelihood, 0.99),
                -99.0,
                1e-2,
            ),
        ],
    }
}
