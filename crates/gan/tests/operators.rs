//! Along a run, burn's own operators give the losses that the fast ones give.
//!
//! Two runs apart, one with each, drift from each other as any two runs that round differently do: Adam's first steps
//! turn on the signs of gradients that are nearly zero. So the losses are compared from the same weights, step by step.
#![allow(clippy::unwrap_used)]

use burn::{
    optim::GradientsParams,
    tensor::{Device, Tensor, TensorData},
};
use gan::{Discriminator, Generator, Operators, Philox, Recipe, Stream};

const SIDE: u32 = 32;
const BATCH: usize = 16;

/// L_D and L_G of a step, on the tape.
fn losses(
    recipe: &Recipe,
    networks: &(Generator, Discriminator),
    real: Tensor<4>,
    latents: Tensor<2>,
) -> [Tensor<1>; 2] {
    let (generator, discriminator) = networks;
    let fake = generator.forward(latents);
    let (real_logits, fake_logits) = (discriminator.forward(real), discriminator.forward(fake.clone().detach()));
    let frozen_logits = discriminator.without_weight_gradients().forward(fake);
    [
        recipe.objective.discriminator_loss(real_logits, fake_logits),
        recipe.objective.generator_loss(None, frozen_logits),
    ]
}

/// Images of smooth colour, so that there is something to learn.
fn images(step: u64, device: &Device) -> Tensor<4> {
    let side = SIDE as usize;
    let mut colours = vec![0.0; BATCH * 6];
    Philox::new(5, Stream::Augmentation).fill_uniform(step, &mut colours);
    let value = |at: usize| {
        let (image, channel, row) = (at / (3 * side * side), at / (side * side) % 3, at / side % side);
        let [from, to] = [0, 3].map(|end| colours[image * 6 + end + channel]);
        2.0 * (from + (to - from) * row as f32 / side as f32) - 1.0
    };
    let shape = [BATCH, 3, side, side];
    Tensor::from_data(TensorData::new((0..shape.iter().product()).map(value).collect::<Vec<_>>(), shape), device)
}

#[test]
fn from_the_same_weights_both_operators_give_the_same_losses_for_twenty_steps() {
    let device = Device::flex().autodiff();
    let narrow = "generator.base_channels = 16\ndiscriminator.base_channels = 16".parse().unwrap();
    for name in ["dcgan", "dcgan-tutorial"] {
        let recipe = Recipe::named(name).unwrap().with_overrides(&narrow).unwrap();
        let mut networks =
            (recipe.generator(SIDE, 2, &device).unwrap(), recipe.discriminator(SIDE, 2, &device).unwrap());
        let [mut adam_g, mut adam_d] =
            [&recipe.generator, &recipe.discriminator].map(|network| network.optimizer.init(Operators::default()));
        let philox = Philox::new(2, Stream::TrainingLatents);
        let rate = recipe.generator.optimizer.learning_rate;
        let mut differences = 0;
        for step in 0..20 {
            let (real, latents) = (images(step, &device), recipe.latent.sample(&philox, step, BATCH, &device));
            let with = |operators: Operators| {
                let (generator, discriminator) = networks.clone();
                (generator.with_operators(operators), discriminator.with_operators(operators))
            };
            let [fast, by_burn] = [Operators::default(), Operators::Burn]
                .map(|operators| losses(&recipe, &with(operators), real.clone(), latents.clone()));
            for (player, (fast, by_burn)) in ["L_D", "L_G"].into_iter().zip(fast.iter().zip(&by_burn)) {
                let [fast, by_burn] = [fast, by_burn].map(|loss| loss.clone().into_scalar::<f32>());
                assert!((fast - by_burn).abs() < 1e-3, "{name}, step {step}, {player}: {fast}, and {by_burn} by burn");
                differences += u32::from(fast.to_bits() != by_burn.to_bits());
            }
            let [loss_d, loss_g] = fast;
            let gradients = GradientsParams::from_grads(loss_d.backward(), &networks.1);
            let gradients_of_g = GradientsParams::from_grads(loss_g.backward(), &networks.0);
            networks.1 = adam_d.step(rate, networks.1, gradients);
            networks.0 = adam_g.step(rate, networks.0, gradients_of_g);
        }
        assert!(differences > 0, "{name}: both are the same operators");
    }
}
