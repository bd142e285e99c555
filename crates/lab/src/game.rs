//! Two small networks at play in the plane, by the rules that are given.

use burn::{
    module::Module,
    optim::GradientsParams,
    tensor::{Device, Tensor, TensorData},
};
use gan::{NetworkOptimizer, Objective, ObjectiveConfig, Penalty, Philox, Stream};

use crate::{
    mixture::numbers,
    mlp::{Mlp, adam},
    modes::Modes,
};

/// Units of each hidden layer, two in each network.
const UNITS: usize = 48;

/// Numbers in a latent.
const LATENT: usize = 4;

/// Points of each step, real ones and samples.
const BATCH: usize = 64;

/// Adam's β₁ in both.
const BETA_1: f64 = 0.5;

/// Half the distance over which the slope of a discriminator is measured.
const DIFFERENCE: f64 = 1e-2;

/// Penalties are part of every so many-th step, so many times as heavy.
const LAZY: u64 = 4;

/// What a game is played by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// What both minimize.
    pub(crate) objective: Objective,
    /// γ of R1; 0: none.
    pub(crate) r1: f64,
    /// Steps that the discriminator is thought ahead for the generator's loss; 0: none. Metz et al., "Unrolled generative
    /// adversarial networks" (2017), equations 7 to 10, of first order: the generator's gradient flows through the last
    /// discriminator and not through the steps that led to it.
    pub(crate) unrolled: u32,
    /// Adam's rates of generator and discriminator.
    pub(crate) rates: [f64; 2],
}

impl Rules {
    /// An objective without anything that helps, against a discriminator that learns ten times as fast.
    pub(crate) fn plain(objective: Objective) -> Self {
        Self { objective, r1: 0.0, unrolled: 0, rates: [1e-3, 1e-2] }
    }

    /// Plays so many steps and returns samples of the generator that came of it. The same for a seed.
    pub(crate) fn play(&self, target: &Modes, steps: u64, seed: u64, samples: usize) -> Vec<(f64, f64)> {
        let device = Device::flex().autodiff();
        let philox = Philox::new(seed, Stream::Laboratory);
        let mut game = Game::new(*self, seed, &device);
        for step in 0..steps {
            let real = target.sample(&philox, (1 << 32) + step, BATCH, &device);
            game.step(step, real, latents(&philox, step, BATCH, &device));
        }
        let latents = latents(&philox, steps, samples, &Device::flex());
        let points = numbers(game.generator.network.valid().forward(latents));
        points.chunks(2).map(|point| (point[0], point[1])).collect()
    }
}

fn latents(philox: &Philox, draw: u64, count: usize, device: &Device) -> Tensor<2> {
    let mut values = vec![0.0; count * LATENT];
    philox.fill_normal((1 << 40) + draw, &mut values);
    Tensor::from_data(TensorData::new(values, [count, LATENT]), device)
}

/// A network and what updates it.
#[derive(Clone)]
struct Player<M> {
    network: M,
    optimizer: NetworkOptimizer,
    rate: f64,
}

impl<M: Module> Player<M> {
    fn descend(&mut self, loss: Tensor<1>) {
        let gradients = GradientsParams::from_grads(loss.backward(), &self.network);
        self.network = self.optimizer.step(self.rate, self.network.clone(), gradients);
    }
}

struct Game {
    rules: Rules,
    objective: ObjectiveConfig,
    generator: Player<Mlp>,
    discriminator: Player<Mlp>,
}

impl Game {
    fn new(rules: Rules, seed: u64, device: &Device) -> Self {
        let [generator, discriminator] = rules.rates;
        Self {
            rules,
            objective: ObjectiveConfig { name: rules.objective, label_smoothing: 0.0, fake_label_smoothing: 0.0 },
            generator: Player {
                network: Mlp::new(&[LATENT, UNITS, UNITS, 2], 3 * seed, device),
                optimizer: adam(BETA_1),
                rate: generator,
            },
            discriminator: Player {
                network: Mlp::new(&[2, UNITS, UNITS, 1], 3 * seed + 1, device),
                optimizer: adam(BETA_1),
                rate: discriminator,
            },
        }
    }

    fn step(&mut self, step: u64, real: Tensor<2>, latents: Tensor<2>) {
        let fake = self.generator.network.forward(latents);
        let still = fake.clone().detach();
        let loss = self.discriminator_loss(&self.discriminator.network, &real, &still);
        let loss = match self.rules.r1 > 0.0 && step.is_multiple_of(LAZY) {
            true => loss + self.penalty(real.clone()).mul_scalar(self.rules.r1 * LAZY as f64),
            false => loss,
        };
        self.discriminator.descend(loss);
        let mut ahead = self.discriminator.clone();
        for _ in 0..self.rules.unrolled {
            ahead.descend(self.discriminator_loss(&ahead.network, &real, &still));
        }
        let ahead = ahead.network.no_grad();
        let real = self.objective.needs_real_logits().then(|| judge(&ahead, real));
        self.generator.descend(self.objective.generator_loss(real, judge(&ahead, fake)));
    }

    fn discriminator_loss(&self, network: &Mlp, real: &Tensor<2>, fake: &Tensor<2>) -> Tensor<1> {
        self.objective.discriminator_loss(judge(network, real.clone()), judge(network, fake.clone()))
    }

    /// R1 of points that are written as images of one pixel with two channels.
    fn penalty(&self, real: Tensor<2>) -> Tensor<1> {
        let network = &self.discriminator.network;
        let logits = |images: Tensor<4>| judge(network, images.reshape([BATCH, 2]));
        Penalty::ZeroCentred.by_difference(logits, real.reshape([BATCH, 2, 1, 1]), DIFFERENCE).loss
    }
}

/// Points to logits.
fn judge(network: &Mlp, points: Tensor<2>) -> Tensor<1> {
    let [batch, _] = points.dims();
    network.forward(points).reshape([batch])
}
