//! BatchNorm ties the images of a batch together; virtual BatchNorm does not.

use burn::tensor::{Device, Tensor, TensorData};
use gan::{Philox, ReferenceStatistics, Stream};
use maud::html;

use crate::{
    experiment::Experiment,
    finding::Finding,
    mixture::{numbers, spaced},
    plot::{Axis, Figure, Mark, Panel},
};

const EPSILON: f64 = 1e-5;

/// Images of the reference and of every batch.
const BATCH: usize = 16;

/// Batches that one image is put into.
const BATCHES: u64 = 60;

/// One feature of one pixel an image.
fn features(values: Vec<f32>) -> Tensor<4> {
    let count = values.len();
    Tensor::from_data(TensorData::new(values, [count, 1, 1, 1]), &Device::flex())
}

fn first(output: Tensor<4>) -> f64 {
    numbers(output)[0]
}

pub(super) fn run() -> Experiment {
    let philox = Philox::new(1, Stream::Laboratory);
    let drawn = |step: u64, count: usize| {
        let mut values = vec![0.0; count];
        philox.fill_normal(step, &mut values);
        values
    };
    let reference = ReferenceStatistics::of(features(drawn(1 << 20, BATCH)));
    let mut outputs = [Vec::new(), Vec::new(), Vec::new()];
    for batch in 0..BATCHES {
        let batch = features([vec![1.0], drawn(batch, BATCH - 1)].concat());
        outputs[0].push(first(ReferenceStatistics::of(batch.clone()).normalize(batch.clone(), EPSILON)));
        outputs[1].push(first(reference.normalize(batch.clone(), EPSILON)));
        outputs[2].push(first(reference.normalize_virtually(batch, EPSILON)));
    }
    let spread = |values: &[f64]| {
        values.iter().copied().fold(f64::NEG_INFINITY, f64::max) - values.iter().copied().fold(f64::INFINITY, f64::min)
    };
    let spreads = [0, 1, 2].map(|norm| spread(&outputs[norm]));
    let far = spaced(-30.0, 30.0, 121);
    let alone = |x: f64| features(vec![x as f32]);
    let by =
        |norm: &dyn Fn(Tensor<4>) -> Tensor<4>| far.iter().map(|x| (*x, first(norm(alone(*x))))).collect::<Vec<_>>();
    let labels = ["BatchNorm", "reference BatchNorm", "virtual BatchNorm"];
    let mates = [Axis::new("batch that the image is in", 0.0, BATCHES as f64), Axis::new("its output", 0.0, 2.5)];
    let mates = (0..3).fold(Panel::new("One image among other mates", mates), |panel, norm| {
        let points = (0..).map(f64::from).zip(outputs[norm].iter().copied()).collect();
        panel.with(if norm == 0 { Mark::Dots } else { Mark::Line }, norm, labels[norm], points)
    });
    let unlike = [Axis::new("input", -30.0, 30.0), Axis::new("output", -12.0, 12.0)];
    let unlike = Panel::new("An image unlike the reference", unlike)
        .with(Mark::Line, 1, labels[1], by(&|x| reference.normalize(x, EPSILON)))
        .with(Mark::Line, 2, labels[2], by(&|x| reference.normalize_virtually(x, EPSILON)));
    let bound = first(reference.normalize_virtually(alone(1e5), EPSILON));
    Experiment {
        name: "virtual-norm",
        title: "Virtual BatchNorm does not look at batch mates",
        theory: html! {
            p class="formula" { "y = (x − μ) / √(σ² + ε)" }
            p {
                "BatchNorm takes μ and σ from the batch, so that the images of a small batch change each other. Reference BatchNorm takes them from a batch that was chosen "
                "once; virtual BatchNorm from that batch and the image itself, which keeps an image that is unlike the reference within √n. Salimans et al. (2016), section "
                "3.5; Goodfellow, “NIPS 2016 tutorial”, section 4.3. Here the reference has n = 16 images."
            }
        },
        figure: Figure::new(2, vec![mates, unlike]),
        findings: vec![
            Finding::at_least("BatchNorm: spread of one image’s output over batches", spreads[0], 0.3),
            Finding::at_most("reference BatchNorm: the same", spreads[1], 0.0),
            Finding::at_most("virtual BatchNorm: the same", spreads[2], 0.0),
            Finding::near("virtual BatchNorm: output of an image far away", bound, 4.0, 0.01),
        ],
    }
}
