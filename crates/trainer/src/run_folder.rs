//! The run's folder: prepared, pointed at, and given its result.

use burn::module::Module;
use contracts::{
    Config, ContentHash, Layout,
    config::Resume,
    id::RunId,
    layout::RunLayout,
    publish::{self, FileError},
};
use generator::onnx::{self, Output, Precision};

use crate::{checkpoint, error::TrainError, events, networks::Networks, plan::Plan};

/// The run whose weights a new run begins at, where the plan says so: the one trained last.
///
/// # Errors
/// When only the run trained last was to be resumed, and it is another one, or there is none.
pub(crate) fn branch_from(layout: &Layout, plan: &Plan) -> Result<Option<RunLayout>, TrainError> {
    let latest = latest(layout).filter(|run| *run != plan.run);
    // A run that has begun knows its origin from its own checkpoints, whatever `latest` points at since.
    let begun = layout.run(&plan.run).checkpoints().exists();
    match (plan.resume, latest) {
        (Resume::Branch, latest) => Ok(latest.map(|run| layout.run(&run))),
        (Resume::Latest, Some(run)) => {
            let differences = differences(layout, plan, &run)?;
            Err(TrainError::AnotherRun { latest: run.to_string(), differences })
        }
        (Resume::Latest, None) if !begun => Err(TrainError::NoRun),
        (Resume::Auto, Some(run)) if !begun => {
            let differences = differences(layout, plan, &run)?.join(", ");
            tracing::info!("this is another run than {run}, which stays as it is: {differences}");
            Ok(None)
        }
        _ => Ok(None),
    }
}

/// What keeps the plan from resuming a run.
fn differences(layout: &Layout, plan: &Plan, run: &RunId) -> Result<Vec<String>, FileError> {
    let identity = checkpoint::identity(&layout.run(run))?;
    let unreadable = || vec!["it has no readable checkpoint".to_owned()];
    Ok(identity.map_or_else(unreadable, |identity| identity.differences(&plan.identity)))
}

/// Makes the run's folder ready: emptied of the trainer's files where the user wants to start anew, its configuration and
/// its recipe written, `latest` pointing at it.
///
/// # Errors
/// When the disk fails.
pub(crate) fn prepare(layout: &Layout, plan: &Plan, config: &Config) -> Result<RunLayout, FileError> {
    let run = layout.run(&plan.run);
    if plan.resume == Resume::Never {
        publish::remove_folder(&run.checkpoints())?;
        publish::remove_folder(&run.samples())?;
        events::remove(&run)?;
        let best = [run.best_generator_record(), run.best_generator()];
        let weights = [run.generator(), run.generator_onnx(), run.discriminator()];
        for file in [run.metrics(), run.provenance()].iter().chain(&weights).chain(&best) {
            publish::remove_file(file)?;
        }
    }
    publish::write_file(&run.config(), config.to_toml().as_bytes())?;
    publish::write_file(&run.recipe(), plan.recipe.to_toml().as_bytes())?;
    publish::point_at(&layout.latest_run(), &plan.run.to_string())?;
    Ok(run)
}

/// The weights that a run hands on, as they were written.
pub(crate) struct Exported {
    /// SHA-256 of the averaged generator's.
    pub(crate) generator: ContentHash,
    /// SHA-256 of the discriminator's.
    pub(crate) discriminator: ContentHash,
    /// The size of both in bytes.
    pub(crate) bytes: u64,
}

/// Writes the weights that the run hands on: the generator's last, by which others see that there are any.
///
/// # Errors
/// When the device or the disk fails.
pub(crate) fn export(run: &RunLayout, networks: &Networks) -> Result<Exported, TrainError> {
    let discriminator = networks.discriminator.valid().to_safetensors()?;
    let generator = networks.average.generator().to_safetensors()?;
    publish::write_file(&run.discriminator(), &discriminator)?;
    let model = onnx::generator(&generator, Precision::Single, Output::Images)?;
    publish::write_file(&run.generator_onnx(), &model)?;
    publish::write_file(&run.generator(), &generator)?;
    Ok(Exported {
        generator: ContentHash::of(&generator),
        discriminator: ContentHash::of(&discriminator),
        bytes: (generator.len() + discriminator.len()) as u64,
    })
}

/// The run trained last, unless it was removed by hand.
fn latest(layout: &Layout) -> Option<RunId> {
    publish::pointed_at(&layout.latest_run())?.parse().ok()
}
