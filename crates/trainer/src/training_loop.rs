//! The run from its first image to its last, to be read from top to bottom.

use std::time::Instant;

use burn::tensor::Device;
use contracts::{
    layout::RunLayout,
    report::State,
    stage::{Interrupt, Progress},
};
use dataset::Split;

use crate::{
    checkpoint,
    error::TrainError,
    grid::Grid,
    metrics::{self, Figures, Measured, MetricsLog},
    networks::Networks,
    pictures::Pictures,
    plan::Plan,
    step::{Position, Stepper},
};

/// What the loop is given besides its plan.
pub(crate) struct Surroundings<'a> {
    /// The pictures to train on.
    pub(crate) split: &'a Split,
    /// The run's folder.
    pub(crate) run: &'a RunLayout,
    /// Where tensors live, without autodiff.
    pub(crate) device: &'a Device,
    /// Where it tells how far it is.
    pub(crate) progress: &'a dyn Progress,
    /// Raised when the user wants it to stop.
    pub(crate) interrupt: &'a Interrupt,
}

/// How the loop ended.
pub(crate) struct Ending {
    /// Whether it came to the plan's last image.
    pub(crate) state: State,
    /// The networks as they are then.
    pub(crate) networks: Networks,
    /// How far it came, over all processes that worked on it.
    pub(crate) position: Position,
    /// Figures of the last step that was looked at in this process.
    pub(crate) measured: Option<Measured>,
    /// Images shown a second in this process.
    pub(crate) images_per_second: Option<f64>,
    /// What somebody should read.
    pub(crate) warnings: Vec<String>,
}

/// Trains from the newest whole checkpoint, or from the start, to the plan's last image.
///
/// # Errors
/// When the dataset is damaged, the disk or the device fails, or a loss is no finite number.
pub(crate) fn train(plan: &Plan, around: &Surroundings<'_>) -> Result<Ending, TrainError> {
    let Surroundings { run, progress, .. } = around;
    let mut warnings = Vec::new();

    // The networks, from the newest whole checkpoint where there is one.
    let device = around.device.clone().autodiff();
    let fresh = || Networks::new(plan, &device);
    let (mut networks, mut position) = match checkpoint::resume(run, plan, fresh, &mut warnings)? {
        Some(resumed) => {
            tracing::info!("going on after {} images", resumed.position.images);
            (resumed.networks, resumed.position)
        }
        None => (fresh()?, Position::default()),
    };
    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let started_at = position;
    let mut saved_at = (position.step > 0).then_some(position);

    // What each step is made from, and what is looked at on the way.
    let stepper = Stepper::new(plan, Pictures::new(around.split, plan.seed, &device), &device);
    let grid = Grid::new(plan, around.device);
    let mut log = MetricsLog::open(&run.metrics(), position.images)?;
    let (mut measured, mut unread) = (None, None);
    if position.step == 0 {
        grid.paint(&networks.average.generator(), &run.sample(0))?;
    }

    // Steps until all images were shown.
    progress.begin("training", plan.target_images);
    progress.advance(position.images.min(plan.target_images));
    let started = Instant::now();
    let mut state = State::Complete;
    while position.images < plan.target_images {
        if around.interrupt.is_raised() {
            state = State::Interrupted;
            break;
        }
        let figures = stepper.step(&mut networks, position)?;
        progress.advance(plan.images_per_step().min(plan.target_images - position.images));
        position = position.after(plan.images_per_step());

        // What the step measured: a line, and a look at whether all is well before anything is kept.
        let checkpoint_due = position.passed(plan.checkpoint_images, plan.images_per_step());
        let has_line = metrics::has_line(position.step);
        if has_line || checkpoint_due || position.images >= plan.target_images {
            let figures = look(figures, run, position)?;
            if has_line {
                log.append(position, figures)?;
            }
            progress.note(&summary(&figures));
            (measured, unread) = (Some(figures), None);
        } else {
            unread = Some(figures);
        }

        // A grid of samples.
        if position.passed(plan.sample_images, plan.images_per_step()) {
            grid.paint(&networks.average.generator(), &run.sample(position.images))?;
        }

        // A checkpoint.
        if checkpoint_due {
            log.sync()?;
            checkpoint::save(run, plan, &networks, position)?;
            saved_at = Some(position);
        }
    }

    // Where it stopped, kept so that the same command, or one with a higher limit, goes on from here.
    if saved_at != Some(position) {
        if let Some(figures) = unread {
            measured = Some(look(figures, run, position)?);
        }
        log.sync()?;
        checkpoint::save(run, plan, &networks, position)?;
    }
    if state == State::Complete {
        grid.paint(&networks.average.generator(), &run.sample(position.images))?;
    }
    let shown = position.images - started_at.images;
    let images_per_second = (shown > 0).then(|| shown as f64 / started.elapsed().as_secs_f64());
    Ok(Ending { state, networks, position, measured, images_per_second, warnings })
}

/// Reads a step's figures and stops where one is no finite number.
fn look(figures: Figures, run: &RunLayout, position: Position) -> Result<Measured, TrainError> {
    let measured = figures.read()?;
    match measured.astray() {
        None => Ok(measured),
        Some((figure, value)) => {
            Err(TrainError::NotFinite { figure, value, images: position.images, last_good: checkpoint::newest(run) })
        }
    }
}

fn summary(measured: &Measured) -> String {
    format!(
        "L_D {:.3} L_G {:.3} D(x) {:.2} D(G(z)) {:.2}",
        measured.loss_discriminator, measured.loss_generator, measured.score_real, measured.score_fake
    )
}
