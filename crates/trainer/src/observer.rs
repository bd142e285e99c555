//! What is observed on the way: metrics in two logs, sample grids, and whether the run has diverged.

use burn::module::Module;

use crate::{
    context::TrainingContext,
    diversity::Diversity,
    error::TrainError,
    events::EventLog,
    health::{Divergence, Health},
    measuring::{self, BestSoFar, Measurer, Memorization},
    metrics_log::{self, MetricsLog},
    plan::Plan,
    position::Position,
    sample_grid::SampleGrid,
    state::TrainingState,
    step_metrics::{DeviceMetrics, StepMetrics},
};

/// Whether, and how, a step has diverged, given the lines before it.
pub(crate) type DetectDivergence = fn(&Health, &StepMetrics, Position) -> Option<Divergence>;

/// Observes a run. Nothing that it does changes what the run computes.
pub(crate) struct Observer<'a> {
    plan: &'a Plan,
    context: &'a TrainingContext<'a>,
    detect: DetectDivergence,
    diversity: Diversity,
    grid: SampleGrid,
    measurer: Measurer<'a>,
    log: MetricsLog,
    events: EventLog,
    newest_grid: String,
}

/// What the inspection of a step found.
pub(crate) struct Inspection {
    /// Its metrics, the diversity where it was due.
    pub(crate) metrics: StepMetrics,
    /// How it has diverged, if it has; it has no line then.
    pub(crate) divergence: Option<Divergence>,
}

impl<'a> Observer<'a> {
    /// Observes a run that continues from a state: what the logs say beyond it is taken back, and its best generator is the
    /// one that is shown.
    ///
    /// # Errors
    /// When the dataset is damaged or the disk fails.
    pub(crate) fn new(
        plan: &'a Plan,
        context: &'a TrainingContext<'a>,
        detect: DetectDivergence,
        now: &TrainingState,
    ) -> Result<Self, TrainError> {
        let images = now.position.images;
        measuring::publish(context.rank.run, now.best.as_ref())?;
        Ok(Self {
            plan,
            context,
            detect,
            diversity: Diversity::new(plan, context.rank.split, context.rank.device)?,
            grid: SampleGrid::new(plan, context.rank.device),
            measurer: Measurer::new(plan, context),
            log: MetricsLog::open(&context.rank.run.metrics(), images)?,
            events: EventLog::begin(context.rank.run, images)?,
            newest_grid: String::new(),
        })
    }

    /// Reads a step's metrics, looks for divergence, and gives the step its line where one is due and it is sound. The
    /// diversity is measured where its turn has come, or where the step is `about_to_be_kept`.
    ///
    /// # Errors
    /// When the device or the disk fails.
    pub(crate) fn inspect(
        &mut self,
        metrics: DeviceMetrics,
        now: &TrainingState,
        about_to_be_kept: bool,
    ) -> Result<Inspection, TrainError> {
        let position = now.position;
        let mut metrics = metrics.read()?;
        let has_diversity = metrics_log::has_diversity(position.step);
        if has_diversity || about_to_be_kept {
            metrics.diversity = self.diversity.of(&now.networks.generator.valid())?;
        }
        let augmentation = self.plan.recipe.augmentation;
        let strength = augmentation.is_controlled().then(|| now.networks.augmentation.applied_to(augmentation));
        metrics.augmentation = strength.map(|strength| strength.probability as f32);
        let divergence = (self.detect)(self.log.health(), &metrics, position);
        if divergence.is_none() && metrics_log::has_line(position.step) {
            // How often a run is kept must not show in its log.
            let line = StepMetrics { diversity: metrics.diversity.filter(|_| has_diversity), ..metrics };
            self.write(position, line)?;
        }
        self.context.progress.note(&self.summary(&metrics));
        Ok(Inspection { metrics, divergence })
    }

    /// Samples the grid with the averaged generator.
    ///
    /// # Errors
    /// When the device or the disk fails.
    pub(crate) fn sample(&mut self, now: &TrainingState) -> Result<(), TrainError> {
        let images = now.position.images;
        let path = self.context.rank.run.sample(images);
        let png = self.grid.sample(&now.networks.average.generator(), &path)?;
        self.events.image(images, "samples", self.grid.side(), &png)?;
        self.newest_grid = path.display().to_string();
        Ok(())
    }

    /// Measures the averaged generator, and returns and publishes it where it is the best so far.
    ///
    /// # Errors
    /// When the device or the disk fails, or the dataset is damaged.
    pub(crate) fn measure(&mut self, now: &TrainingState) -> Result<Option<BestSoFar>, TrainError> {
        let (images, generator) = (now.position.images, now.networks.average.generator());
        let Some(measured) = self.measurer.measure(&now.networks, &generator)? else { return Ok(None) };
        let said_before = self.memorization_warnings();
        self.log.append_measured(now.position, &measured)?;
        self.events.scalars(images, measured.named())?;
        if said_before.is_empty() {
            self.memorization_warnings().iter().for_each(|warning| tracing::warn!("{warning}"));
        }
        let best = measured.better(images, now.best.as_ref(), &generator)?;
        if best.is_some() {
            measuring::publish(self.context.rank.run, best.as_ref())?;
        }
        Ok(best)
    }

    /// What the networks knew by heart when the generator was last measured: a sentence for each player.
    pub(crate) fn memorization_warnings(&self) -> Vec<String> {
        self.log.memorization().map(Memorization::warnings).unwrap_or_default()
    }

    /// Takes back what was logged and kept beyond a state that the run goes back to.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) fn go_back(&mut self, to: &TrainingState) -> Result<(), TrainError> {
        let position = to.position;
        measuring::publish(self.context.rank.run, to.best.as_ref())?;
        self.log = MetricsLog::open(&self.context.rank.run.metrics(), position.images)?;
        self.events.restart(position.images)?;
        self.context.progress.begin("training", self.plan.target_images);
        self.context.progress.advance(position.images);
        Ok(())
    }

    /// Makes the log durable, which is due before a checkpoint that relies on its lines.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) fn sync(&self) -> Result<(), TrainError> {
        Ok(self.log.sync()?)
    }

    fn write(&mut self, position: Position, line: StepMetrics) -> Result<(), TrainError> {
        let rate = self.log.append(position, line)?;
        let rate = rate.map(|rate| ("images_per_second", rate as f32));
        Ok(self.events.scalars(position.images, line.named().chain(rate))?)
    }

    fn summary(&self, metrics: &StepMetrics) -> String {
        format!(
            "L_D {:.3} L_G {:.3} D(x) {:.2} D(G(z)) {:.2} {}",
            metrics.loss_discriminator,
            metrics.loss_generator,
            metrics.score_real,
            metrics.score_fake,
            self.newest_grid
        )
    }
}
