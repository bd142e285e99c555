//! A conditional recipe on painted faces: whether a class's samples have its hair.

use burn::tensor::{Device, Tensor};
use gan::{Generator, LatentConfig, Philox, Stream, class_rows};
use maud::html;

use crate::{
    experiment::Experiment,
    faces::{CLASSES, Faces, SIDE},
    finding::Finding,
    hair::{agreement, class_of_hair},
    labelled::{play, recipe},
    plot::{Axis, Figure, Mark, Panel},
};

/// Pictures that are painted; a little more than half of them show one face.
const PICTURES: u64 = 2400;

/// Steps of the recipe, of 16 images each.
const STEPS: u64 = 2500;

/// Samples of each class.
const SAMPLES: usize = 200;

/// What the judge says of the samples of one class: the share that is of each.
fn judged(generator: &Generator, latent: LatentConfig, class: usize) -> Vec<f64> {
    let device = Device::flex();
    let latents = latent.sample(&Philox::new(2, Stream::SampleLatents), 0, SAMPLES, &device);
    let rows = class_rows(&[Some(class); SAMPLES], CLASSES.len(), &device);
    let samples = generator.forward(Tensor::cat(vec![latents, rows], 1));
    let values: Vec<f32> = samples.into_data().try_to_vec().expect("samples are f32 and on the CPU");
    let mut shares = vec![0.0; CLASSES.len()];
    values.chunks_exact(3 * SIDE * SIDE).for_each(|image| shares[class_of_hair(image)] += 1.0 / SAMPLES as f64);
    shares
}

pub(super) fn run() -> Experiment {
    let faces = Faces::paint(1, PICTURES);
    let agreement = agreement(faces.images.iter().map(Vec::as_slice).zip(faces.labels.iter().copied()));
    let mut findings = vec![Finding::at_least("painted faces: judged as tagged", agreement, 0.9)];
    let recipe = recipe("conditional");
    let (generator, _) = play(&recipe, &faces, STEPS, 1);
    let axes = [Axis::new("class asked for", 0.0, 6.0), Axis::new("share of its samples", 0.0, 1.05)];
    let mut panel = Panel::new("what hair is judged to be, by the class asked for", axes);
    let shares: Vec<_> = (0..CLASSES.len()).map(|class| judged(&generator, recipe.latent, class)).collect();
    for (class, name) in CLASSES.into_iter().enumerate() {
        findings.push(Finding::at_least(format!("{name}: samples with its hair"), shares[class][class], 0.9));
        let points = shares.iter().enumerate().map(|(asked, shares)| (asked as f64 + 1.0, shares[class])).collect();
        panel = panel.with(Mark::Dots, class, name, points);
    }
    Experiment {
        name: "hair-by-class",
        title: "Hair by class, on painted faces",
        theory: html! {
            p class="formula" { "logit(x, y) = yᵀ V φ(x) + ψ(φ(x));  γ_y x̂ + β_y behind each norm of G" }
            p {
                "The recipe " code { "conditional" } " on painted faces of 32 px, about half of which have one of five classes by the colour of their "
                "hair. Which class a sample is of is judged by the colours that most of its hair’s pixels have. Miyato and Koyama, “cGANs with projection "
                "discriminator” (2018)."
            }
        },
        figure: Figure::new(1, vec![panel]),
        findings,
    }
}
