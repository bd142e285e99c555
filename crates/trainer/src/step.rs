//! One training step: the recipe's phases in order, each an update of one network.

use burn::tensor::{Device, Tensor, activation};
use gan::{
    AugmentationConfig, AveragedGradients, ClassUse, Discriminator, ImageBatch, Network, OptimizerConfig, Philox,
    Stream, class_rows, classification_loss, realness,
};
use generator::read_values;

use crate::{
    batches::{Batches, RealBatch},
    error::TrainError,
    networks::Networks,
    plan::Plan,
    position::Position,
    step_metrics::{BatchMean, DeviceMetrics},
};

/// What a step needs besides the networks.
pub(crate) struct Stepper<'a> {
    plan: &'a Plan,
    batches: Batches<'a>,
    latents: Philox,
    augmentations: Philox,
    mixtures: Philox,
    device: Device,
}

/// Draws of one stream that a step can make beside its latents: more than any step makes.
const DRAWS: u64 = 1 << 16;

impl<'a> Stepper<'a> {
    /// Steps of `plan` over `batches`, on a device with autodiff.
    pub(crate) fn new(plan: &'a Plan, batches: Batches<'a>, device: &Device) -> Self {
        let philox = |stream| Philox::new(plan.seed, stream);
        Self {
            plan,
            batches,
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
                    Network::Generator => self.update_generator(networks, &mut state, &mut metrics),
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
        let (mut gradients, mut loss) = (AveragedGradients::new(*parts), BatchMean::default());
        let (mut real_score, mut fake_score) = (BatchMean::default(), BatchMean::default());
        let mut judged = Vec::new();
        let discriminator = networks.discriminator.with_frozen_layers(recipe.discriminator.frozen_layers);
        for part in 0..*parts {
            let RealBatch { images, labels } = self.batches.batch(state.shown, self.plan.part_size())?;
            let real = ImageBatch { images, classes: self.rows_of(&labels) };
            state.shown += self.plan.part_size() as u64;
            if recipe.objective.needs_real_logits() {
                state.keep_real(part, real.clone());
            }
            // Detached: this update must not reach the generator. The tape stays in `state` for the generator's own.
            let fake = state.fakes(networks, part);
            let fake = fake.with_images(fake.images.clone().detach());
            let (real, fake) = (self.augmented(state, real), self.augmented(state, fake));
            let Judgement { real_logits, fake_logits, classification } =
                self.judge(&discriminator, real.clone(), fake.clone(), &labels);
            if recipe.augmentation.is_controlled() {
                judged.extend(read_values("the logits of real images", real_logits.clone().inner())?);
            }
            real_score.add(mean_score(&real_logits));
            fake_score.add(mean_score(&fake_logits));
            let mut part_loss = recipe.objective.discriminator_loss(real_logits, fake_logits);
            if let Some(classification) = classification {
                part_loss = part_loss + classification;
            }
            loss.add(part_loss.clone().inner());
            gradients.add(&discriminator, self.penalized(state, &discriminator, part_loss, [real, fake]));
        }
        let config = &recipe.discriminator.optimizer;
        let (gradients, norm) = gradients.finish(&discriminator, config.clip_norm);
        (metrics.discriminator_loss, metrics.discriminator_gradient) = (loss.finish(), norm);
        (metrics.real_score, metrics.fake_score) = (real_score.finish(), fake_score.finish());
        let rate = state.rate(config);
        networks.discriminator = networks.discriminator_optimizer.step(rate, networks.discriminator.clone(), gradients);
        networks.augmentation.judge(&recipe.augmentation, &judged);
        Ok(())
    }

    /// Descends L_G through a discriminator that stands still.
    fn update_generator(&self, networks: &mut Networks, state: &mut StepState, metrics: &mut DeviceMetrics) {
        let Plan { recipe, accumulate: parts, .. } = self.plan;
        let (mut gradients, mut loss) = (AveragedGradients::new(*parts), BatchMean::default());
        let discriminator = networks.discriminator.without_weight_gradients();
        for part in 0..*parts {
            let fake = state.fakes(networks, part);
            let fake_logits = discriminator.forward(self.augmented(state, fake));
            let real = state.real.get(part).cloned();
            let real_logits = real.map(|real| discriminator.forward(self.augmented(state, real)));
            let part_loss = recipe.objective.generator_loss(real_logits, fake_logits);
            loss.add(part_loss.clone().inner());
            gradients.add(&networks.generator, part_loss);
        }
        let config = &recipe.generator.optimizer;
        let (gradients, norm) = gradients.finish(&networks.generator, config.clip_norm);
        (metrics.generator_loss, metrics.generator_gradient) = (loss.finish(), norm);
        let rate = state.rate(config);
        networks.generator = networks.generator_optimizer.step(rate, networks.generator.clone(), gradients);
        // The generator is another one now: what it made before is not what it would make.
        state.fakes = None;
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
    fn augmented(&self, state: &mut StepState, batch: ImageBatch) -> ImageBatch {
        let config = state.augmentation;
        if config.is_off() {
            return batch;
        }
        let philox = self.augmentations.with_attempt(state.position.attempt);
        let [count, _, side, _] = batch.images.dims();
        batch.with_images(config.draw(&philox, state.next_draw(), count, side).apply(batch.images.clone()))
    }

    /// L_D of a part, with the penalties that this step adds to it.
    fn penalized(
        &self,
        state: &mut StepState,
        discriminator: &Discriminator,
        loss: Tensor<1>,
        [real, fake]: [ImageBatch; 2],
    ) -> Tensor<1> {
        let config = &self.plan.recipe.regularization;
        if !config.is_due(state.position.step) {
            return loss;
        }
        let philox = self.mixtures.with_attempt(state.position.attempt);
        loss + config.surrogate(discriminator, real, fake, &philox, state.next_draw()).loss
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
    /// Of each part of the batch: the real images that the discriminator saw last, where the generator is compared with
    /// them.
    real: Vec<ImageBatch>,
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
            real: Vec::new(),
        }
    }

    /// The number of the next augmentation or mixture: a number of its own in the whole run.
    fn next_draw(&mut self) -> u64 {
        self.further_draws += 1;
        self.position.step * DRAWS + self.further_draws - 1
    }

    fn keep_real(&mut self, part: usize, real: ImageBatch) {
        self.real.truncate(part);
        self.real.push(real);
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

/// The mean of D = σ(logit).
fn mean_score(logits: &Tensor<1>) -> Tensor<1> {
    activation::sigmoid(logits.clone().inner()).mean()
}
