//! What is looked at on the way: figures in two logs, sample grids, and whether all is well.

use burn::module::Module;

use crate::{
    diversity::Diversity,
    error::TrainError,
    events::EventLog,
    grid::Grid,
    health::Trouble,
    metrics::{self, Figures, Measured, MetricsLog},
    plan::Plan,
    start::Start,
    step::Position,
    training_loop::Surroundings,
};

/// Watches a run. Nothing that it does changes what the run computes.
pub(crate) struct Observer<'a> {
    plan: &'a Plan,
    around: &'a Surroundings<'a>,
    diversity: Diversity,
    grid: Grid,
    log: MetricsLog,
    events: EventLog,
    newest_grid: String,
}

/// What a look at a step found.
pub(crate) struct Looked {
    /// Its figures.
    pub(crate) measured: Measured,
    /// What is wrong with it, if anything is; it has no line then.
    pub(crate) trouble: Option<Trouble>,
}

impl<'a> Observer<'a> {
    /// Watches a run that goes on from a position: what the logs say beyond it is taken back.
    ///
    /// # Errors
    /// When the dataset is damaged or the disk fails.
    pub(crate) fn new(plan: &'a Plan, around: &'a Surroundings<'a>, position: Position) -> Result<Self, TrainError> {
        Ok(Self {
            plan,
            around,
            diversity: Diversity::new(plan, around.split, around.device)?,
            grid: Grid::new(plan, around.device),
            log: MetricsLog::open(&around.run.metrics(), position.images)?,
            events: EventLog::begin(around.run, position.images)?,
            newest_grid: String::new(),
        })
    }

    /// Reads a step's figures, judges them, and gives the step its line where one is due and all is well. The diversity
    /// is measured where its turn has come, or where the step is `about_to_be_kept`.
    ///
    /// # Errors
    /// When the device or the disk fails.
    pub(crate) fn look(&mut self, figures: Figures, now: &Start, about_to_be_kept: bool) -> Result<Looked, TrainError> {
        let position = now.position;
        let mut measured = figures.read()?;
        let has_diversity = metrics::has_diversity(position.step);
        if has_diversity || about_to_be_kept {
            measured.diversity = self.diversity.of(&now.networks.generator.valid())?;
        }
        let trouble = (self.around.judge)(self.log.health(), &measured, position);
        if trouble.is_none() && metrics::has_line(position.step) {
            // How often a run is kept must not show in its log.
            let line = Measured { diversity: measured.diversity.filter(|_| has_diversity), ..measured };
            self.write(position, line)?;
        }
        self.around.progress.note(&self.summary(&measured));
        Ok(Looked { measured, trouble })
    }

    /// Paints the grid with the averaged generator.
    ///
    /// # Errors
    /// When the device or the disk fails.
    pub(crate) fn paint(&mut self, now: &Start) -> Result<(), TrainError> {
        let images = now.position.images;
        let path = self.around.run.sample(images);
        let png = self.grid.paint(&now.networks.average.generator(), &path)?;
        self.events.picture(images, "samples", self.grid.side(), &png)?;
        self.newest_grid = path.display().to_string();
        Ok(())
    }

    /// Takes back what was logged beyond a position that the run goes back to.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) fn go_back(&mut self, position: Position) -> Result<(), TrainError> {
        self.log = MetricsLog::open(&self.around.run.metrics(), position.images)?;
        self.events.restart(position.images)?;
        self.around.progress.begin("training", self.plan.target_images);
        self.around.progress.advance(position.images);
        Ok(())
    }

    /// Makes the log durable.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) fn sync(&self) -> Result<(), TrainError> {
        Ok(self.log.sync()?)
    }

    fn write(&mut self, position: Position, line: Measured) -> Result<(), TrainError> {
        let rate = self.log.append(position, line)?;
        let rate = rate.map(|rate| ("images_per_second", rate as f32));
        Ok(self.events.scalars(position.images, line.named().chain(rate))?)
    }

    fn summary(&self, measured: &Measured) -> String {
        format!(
            "L_D {:.3} L_G {:.3} D(x) {:.2} D(G(z)) {:.2} {}",
            measured.loss_discriminator,
            measured.loss_generator,
            measured.score_real,
            measured.score_fake,
            self.newest_grid
        )
    }
}
