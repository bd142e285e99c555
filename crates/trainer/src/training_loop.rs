//! The run from its first image to its last, to be read from top to bottom.

use std::time::Instant;

use burn::tensor::Device;
use contracts::report::State;

use crate::{
    batches::Batches,
    checkpoint,
    context::{RankContext, TrainingContext},
    error::TrainError,
    memory, metrics_log,
    observer::{DetectDivergence, Observer},
    plan::Plan,
    ranks::{Alike, Order},
    resume::StateLoader,
    state::TrainingState,
    step::Stepper,
    step_metrics::StepMetrics,
};

/// What the loop came to, at the plan's end or where it was interrupted.
pub(crate) struct TrainingResult {
    /// Whether it came to the plan's last image.
    pub(crate) state: State,
    /// The networks as they are then, and how far they came over all processes that worked on them.
    pub(crate) reached: TrainingState,
    /// Metrics of the last step that was inspected in this process.
    pub(crate) metrics: Option<StepMetrics>,
    /// Images shown a second in this process.
    pub(crate) images_per_second: Option<f64>,
    /// Damaged checkpoints, rollbacks, and what was learnt by heart, a sentence each.
    pub(crate) warnings: Vec<String>,
}

/// Trains from the newest whole checkpoint, or from the start, to the plan's last image.
///
/// # Errors
/// When the dataset is damaged, memory is too small, the disk or the device fails, or the run diverges again and again.
pub(crate) fn train(plan: &Plan, context: &TrainingContext<'_>) -> Result<TrainingResult, TrainError> {
    train_detecting(plan, context, |health, metrics, _| health.divergence(metrics))
}

/// Trains as [`train`] does, with another way to detect divergence: real ones cannot be had at a chosen step.
fn train_detecting(
    plan: &Plan,
    context: &TrainingContext<'_>,
    detect: DetectDivergence,
) -> Result<TrainingResult, TrainError> {
    let TrainingContext { rank: RankContext { run, ranks, interrupt, .. }, progress, .. } = *context;
    let mut warnings = Vec::new();

    // The networks, from the newest whole checkpoint where there is one, and what each step is made from.
    let device = context.rank.device.clone().autodiff();
    let Beginning { loader, stepper, mut now } = begin(plan, context.rank, &device, &mut warnings)?;
    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let mut saved_at = (now.position.step > 0).then_some(now.position);

    // What is observed on the way.
    let mut observer = Observer::new(plan, context, detect, &now)?;
    let (mut inspected, mut uninspected) = (None, None);
    if now.position.step == 0 {
        observer.sample(&now)?;
    }

    // Steps until all images were shown.
    progress.begin("training", plan.target_images);
    progress.advance(now.position.images.min(plan.target_images));
    let (started, mut shown) = (Instant::now(), 0);
    let mut state = State::Complete;
    while now.position.images < plan.target_images {
        let order = if interrupt.is_raised() { Order::Stop } else { Order::Step };
        if ranks.agree(order) == Order::Stop {
            state = State::Interrupted;
            break;
        }
        let before = now.position;
        let (metrics, position) = stepper.step(&mut now.networks, before)?;
        now.position = position;
        shown += position.images - before.images;
        progress.advance(position.images.min(plan.target_images) - before.images);

        // What the step measured: a line, and whether the run is healthy before anything is kept.
        let checkpoint_due = position.passed(plan.checkpoint_images, before);
        let is_last = position.images >= plan.target_images;
        if metrics_log::has_line(position.step) || checkpoint_due || is_last {
            let inspection = observer.inspect(metrics, &now, checkpoint_due || is_last)?;
            if let Some(divergence) = inspection.divergence {
                ranks.agree(Order::GoBack);
                now = loader.roll_back(divergence, position, &mut warnings)?;
                tracing::warn!("{}", warnings.last().map_or("", String::as_str));
                observer.go_back(&now)?;
                // What is on disk there counts as this state, though its attempt is one less: whoever resumes from it
                // comes to the same divergence and is rolled back as this process was.
                saved_at = saved_at.and((now.position.step > 0).then_some(now.position));
                uninspected = None;
                continue;
            }
            (inspected, uninspected) = (Some(inspection.metrics), None);
        } else {
            uninspected = Some(metrics);
        }

        // How good the generator is, and whether it is the best so far: before a checkpoint, which keeps that too.
        if context.measuring.is_due(position, before)
            && let Some(best) = observer.measure(&now)?
        {
            now.best = Some(best);
        }

        // A grid of samples.
        if position.passed(plan.sample_images, before) {
            observer.sample(&now)?;
        }

        // A checkpoint.
        if checkpoint_due {
            // The log first: lines that a power cut takes from before a checkpoint are never written again.
            observer.sync()?;
            checkpoint::save(run, plan, &now)?;
            saved_at = Some(position);
        }
    }

    if state == State::Complete {
        ranks.agree(Order::Stop);
    }

    // Where it stopped, kept so that the same command, or one with a higher limit, resumes from here. What has diverged
    // is not kept: resuming from the checkpoint before comes to the same divergence, and is rolled back then.
    if saved_at != Some(now.position) {
        let inspection = uninspected.map(|metrics| observer.inspect(metrics, &now, true)).transpose()?;
        let healthy = inspection.as_ref().is_none_or(|inspection| inspection.divergence.is_none());
        inspected = inspection.map(|inspection| inspection.metrics).or(inspected);
        if healthy {
            observer.sync()?;
            checkpoint::save(run, plan, &now)?;
        }
    }
    if state == State::Complete {
        observer.sample(&now)?;
    }
    warnings.extend(observer.memorization_warnings());
    let images_per_second = (shown > 0).then(|| shown as f64 / started.elapsed().as_secs_f64());
    Ok(TrainingResult { state, reached: now, metrics: inspected, images_per_second, warnings })
}

/// Where a rank begins.
struct Beginning<'a> {
    loader: StateLoader<'a>,
    stepper: Stepper<'a>,
    now: TrainingState,
}

/// Loads what all ranks begin with, once rank 0 has prepared the run's folder, and holds it against that of the others.
fn begin<'a>(
    plan: &'a Plan,
    context: RankContext<'a>,
    device: &'a Device,
    warnings: &mut Vec<String>,
) -> Result<Beginning<'a>, TrainError> {
    let RankContext { split, run, branch_from, ranks, kind, .. } = context;
    memory::check(plan, kind)?;
    let loader = StateLoader { plan, run, branch_from, device };
    ranks.agree(Order::Step);
    let now = loader.load(warnings)?;
    ranks.compare(&[Alike::state(&now)?])?;
    let stepper = Stepper::new(plan, Batches::new(plan, split, device, ranks), ranks, device);
    Ok(Beginning { loader, stepper, now })
}

/// Computes this rank's parts of the run that rank 0 trains, with the same networks, until rank 0 has come to an end.
///
/// # Errors
/// When the dataset is damaged, memory is too small, or a checkpoint that rank 0 reads cannot be read here.
pub(crate) fn follow(plan: &Plan, context: RankContext<'_>) -> Result<(), TrainError> {
    let RankContext { ranks, interrupt, .. } = context;
    let device = context.device.clone().autodiff();
    let Beginning { loader, stepper, mut now } = begin(plan, context, &device, &mut Vec::new())?;
    loop {
        match ranks.agree(if interrupt.is_raised() { Order::Stop } else { Order::Step }) {
            Order::Step => (_, now.position) = stepper.step(&mut now.networks, now.position)?,
            Order::GoBack => now = loader.next_attempt(now.position.attempt)?,
            Order::Stop => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
