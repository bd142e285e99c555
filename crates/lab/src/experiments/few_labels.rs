//! A classifier with few labels, with a generator beside it and without.

use maud::html;

use crate::{
    experiment::Experiment,
    faces::Faces,
    finding::Finding,
    labelled::{accuracy, classify_alone, play, recipe, with_falling_rates},
    plot::{Axis, Figure, Mark, Panel},
};

/// Pictures that are painted; a quarter of them show one face whose hair has a class.
const PICTURES: u64 = 4800;

/// Faces that only the classifiers are tried on.
const HOLDOUT: usize = 400;

/// One face in so many keeps its label: 5 %.
const LABELLED: usize = 20;

/// Updates of either classifier, of 16 images each.
const STEPS: u64 = 1000;

/// Seeds of networks, batches and latents.
const SEEDS: [u64; 3] = [1, 2, 3];

pub(super) fn run() -> Experiment {
    let (holdout, faces) = Faces::paint(1, PICTURES).labelled().split(HOLDOUT);
    let faces = faces.with_every(LABELLED);
    let recipe = with_falling_rates(recipe("semi-supervised"), STEPS);
    let pairs = SEEDS.map(|seed| {
        let (_, classifier) = play(&recipe, &faces, STEPS, seed);
        [accuracy(&classifier, &holdout), accuracy(&classify_alone(&recipe, &faces, STEPS, seed), &holdout)]
    });
    let axes = [Axis::new("seed", 0.0, SEEDS.len() as f64 + 1.0), Axis::new("right of the faces kept out", 0.8, 1.0)];
    let points = |which: usize| SEEDS.iter().zip(&pairs).map(|(seed, pair)| (*seed as f64, pair[which])).collect();
    let panel = Panel::new("hair named by a classifier with 5 % of the labels", axes)
        .with(Mark::Dots, 0, "beside a generator", points(0))
        .with(Mark::Dots, 1, "on the labels alone", points(1));
    let mean = |which: usize| pairs.iter().map(|pair| pair[which]).sum::<f64>() / SEEDS.len() as f64;
    let mut findings: Vec<Finding> = SEEDS
        .iter()
        .zip(&pairs)
        .map(|(seed, [with, alone])| {
            Finding::at_least(format!("seed {seed}: right, where labels alone have {alone:.3}"), *with, *alone)
        })
        .collect();
    findings.push(Finding::at_least(format!("mean, where labels alone have {:.3}", mean(1)), mean(0), mean(1) + 0.01));
    Experiment {
        name: "few-labels",
        title: "A classifier with few labels, beside a generator",
        theory: html! {
            p class="formula" { "L_D = −E[ln Z(x) / (Z(x) + 1)] − E[ln 1 / (Z(G(z)) + 1)] − E[ln p(y | x)],  Z(x) = Σₖ exp(lₖ(x))" }
            p {
                "A classifier of K classes with one more, of samples, whose logit is 0: its realness is ln Z. One face in twenty has a label, and all take part "
                "in telling real faces from samples. The same network beside it is trained for as many updates on the labels alone. Salimans et al., “Improved "
                "techniques for training GANs” (2016), section 5."
            }
        },
        figure: Figure::new(1, vec![panel]),
        findings,
    }
}
