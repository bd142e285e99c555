//! One training step: the recipe's phases in order, each an update of one network.

use std::{collections::BTreeMap, ops::Range};

use burn::tensor::{Device, Tensor, activation};
use gan::{
    AugmentationConfig, ClassUse, Discriminator, Gradients, ImageBatch, Network, OptimizerConfig, Philox, Stream,
    class_rows, classification_loss, realness, sum_of_signs,
};
use generator::read_values;

use crate::{
    batches::{Batches, RealBatch},
    error::TrainError,
    networks::Networks,
    part_sums::{PartSums, Statistics},
    plan::Plan,
    position::Position,
    ranks::{Ranks, tree_sum},
    step_metrics::DeviceMetrics,
};

/// What a step needs besides the networks.
pub(crate) struct Stepper<'a> {
    plan: &'a Plan,
    batches: Batches<'a>,
    ranks: Ranks,
    latents: Philox,
    augmentations: Philox,
    mixtures: Philox,
    device: Device,
}

/// Draws of one stream that a step can make beside its latents: more than any step makes.
const DRAWS: u64 = 1 << 16;

impl<'a> Stepper<'a> {
    /// Steps of `plan` over `batches`, those of `ranks`, on a device with autodiff.
    pub(crate) fn new(plan: &'a Plan, batches: Batches<'a>, ranks: Ranks, device: &Device) -> Self {
        let philox = |stream| Philox::new(plan.seed, stream);
        Self {
            plan,
            batches,
            ranks,
            latents: philox(Stream::TrainingLatents),
            augmentations: philox(Stream::Augmentation),
            mixtures: philox(Stream::Mixture),
            device: device.clone(),
        }
    }

    /// Runs all phases once, from `position` on, and returns the position after them. The metrics are those of each
    /// network's last update.
    ///
    /// # Errors
    /// When the dataset is damaged.
    pub(crate) fn step(
        &self,
        networks: &mut Networks,
        position: Position,
    ) -> Result<(DeviceMetrics, Position), TrainError> {
        let augmentation = networks.augmentation.applied_to(self.plan.recipe.augmentation);
        let mut state = StepState::new(position, augmentation);
        let mut metrics = DeviceMetrics::default();
        for phase in &self.plan.recipe.phases {
            for _ in 0..phase.times_in(position.step) {
                if phase.fresh_latent {
                    state.take_latents(self.draw(networks, &state));
                }
                match phase.update {
                    Network::Discriminator => self.update_discriminator(networks, &mut state, &mut metrics)?,
                    Network::Generator => self.update_generator(networks, &mut state, &mut metrics)?,
                }
            }
        }
        networks.average.update(&networks.generator, state.shown - position.images, state.shown);
        Ok((metrics, Position { step: position.step + 1, images: state.shown, ..position }))
    }

    /// Descends L_D on a new batch of real images and on generated ones.
    fn update_discriminator(
        &self,
        networks: &mut Networks,
        state: &mut StepState,
        metrics: &mut DeviceMetrics,
    ) -> Result<(), TrainError> {
        let Plan { recipe, accumulate: parts, .. } = self.plan;
        networks.discriminator = networks.discriminator.clone().with_power_iteration();
        let discriminator = networks.discriminator.with_frozen_layers(recipe.discriminator.frozen_layers);
        let (shown, draws) = (state.shown, state.take_draws(*parts, self.draws_of_a_judgement(state)));
        let sums = self.over_parts(networks, |part| {
            let shown = shown + (part * self.plan.part_size()) as u64;
            let RealBatch { images, labels } = self.batches.batch(shown, self.plan.part_size())?;
            let real = ImageBatch { images, classes: self.rows_of(&labels) };
            if recipe.objective.needs_real_logits() {
                state.real.insert(part, real.clone());
            }
            let mut draws = draws.of_part(part);
            // Detached: this update must not reach the generator. The tape stays in `state` for the generator's own.
            let fake = state.fakes(networks, part);
            let fake = fake.with_images(fake.images.clone().detach());
            let (real, fake) = (self.augmented(state, &mut draws, real), self.augmented(state, &mut draws, fake));
            let Judgement { real_logits, fake_logits, classification } =
                self.judge(&discriminator, real.clone(), fake.clone(), &labels);
            let (real_score, fake_score) = (mean_score(&real_logits), mean_score(&fake_logits));
            let signs = recipe.augmentation.is_controlled().then(|| sum_of_signs(real_logits.clone().inner()));
            let mut loss = recipe.objective.discriminator_loss(real_logits, fake_logits);
            if let Some(classification) = classification {
                loss = loss + classification;
            }
            let figures = [loss.clone().inner(), real_score, fake_score].into_iter().chain(signs);
            let penalized = self.penalized(state, &mut draws, &discriminator, loss, [real, fake]);
            Ok(PartSums::new(figures, Gradients::of_part(&discriminator, penalized, *parts)))
        })?;
        state.shown += self.plan.batch_size as u64;
        let config = &recipe.discriminator.optimizer;
        let signs = recipe.augmentation.is_controlled().then(|| sums.figure(3));
        [metrics.discriminator_loss, metrics.real_score, metrics.fake_score] =
            [0, 1, 2].map(|figure| Some(mean(sums.figure(figure), *parts)));
        let (gradients, norm) = sums.gradients.finish(&discriminator, config.clip_norm);
        metrics.discriminator_gradient = norm;
        let rate = state.rate(config);
        networks.discriminator = networks.discriminator_optimizer.step(rate, networks.discriminator.clone(), gradients);
        if let Some(signs) = signs {
            let signs = read_values("the signs of the logits of real images", signs)?;
            let signs = signs.iter().map(|signs| *signs as i64).sum();
            networks.augmentation.judge(&recipe.augmentation, signs, self.plan.batch_size as u64);
        }
        Ok(())
    }

    /// Descends L_G through a discriminator that stands still.
    fn update_generator(
        &self,
        networks: &mut Networks,
        state: &mut StepState,
        metrics: &mut DeviceMetrics,
    ) -> Result<(), TrainError> {
        let Plan { recipe, accumulate: parts, .. } = self.plan;
        let discriminator = networks.discriminator.without_weight_gradients();
        let draws = state.take_draws(*parts, Self::draws_of_a_lesson(state));
        let sums = self.over_parts(networks, |part| {
            let mut draws = draws.of_part(part);
            let fake = state.fakes(networks, part);
            let fake_logits = discriminator.forward(self.augmented(state, &mut draws, fake));
            let real = state.real.get(&part).cloned();
            let real_logits = real.map(|real| discriminator.forward(self.augmented(state, &mut draws, real)));
            let loss = recipe.objective.generator_loss(real_logits, fake_logits);
            Ok(PartSums::new([loss.clone().inner()], Gradients::of_part(&networks.generator, loss, *parts)))
        })?;
        let config = &recipe.generator.optimizer;
        metrics.generator_loss = Some(mean(sums.figure(0), *parts));
        let (gradients, norm) = sums.gradients.finish(&networks.generator, config.clip_norm);
        metrics.generator_gradient = norm;
        let rate = state.rate(config);
        networks.generator = networks.generator_optimizer.step(rate, networks.generator.clone(), gradients);
        // The generator is another one now: what it made before is not what it would make.
        state.fakes = None;
        Ok(())
    }

    /// Computes this rank's parts, and adds up what is computed of all parts, on all ranks: the same whoever computes which.
    ///
    /// Parts are computed as if side by side: each begins with the running statistics that the networks have now, and the mean of
    /// what the parts make of them is kept.
    fn over_parts(
        &self,
        networks: &Networks,
        mut compute: impl FnMut(usize) -> Result<PartSums, TrainError>,
    ) -> Result<PartSums, TrainError> {
        let parts = self.plan.accumulate;
        if parts == 1 {
            return compute(0);
        }
        let before = Statistics::of(networks);
        let mut leaf = |part| {
            before.set(networks);
            Ok::<_, TrainError>(compute(part)?.with_statistics(Statistics::of(networks)))
        };
        let own = tree_sum(self.ranks.own(parts), &mut leaf, &PartSums::plus)?;
        let mut sums = own.over_all(self.ranks)?;
        sums.take_statistics().divided_by(parts).set(networks);
        Ok(sums)
    }

    /// How many augmentations and mixtures are drawn in a part of the discriminator's update.
    fn draws_of_a_judgement(&self, state: &StepState) -> u64 {
        let penalties = self.plan.recipe.regularization.is_due(state.position.step);
        2 * state.draws_of_an_augmentation() + u64::from(penalties)
    }

    /// How many are drawn in a part of the generator's.
    fn draws_of_a_lesson(state: &StepState) -> u64 {
        state.draws_of_an_augmentation() * if state.real.is_empty() { 1 } else { 2 }
    }

    /// What the discriminator says of a part's images, real and generated.
    fn judge(
        &self,
        discriminator: &Discriminator,
        real: ImageBatch,
        fake: ImageBatch,
        labels: &[Option<usize>],
    ) -> Judgement {
        if self.plan.recipe.classes != ClassUse::SemiSupervised {
            let (real_logits, fake_logits) = discriminator.forward_both(real, fake);
            return Judgement { real_logits, fake_logits, classification: None };
        }
        let (real, fake) = discriminator.class_logits_of_both(real.images, fake.images);
        let classification = Some(classification_loss(real.clone(), labels));
        Judgement { real_logits: realness(real), fake_logits: realness(fake), classification }
    }

    /// The classes of real images as the discriminator is told them; none where it is told nothing.
    fn rows_of(&self, labels: &[Option<usize>]) -> Option<Tensor<2>> {
        let classes = self.plan.labels.classes.len();
        (self.plan.recipe.classes == ClassUse::Conditional).then(|| class_rows(labels, classes, &self.device))
    }

    /// What the discriminator sees in place of these images.
    fn augmented(&self, state: &StepState, draws: &mut Range<u64>, batch: ImageBatch) -> ImageBatch {
        let config = state.augmentation;
        if config.is_off() {
            return batch;
        }
        let philox = self.augmentations.with_attempt(state.position.attempt);
        let [count, _, side, _] = batch.images.dims();
        batch.with_images(config.draw(&philox, next(draws), count, side).apply(batch.images.clone()))
    }

    /// L_D of a part, with the penalties that this step adds to it.
    fn penalized(
        &self,
        state: &StepState,
        draws: &mut Range<u64>,
        discriminator: &Discriminator,
        loss: Tensor<1>,
        [real, fake]: [ImageBatch; 2],
    ) -> Tensor<1> {
        let config = &self.plan.recipe.regularization;
        if !config.is_due(state.position.step) {
            return loss;
        }
        let philox = self.mixtures.with_attempt(state.position.attempt);
        loss + config.surrogate(discriminator, real, fake, &philox, next(draws)).loss
    }

    /// A batch of latents, and of classes where the generator is told them, in its parts. Every draw of the run has a number of its own, so that it is known without
    /// those before it.
    fn draw(&self, networks: &Networks, state: &StepState) -> Vec<Tensor<2>> {
        let fresh = self.plan.recipe.phases.iter().filter(|phase| phase.fresh_latent);
        let draws_per_step: u64 = fresh.map(|phase| u64::from(phase.times)).sum();
        let number = state.position.step * draws_per_step + state.draws;
        let philox = self.latents.with_attempt(state.position.attempt);
        let latents = networks.generator.sample_latents(&philox, number, self.plan.batch_size, &self.device);
        latents.chunk(self.plan.accumulate, 0)
    }
}

/// What the discriminator says of real images and samples.
struct Judgement {
    /// `[batch]`.
    real_logits: Tensor<1>,
    /// `[batch]`.
    fake_logits: Tensor<1>,
    /// The loss of a classifier on those real images whose class is known: `[1]`.
    classification: Option<Tensor<1>>,
}

/// What one step hands from phase to phase.
struct StepState {
    /// Before the step.
    position: Position,
    /// As strong as it is in this step.
    augmentation: AugmentationConfig,
    /// Batches of latents drawn in this step.
    draws: u64,
    /// Real images shown so far, those of this step among them.
    shown: u64,
    /// Of each part of the batch: what the generator is fed.
    latents: Vec<Tensor<2>>,
    /// What the generator, as it is, makes of the latents, where the batch is in one part.
    fakes: Option<ImageBatch>,
    /// Augmentations and mixtures drawn in this step.
    further_draws: u64,
    /// Of each own part of the batch: the real images that the discriminator saw last, where the generator is compared with
    /// them.
    real: BTreeMap<usize, ImageBatch>,
}

impl StepState {
    fn new(position: Position, augmentation: AugmentationConfig) -> Self {
        Self {
            position,
            augmentation,
            draws: 0,
            shown: position.images,
            latents: Vec::new(),
            fakes: None,
            further_draws: 0,
            real: BTreeMap::new(),
        }
    }

    /// Numbers for so many augmentations and mixtures in each part of a batch, in the parts' order: each is of its own in the whole
    /// run, and known without those before it.
    fn take_draws(&mut self, parts: usize, each: u64) -> Draws {
        let first = self.position.step * DRAWS + self.further_draws;
        self.further_draws += parts as u64 * each;
        Draws { first, each }
    }

    /// How many numbers the augmentation of a part's images takes.
    fn draws_of_an_augmentation(&self) -> u64 {
        u64::from(!self.augmentation.is_off())
    }

    fn take_latents(&mut self, latents: Vec<Tensor<2>>) {
        self.draws += 1;
        self.latents = latents;
        self.fakes = None;
    }

    /// A part's images on the tape, made once for the two players as long as neither latents nor generator change. A
    /// batch in several parts is one that memory cannot hold: its images are made again.
    fn fakes(&mut self, networks: &Networks, part: usize) -> ImageBatch {
        let latents = self.latents[part].clone();
        let (_, classes) = networks.generator.split_classes(latents.clone());
        let make = || ImageBatch { images: networks.generator.forward(latents), classes };
        match self.latents.len() {
            1 => self.fakes.get_or_insert_with(make).clone(),
            _ => make(),
        }
    }

    /// The scheduled learning rate, halved with each rollback.
    fn rate(&self, config: &OptimizerConfig) -> f64 {
        config.rate(self.shown) * 0.5f64.powi(self.position.attempt.into())
    }
}

/// The numbers of an update's augmentations and mixtures.
#[derive(Clone, Copy)]
struct Draws {
    first: u64,
    /// How many a part has.
    each: u64,
}

impl Draws {
    fn of_part(self, part: usize) -> Range<u64> {
        let first = self.first + part as u64 * self.each;
        first..first + self.each
    }
}

/// The next of a part's numbers.
fn next(draws: &mut Range<u64>) -> u64 {
    draws.next().expect("as many were taken for each part as it draws")
}

/// The mean over equal parts, of a sum over them.
fn mean(sum: Tensor<1>, parts: usize) -> Tensor<1> {
    if parts > 1 { sum.div_scalar(parts as u32) } else { sum }
}

/// The mean of D = σ(logit).
fn mean_score(logits: &Tensor<1>) -> Tensor<1> {
    activation::sigmoid(logits.clone().inner()).mean()
}
