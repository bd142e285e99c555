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
    device::DeviceKind,
    error::TrainError,
    health::{Health, Trouble},
    memory,
    metrics::{self, Measured},
    observer::Observer,
    pictures::Pictures,
    plan::Plan,
    start::{Sources, Start},
    step::{Position, Stepper},
};

/// What the loop is given besides its plan.
pub(crate) struct Surroundings<'a> {
    /// The pictures to train on.
    pub(crate) split: &'a Split,
    /// The run's folder.
    pub(crate) run: &'a RunLayout,
    /// The run whose weights a new one begins at.
    pub(crate) branch_from: Option<&'a RunLayout>,
    /// Where tensors live, without autodiff.
    pub(crate) device: &'a Device,
    /// Which kind of device that is.
    pub(crate) kind: DeviceKind,
    /// Where it tells how far it is.
    pub(crate) progress: &'a dyn Progress,
    /// Raised when the user wants it to stop.
    pub(crate) interrupt: &'a Interrupt,
    /// Whether all is well.
    pub(crate) judge: Judge,
}

/// What is wrong with a step, given the lines before it: [`Health::judge`], or what a test wants to be wrong.
pub(crate) type Judge = fn(&Health, &Measured, Position) -> Option<Trouble>;

/// How the loop ended.
pub(crate) struct Ending {
    /// Whether it came to the plan's last image.
    pub(crate) state: State,
    /// The networks as they are then, and how far they came over all processes that worked on them.
    pub(crate) reached: Start,
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
/// When the dataset is damaged, memory is too small, the disk or the device fails, or the run goes wrong again and again.
pub(crate) fn train(plan: &Plan, around: &Surroundings<'_>) -> Result<Ending, TrainError> {
    let Surroundings { run, progress, branch_from, .. } = *around;
    let mut warnings = Vec::new();

    // The networks, from the newest whole checkpoint where there is one.
    let device = around.device.clone().autodiff();
    let sources = Sources { plan, run, branch_from, device: &device };
    let mut now = sources.start(&mut warnings)?;
    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    memory::check(plan, &now.networks, around.kind)?;
    let mut saved_at = (now.position.step > 0).then_some(now.position);

    // What each step is made from, and what is looked at on the way.
    let stepper = Stepper::new(plan, Pictures::new(around.split, plan.seed, &device), &device);
    let mut observer = Observer::new(plan, around, now.position)?;
    let (mut measured, mut unread) = (None, None);
    if now.position.step == 0 {
        observer.paint(&now)?;
    }

    // Steps until all images were shown.
    progress.begin("training", plan.target_images);
    progress.advance(now.position.images.min(plan.target_images));
    let (started, mut shown) = (Instant::now(), 0);
    let mut state = State::Complete;
    while now.position.images < plan.target_images {
        if around.interrupt.is_raised() {
            state = State::Interrupted;
            break;
        }
        let before = now.position;
        let (figures, position) = stepper.step(&mut now.networks, before)?;
        now.position = position;
        shown += position.images - before.images;
        progress.advance(position.images.min(plan.target_images) - before.images);

        // What the step measured: a line, and a look at whether all is well before anything is kept.
        let checkpoint_due = position.passed(plan.checkpoint_images, before);
        let is_last = position.images >= plan.target_images;
        if metrics::has_line(position.step) || checkpoint_due || is_last {
            let looked = observer.look(figures, &now, checkpoint_due || is_last)?;
            if let Some(trouble) = looked.trouble {
                now = sources.roll_back(trouble, position, &mut warnings)?;
                tracing::warn!("{}", warnings.last().map_or("", String::as_str));
                observer.go_back(now.position)?;
                saved_at = saved_at.and((now.position.step > 0).then_some(now.position));
                unread = None;
                continue;
            }
            (measured, unread) = (Some(looked.measured), None);
        } else {
            unread = Some(figures);
        }

        // A grid of samples.
        if position.passed(plan.sample_images, before) {
            observer.paint(&now)?;
        }

        // A checkpoint.
        if checkpoint_due {
            observer.sync()?;
            checkpoint::save(run, plan, &now)?;
            saved_at = Some(position);
        }
    }

    // Where it stopped, kept so that the same command, or one with a higher limit, goes on from here. What is not well
    // is not kept: going on from the checkpoint before comes to the same trouble, and is rolled back then.
    if saved_at != Some(now.position) {
        let looked = unread.map(|figures| observer.look(figures, &now, true)).transpose()?;
        let well = looked.as_ref().is_none_or(|looked| looked.trouble.is_none());
        measured = looked.map(|looked| looked.measured).or(measured);
        if well {
            observer.sync()?;
            checkpoint::save(run, plan, &now)?;
        }
    }
    if state == State::Complete {
        observer.paint(&now)?;
    }
    let images_per_second = (shown > 0).then(|| shown as f64 / started.elapsed().as_secs_f64());
    Ok(Ending { state, reached: now, measured, images_per_second, warnings })
}

#[cfg(test)]
mod tests;
