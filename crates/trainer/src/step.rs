//! One training step: the recipe's phases in order, each an update of one network.

use burn::{
    optim::GradientsParams,
    tensor::{Device, Tensor, activation},
};
use gan::{Network, Philox, Stream};
use serde::{Deserialize, Serialize};

use crate::{
    error::TrainError, gradient_norm::gradient_norm, metrics::Figures, networks::Networks, pictures::Pictures,
    plan::Plan,
};

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    /// Steps done.
    pub(crate) step: u64,
    /// Real images shown.
    pub(crate) images: u64,
}

impl Position {
    /// The position after one more step that shows `images`.
    pub(crate) fn after(self, images: u64) -> Self {
        Self { step: self.step + 1, images: self.images + images }
    }

    /// Whether the step that led here passed or met a multiple of `interval` images.
    pub(crate) fn passed(self, interval: u64, images_per_step: u64) -> bool {
        self.images / interval > self.images.saturating_sub(images_per_step) / interval
    }
}

/// What a step needs besides the networks.
pub(crate) struct Stepper<'a> {
    plan: &'a Plan,
    pictures: Pictures<'a>,
    latents: Philox,
    device: Device,
}

impl<'a> Stepper<'a> {
    /// Steps of `plan` over `pictures`, on a device with autodiff.
    pub(crate) fn new(plan: &'a Plan, pictures: Pictures<'a>, device: &Device) -> Self {
        let latents = Philox::new(plan.seed, Stream::TrainingLatents);
        Self { plan, pictures, latents, device: device.clone() }
    }

    /// Runs all phases once, from `position` on. The figures are those of each network's last update.
    ///
    /// # Errors
    /// When the dataset is damaged.
    pub(crate) fn step(&self, networks: &mut Networks, position: Position) -> Result<Figures, TrainError> {
        let mut turn = Turn { position, draws: 0, shown: position.images, latents: None, fakes: None };
        let mut figures = Figures::default();
        for phase in &self.plan.recipe.phases {
            for _ in 0..phase.times {
                if phase.fresh_latent {
                    turn.take_latents(self.draw(&turn));
                }
                match phase.update {
                    Network::Discriminator => self.update_discriminator(networks, &mut turn, &mut figures)?,
                    Network::Generator => self.update_generator(networks, &mut turn, &mut figures),
                }
            }
        }
        let images = turn.shown - position.images;
        networks.average.update(&networks.generator, images, turn.shown);
        Ok(figures)
    }

    /// Descends L_D on a new batch of real pictures and on generated ones.
    fn update_discriminator(
        &self,
        networks: &mut Networks,
        turn: &mut Turn,
        figures: &mut Figures,
    ) -> Result<(), TrainError> {
        let real = self.pictures.batch(turn.shown, self.plan.batch_size)?;
        turn.shown += self.plan.batch_size as u64;
        let fake = turn.fakes(networks).detach();
        let discriminator = &networks.discriminator;
        let (real_logits, fake_logits) = (discriminator.forward(real), discriminator.forward(fake));
        figures.real_score = Some(mean_score(&real_logits));
        figures.fake_score = Some(mean_score(&fake_logits));
        let loss = self.plan.recipe.objective.discriminator_loss(real_logits, fake_logits);
        figures.discriminator_loss = Some(loss.clone().inner());
        let gradients = GradientsParams::from_grads(loss.backward(), discriminator);
        figures.discriminator_gradient = gradient_norm(discriminator, &gradients);
        let rate = self.plan.recipe.discriminator.optimizer.learning_rate;
        networks.discriminator = networks.discriminator_optimizer.step(rate, discriminator.clone(), gradients);
        Ok(())
    }

    /// Descends L_G through a discriminator that stands still.
    fn update_generator(&self, networks: &mut Networks, turn: &mut Turn, figures: &mut Figures) {
        let fake = turn.fakes(networks);
        let logits = networks.discriminator.without_weight_gradients().forward(fake);
        let loss = self.plan.recipe.objective.generator_loss(logits);
        figures.generator_loss = Some(loss.clone().inner());
        let generator = &networks.generator;
        let gradients = GradientsParams::from_grads(loss.backward(), generator);
        figures.generator_gradient = gradient_norm(generator, &gradients);
        let rate = self.plan.recipe.generator.optimizer.learning_rate;
        networks.generator = networks.generator_optimizer.step(rate, generator.clone(), gradients);
        // The generator is another one now: what it made before is not what it would make.
        turn.fakes = None;
    }

    /// Every draw of the run has a number of its own, so that it is known without those before it.
    fn draw(&self, turn: &Turn) -> Tensor<2> {
        let fresh = self.plan.recipe.phases.iter().filter(|phase| phase.fresh_latent);
        let draws_per_step: u64 = fresh.map(|phase| u64::from(phase.times)).sum();
        let number = turn.position.step * draws_per_step + turn.draws;
        self.plan.recipe.latent.sample(&self.latents, number, self.plan.batch_size, &self.device)
    }
}

/// What one step hands from phase to phase.
struct Turn {
    position: Position,
    draws: u64,
    shown: u64,
    latents: Option<Tensor<2>>,
    /// What the generator, as it is, makes of the latents.
    fakes: Option<Tensor<4>>,
}

impl Turn {
    fn take_latents(&mut self, latents: Tensor<2>) {
        self.draws += 1;
        self.latents = Some(latents);
        self.fakes = None;
    }

    /// Pictures on the tape, made once for the two players as long as neither latents nor generator change.
    fn fakes(&mut self, networks: &Networks) -> Tensor<4> {
        let latents = self.latents.as_ref().expect("a recipe is refused whose first phase draws no latents");
        self.fakes.get_or_insert_with(|| networks.generator.forward(latents.clone())).clone()
    }
}

/// The mean of D = σ(logit).
fn mean_score(logits: &Tensor<1>) -> Tensor<1> {
    activation::sigmoid(logits.clone().inner()).mean()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_passed_once() {
        let check = |images_per_step: u64, interval: u64, expected: &[u64]| {
            let mut position = Position::default();
            let mut passed = Vec::new();
            for _ in 0..10 {
                position = position.after(images_per_step);
                if position.passed(interval, images_per_step) {
                    passed.push(position.images);
                }
            }
            assert_eq!(passed, expected, "{images_per_step} images a step, every {interval}");
        };
        check(4, 10, &[12, 20, 32, 40]);
        check(4, 4, &[4, 8, 12, 16, 20, 24, 28, 32, 36, 40]);
        check(4, 1, &[4, 8, 12, 16, 20, 24, 28, 32, 36, 40]);
        check(4, 100, &[]);
    }
}
