//! One training step: the recipe's phases in order, each an update of one network.

use burn::tensor::{Device, Tensor, activation};
use gan::{Network, OptimizerConfig, Philox, Stream};
use serde::{Deserialize, Serialize};

use crate::{
    error::TrainError,
    gradients::Averaged,
    metrics::{Figures, Mean},
    networks::Networks,
    pictures::Pictures,
    plan::Plan,
};

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    /// Steps done.
    pub(crate) step: u64,
    /// Real images shown.
    pub(crate) images: u64,
    /// How often the run was rolled back. It keys the random numbers and halves the learning rate each time.
    pub(crate) attempt: u16,
}

impl Position {
    /// Whether a step from `before` to here passed or met a multiple of `interval` images.
    pub(crate) fn passed(self, interval: u64, before: Self) -> bool {
        self.images / interval > before.images / interval
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

    /// Runs all phases once, from `position` on, and returns the position after them. The figures are those of each
    /// network's last update.
    ///
    /// # Errors
    /// When the dataset is damaged.
    pub(crate) fn step(&self, networks: &mut Networks, position: Position) -> Result<(Figures, Position), TrainError> {
        let mut turn = Turn { position, draws: 0, shown: position.images, latents: Vec::new(), fakes: None };
        let mut figures = Figures::default();
        for phase in &self.plan.recipe.phases {
            for _ in 0..phase.times_in(position.step) {
                if phase.fresh_latent {
                    turn.take_latents(self.draw(&turn));
                }
                match phase.update {
                    Network::Discriminator => self.update_discriminator(networks, &mut turn, &mut figures)?,
                    Network::Generator => self.update_generator(networks, &mut turn, &mut figures),
                }
            }
        }
        networks.average.update(&networks.generator, turn.shown - position.images, turn.shown);
        Ok((figures, Position { step: position.step + 1, images: turn.shown, ..position }))
    }

    /// Descends L_D on a new batch of real pictures and on generated ones.
    fn update_discriminator(
        &self,
        networks: &mut Networks,
        turn: &mut Turn,
        figures: &mut Figures,
    ) -> Result<(), TrainError> {
        let Plan { recipe, accumulate: parts, .. } = self.plan;
        let (mut gradients, mut loss) = (Averaged::new(*parts), Mean::default());
        let (mut real_score, mut fake_score) = (Mean::default(), Mean::default());
        for part in 0..*parts {
            let real = self.pictures.batch(turn.shown, self.plan.part_size())?;
            turn.shown += self.plan.part_size() as u64;
            let fake = turn.fakes(networks, part).detach();
            let discriminator = &networks.discriminator;
            let (real_logits, fake_logits) = (discriminator.forward(real), discriminator.forward(fake));
            real_score.add(mean_score(&real_logits));
            fake_score.add(mean_score(&fake_logits));
            let part_loss = recipe.objective.discriminator_loss(real_logits, fake_logits);
            loss.add(part_loss.clone().inner());
            gradients.add(discriminator, part_loss);
        }
        let config = &recipe.discriminator.optimizer;
        let (gradients, norm) = gradients.finish(&networks.discriminator, config.clip_norm);
        (figures.discriminator_loss, figures.discriminator_gradient) = (loss.finish(), norm);
        (figures.real_score, figures.fake_score) = (real_score.finish(), fake_score.finish());
        let rate = turn.rate(config);
        networks.discriminator = networks.discriminator_optimizer.step(rate, networks.discriminator.clone(), gradients);
        Ok(())
    }

    /// Descends L_G through a discriminator that stands still.
    fn update_generator(&self, networks: &mut Networks, turn: &mut Turn, figures: &mut Figures) {
        let Plan { recipe, accumulate: parts, .. } = self.plan;
        let (mut gradients, mut loss) = (Averaged::new(*parts), Mean::default());
        let judge = networks.discriminator.without_weight_gradients();
        for part in 0..*parts {
            let logits = judge.forward(turn.fakes(networks, part));
            let part_loss = recipe.objective.generator_loss(logits);
            loss.add(part_loss.clone().inner());
            gradients.add(&networks.generator, part_loss);
        }
        let config = &recipe.generator.optimizer;
        let (gradients, norm) = gradients.finish(&networks.generator, config.clip_norm);
        (figures.generator_loss, figures.generator_gradient) = (loss.finish(), norm);
        let rate = turn.rate(config);
        networks.generator = networks.generator_optimizer.step(rate, networks.generator.clone(), gradients);
        // The generator is another one now: what it made before is not what it would make.
        turn.fakes = None;
    }

    /// A batch of latents in its parts. Every draw of the run has a number of its own, so that it is known without
    /// those before it.
    fn draw(&self, turn: &Turn) -> Vec<Tensor<2>> {
        let fresh = self.plan.recipe.phases.iter().filter(|phase| phase.fresh_latent);
        let draws_per_step: u64 = fresh.map(|phase| u64::from(phase.times)).sum();
        let number = turn.position.step * draws_per_step + turn.draws;
        let philox = self.latents.with_attempt(turn.position.attempt);
        let latents = self.plan.recipe.latent.sample(&philox, number, self.plan.batch_size, &self.device);
        latents.chunk(self.plan.accumulate, 0)
    }
}

/// What one step hands from phase to phase.
struct Turn {
    position: Position,
    draws: u64,
    shown: u64,
    /// Those of each part of the batch.
    latents: Vec<Tensor<2>>,
    /// What the generator, as it is, makes of the latents, where the batch is in one part.
    fakes: Option<Tensor<4>>,
}

impl Turn {
    fn take_latents(&mut self, latents: Vec<Tensor<2>>) {
        self.draws += 1;
        self.latents = latents;
        self.fakes = None;
    }

    /// A part's pictures on the tape, made once for the two players as long as neither latents nor generator change. A
    /// batch in several parts is one that memory cannot hold: its pictures are made again.
    fn fakes(&mut self, networks: &Networks, part: usize) -> Tensor<4> {
        let latents = self.latents[part].clone();
        match self.latents.len() {
            1 => self.fakes.get_or_insert_with(|| networks.generator.forward(latents)).clone(),
            _ => networks.generator.forward(latents),
        }
    }

    fn rate(&self, config: &OptimizerConfig) -> f64 {
        config.rate(self.shown) * 0.5f64.powi(self.position.attempt.into())
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
                let before = position;
                position.images += images_per_step;
                if position.passed(interval, before) {
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
