//! The run's folder: prepared, pointed at, and given its result.

use std::{fs, path::Path};

use contracts::{
    Config, ContentHash, Layout,
    config::Resume,
    id::RunId,
    layout::RunLayout,
    publish::{self, FileError},
};
use gan::Generator;

use crate::{checkpoint, error::TrainError, events, plan::Plan};

/// The run whose weights a new run begins at, where the plan says so: the one trained last.
///
/// # Errors
/// When only the run trained last was to be gone on with, and it is another one, or there is none.
pub(crate) fn branch_from(layout: &Layout, plan: &Plan) -> Result<Option<RunLayout>, TrainError> {
    let latest = latest(layout).filter(|run| *run != plan.run);
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

/// What keeps the plan from going on with a run.
fn differences(layout: &Layout, plan: &Plan, run: &RunId) -> Result<Vec<String>, FileError> {
    let function = checkpoint::function(&layout.run(run))?;
    let unreadable = || vec!["it has no readable checkpoint".to_owned()];
    Ok(function.map_or_else(unreadable, |function| function.differences(&plan.function)))
}

/// Makes the run's folder ready: emptied of the trainer's files where the user wants to start anew, its configuration
/// written, `latest` pointing at it.
///
/// # Errors
/// When the disk fails.
pub(crate) fn prepare(layout: &Layout, plan: &Plan, config: &Config) -> Result<RunLayout, FileError> {
    let run = layout.run(&plan.run);
    if plan.resume == Resume::Never {
        publish::remove_folder(&run.checkpoints())?;
        publish::remove_folder(&run.samples())?;
        events::remove(&run)?;
        for file in [run.metrics(), run.generator(), run.provenance()] {
            publish::remove_file(&file)?;
        }
    }
    publish::write_file(&run.config(), config.to_toml().as_bytes())?;
    point_at(&layout.latest_run(), &plan.run)?;
    Ok(run)
}

/// Writes the weights that the run hands on and returns their hash and size.
///
/// # Errors
/// When the device or the disk fails.
pub(crate) fn export(run: &RunLayout, generator: &Generator) -> Result<(ContentHash, u64), TrainError> {
    let bytes = generator.to_safetensors()?;
    publish::write_file(&run.generator(), &bytes)?;
    Ok((ContentHash::of(&bytes), bytes.len() as u64))
}

/// What [`point_at`] was last told.
#[cfg(unix)]
fn latest(layout: &Layout) -> Option<RunId> {
    fs::read_link(layout.latest_run()).ok()?.to_str()?.parse().ok()
}

#[cfg(not(unix))]
fn latest(layout: &Layout) -> Option<RunId> {
    fs::read_to_string(layout.latest_run()).ok()?.parse().ok()
}

/// Makes `name` a relative symbolic link to the run beside it, in one step.
#[cfg(unix)]
fn point_at(name: &Path, run: &RunId) -> Result<(), FileError> {
    use std::os::unix::fs::symlink;

    let file = name.file_name().unwrap_or_default().to_string_lossy();
    let partial = name.with_file_name(format!("{}{file}", publish::PARTIAL_PREFIX));
    publish::remove_file(&partial)?;
    let pointed = symlink(run.to_string(), &partial).and_then(|()| fs::rename(&partial, name));
    pointed.map_err(FileError::at("write", name))
}

/// Where links need special rights, a file that holds the run's name has to do.
#[cfg(not(unix))]
fn point_at(name: &Path, run: &RunId) -> Result<(), FileError> {
    publish::write_file(name, run.to_string().as_bytes())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn latest_points_at_the_newest_run_whatever_a_killed_one_left() {
        let root = tempfile::tempdir().unwrap();
        let name = root.path().join("latest");
        for run in ["first-1", "second-2"] {
            fs::write(root.path().join(".partial-latest"), b"left by a killed run").unwrap();
            point_at(&name, &run.parse().unwrap()).unwrap();
            assert_eq!(fs::read_link(&name).unwrap(), Path::new(run));
        }
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }
}
