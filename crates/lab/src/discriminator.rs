//! A discriminator on the line, trained to its optimum on points that stand for two distributions.

use burn::{
    module::Module,
    optim::GradientsParams,
    tensor::{Device, Tensor},
};
use gan::ObjectiveConfig;

use crate::{
    mixture::{Mixture, column},
    mlp::{Mlp, adam},
};

/// Points of each distribution.
const POINTS: usize = 256;

/// Steps of Adam, and their first rate, which falls to nothing on a straight line.
const STEPS: u32 = 500;
const RATE: f64 = 2e-2;

/// The logits of a network at `at` that minimized L_D on P and Q.
pub(crate) fn trained_logits(objective: &ObjectiveConfig, real: &Mixture, fake: &Mixture, at: &[f64]) -> Tensor<1> {
    let device = Device::flex().autodiff();
    let (real, fake) = (real.points(POINTS, &device), fake.points(POINTS, &device));
    let mut network = Mlp::new(&[1, 32, 32, 1], 1, &device);
    let mut optimizer = adam(0.9);
    for step in 0..STEPS {
        let logits = judge(&network, Tensor::cat(vec![real.clone(), fake.clone()], 0));
        let loss = objective.discriminator_loss(logits.clone().narrow(0, 0, POINTS), logits.narrow(0, POINTS, POINTS));
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        network = optimizer.step(RATE * f64::from(STEPS - step) / f64::from(STEPS), network, gradients);
    }
    judge(&network.valid(), column(at, &Device::flex()))
}

fn judge(network: &Mlp, x: Tensor<1>) -> Tensor<1> {
    let count = x.dims()[0];
    // A third: tanh layers learn fastest where inputs are near one.
    network.forward(x.div_scalar(3.0).reshape([count, 1])).reshape([count])
}
