//! One Gaussian fitted to a mixture of two, by each divergence.

use burn::{
    module::{Module, Param},
    optim::GradientsParams,
    tensor::{Device, Tensor},
};
use gan::{Objective, ObjectiveConfig};
use maud::html;

use crate::{
    experiment::Experiment,
    finding::Finding,
    mixture::{Gaussian, Mixture, column, numbers, spaced},
    mlp::adam,
    plot::{Axis, Figure, Mark, Panel},
};

/// Latents of a step: those that stand for N(0, 1).
const LATENTS: usize = 1000;

/// Steps of Adam, and their first rate, which falls to nothing on a straight line.
const STEPS: u32 = 400;
const RATE: f64 = 0.05;

/// G(z) = μ + σ z.
#[derive(Module, Debug)]
struct LinearGenerator {
    mean: Param<Tensor<1>>,
    log_std: Param<Tensor<1>>,
}

impl LinearGenerator {
    fn new(Gaussian { mean, std }: Gaussian, device: &Device) -> Self {
        let number = |value: f64| Param::from_tensor(column(&[value], device));
        Self { mean: number(mean), log_std: number(std.ln()) }
    }

    fn samples(&self, latents: Tensor<1>) -> Tensor<1> {
        self.mean.val() + self.log_std.val().exp() * latents
    }

    fn distribution(&self) -> Gaussian {
        let number = |param: &Param<Tensor<1>>| numbers(param.val())[0];
        Gaussian { mean: number(&self.mean), std: number(&self.log_std).exp() }
    }
}

/// Descends the divergence from `start`, against the best discriminator of each moment.
fn fit(name: Objective, target: &Mixture, start: Gaussian) -> Gaussian {
    let device = Device::flex().autodiff();
    let objective = ObjectiveConfig { name, label_smoothing: 0.0, fake_label_smoothing: 0.0 };
    let divergence = name.divergence().expect("all of these are one's");
    let latents = Mixture::new(&[(0.0, 1.0)]).points(LATENTS, &device);
    let mut generator = LinearGenerator::new(start, &device);
    let mut optimizer = adam(0.9);
    for step in 0..STEPS {
        let samples = generator.samples(latents.clone());
        // The discriminator stands still: it knows the distribution, and not that samples will move.
        let log_ratio = target.log_density(&samples) - generator.distribution().log_density(samples);
        let loss = objective.generator_loss(None, divergence.optimal_logit(log_ratio));
        let gradients = GradientsParams::from_grads(loss.backward(), &generator);
        generator = optimizer.step(RATE * f64::from(STEPS - step) / f64::from(STEPS), generator, gradients);
    }
    generator.distribution()
}

pub(super) fn run() -> Experiment {
    let target = Mixture::new(&[(-3.0, 1.0), (3.0, 1.0)]);
    let wide = Gaussian { mean: 1.0, std: 2.0 };
    let near = |mean| Gaussian { mean, std: 1.0 };
    let kl = fit(Objective::KullbackLeibler, &target, wide);
    let reverse = fit(Objective::ReverseKullbackLeibler, &target, near(2.0));
    let other_side = fit(Objective::ReverseKullbackLeibler, &target, near(-2.0));
    let js = fit(Objective::JensenShannon, &target, wide);
    let x = spaced(-8.0, 8.0, 321);
    let curve = |of: &Mixture| x.iter().map(|x| (*x, of.density(*x))).collect::<Vec<_>>();
    let density = |of: Gaussian| curve(&Mixture::new(&[(of.mean, of.std)]));
    let axes = || [Axis::new("x", -8.0, 8.0), Axis::new("density", 0.0, 0.45)];
    let of_kl = Panel::new("KL(p ‖ q): all of p is covered", axes()).with(Mark::Dashed, 6, "p", curve(&target)).with(
        Mark::Line,
        0,
        "q by KL",
        density(kl),
    );
    let of_reverse = Panel::new("KL(q ‖ p): one mode is chosen", axes())
        .with(Mark::Dashed, 6, "p", curve(&target))
        .with(Mark::Line, 1, "q begun at 2", density(reverse))
        .with(Mark::Line, 4, "q begun at −2", density(other_side));
    Experiment {
        name: "fits",
        title: "KL covers, reverse KL chooses",
        theory: html! {
            p class="formula" { "KL(p ‖ q) = E" sub { "p" } "[log p/q],   KL(q ‖ p) = E" sub { "q" } "[log q/p]" }
            p {
                "One Gaussian q, as G(z) = μ + σ z, descends an f-GAN’s loss against the best discriminator of each step; p is a mixture of "
                "N(±3, 1). KL must not be 0 where p is not, and takes both modes’ mean and variance: μ = 0, σ = √10. Reverse KL must be 0 where p is, "
                "and takes the mode that it began near. Goodfellow, “NIPS 2016 tutorial: generative adversarial networks”, section 3.2.5, "
                "figure 14. Which modes a GAN drops follows from its game and not from its divergence: Jensen-Shannon’s fit, begun where KL’s was, has μ = "
                (crate::finding::number((js.mean * 100.0).round() / 100.0)) ", σ = " (crate::finding::number((js.std * 100.0).round() / 100.0)) "."
            }
        },
        figure: Figure::new(2, vec![of_kl, of_reverse]),
        findings: vec![
            Finding::near("KL: μ", kl.mean, 0.0, 0.1),
            Finding::near("KL: σ", kl.std, 10f64.sqrt(), 0.1),
            Finding::near("reverse KL, begun at 2: μ", reverse.mean, 3.0, 0.1),
            Finding::near("reverse KL, begun at 2: σ", reverse.std, 1.0, 0.1),
            Finding::near("reverse KL, begun at −2: μ", other_side.mean, -3.0, 0.1),
        ],
    }
}
