//! Minibatch discrimination: what a discriminator sees of a batch whose samples are all alike.

use burn::tensor::{Device, Tensor, TensorData};
use gan::{Philox, Stream, minibatch_discrimination};
use maud::html;

use crate::{
    experiment::Experiment,
    finding::Finding,
    mixture::{numbers, spaced},
    plot::{Axis, Figure, Mark, Panel},
};

/// Images of a batch, the features of each, and the kernels with their dimensions.
const BATCH: usize = 16;
const FEATURES: usize = 6;
const KERNELS: usize = 4;
const DIMENSIONS: usize = 3;

fn normal<const D: usize>(draw: u64, shape: [usize; D]) -> Tensor<D> {
    let mut values = vec![0.0; shape.iter().product()];
    Philox::new(2, Stream::Laboratory).fill_normal(draw, &mut values);
    Tensor::from_data(TensorData::new(values, shape), &Device::flex())
}

pub(super) fn run() -> Experiment {
    let projection = normal(0, [FEATURES, KERNELS, DIMENSIONS]);
    let nearness = |features: Tensor<2>| minibatch_discrimination(features, projection.clone());
    let (centre, offsets) = (normal(1, [1, FEATURES]), normal(2, [BATCH, FEATURES]));
    let spread = |std: f64| centre.clone().repeat_dim(0, BATCH) + offsets.clone().mul_scalar(std);
    let identical = numbers(nearness(spread(0.0)));
    let turned = (nearness(spread(0.3)).flip([0]) - nearness(spread(0.3).flip([0]))).abs().max().into_scalar::<f32>();

    let spreads = spaced(0.0, 1.0, 101);
    let mut panel = Panel::new(
        "What the kernels say of a batch of 16",
        [Axis::new("spread of the features", 0.0, 1.0), Axis::new("nearness, mean over images", 0.0, 17.0)],
    );
    for kernel in 0..KERNELS {
        let mean = |std: f64| numbers(nearness(spread(std)).narrow(1, kernel, 1).mean())[0];
        let curve = spreads.iter().map(|std| (*std, mean(*std))).collect();
        panel = panel.with(Mark::Line, kernel, &format!("kernel {}", kernel + 1), curve);
    }
    let of_wide = numbers(nearness(spread(50.0)).max())[0];
    let off = identical.iter().map(|value| (value - BATCH as f64).abs()).fold(0.0, f64::max);
    Experiment {
        name: "diversity",
        title: "Minibatch discrimination",
        theory: html! {
            p class="formula" { "M = f(x) T,   o(x" sub { "i" } ")" sub { "b" } " = Σ" sub { "j" } " exp(−‖M" sub { "i,b" } " − M" sub { "j,b" } "‖" sub { "1" } ")" }
            p {
                "The discriminator sees of each image how near its features are to those of the whole batch, by kernels that it learns. A generator that makes one sample "
                "alone gives itself away: o is the batch’s size for each kernel. Nothing is chosen from the batch and no batch is curated. Salimans et al. (2016), section 3.2."
            }
        },
        figure: Figure::new(1, vec![panel]),
        findings: vec![
            Finding::at_most("a batch of one image, 16 times: largest |o − 16|", off, 0.0),
            Finding::near("images far apart: largest o", of_wide, 1.0, 1e-3),
            Finding::at_most("another order of the batch: largest change", f64::from(turned), 1e-4),
        ],
    }
}
