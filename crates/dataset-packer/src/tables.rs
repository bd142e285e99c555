//! The program beside this one that reads and writes Parquet: few need it, and it takes long to build.

use std::{
    env,
    io::Read as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use contracts::{Context, layout, publish};

use crate::error::PackError;

/// What the program is called.
const PROGRAM: &str = "dataset-parquet";

/// How often it is looked whether the program is done.
const PATIENCE: Duration = Duration::from_millis(20);

/// Writes a table as an Arrow file, whole or not at all.
pub(crate) fn to_arrow(table: &Path, arrow: &Path, context: &Context<'_>) -> Result<(), PackError> {
    publish::create_folder(&context.layout.tables())?;
    let partial = layout::partial(arrow);
    run(&["to-arrow".as_ref(), table.as_os_str(), partial.as_os_str()], context)?;
    publish::move_file(&partial, arrow)?;
    Ok(())
}

/// Writes a dataset as tables into a folder that is there.
pub(crate) fn from_dataset(dataset: &Path, folder: &Path, context: &Context<'_>) -> Result<(), PackError> {
    run(&["from-dataset".as_ref(), dataset.as_os_str(), folder.as_os_str()], context)
}

/// Runs the program to its end, or to the moment at which this one is asked to stop.
fn run(arguments: &[&std::ffi::OsStr], context: &Context<'_>) -> Result<(), PackError> {
    let failed = |problem: String| PackError::Tables { problem };
    let program = program().ok_or(PackError::NoTables)?;
    let spawned = Command::new(program).args(arguments).stdin(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut child = spawned.map_err(|error| failed(error.to_string()))?;
    let status = loop {
        match child.try_wait().map_err(|error| failed(error.to_string()))? {
            Some(status) => break status,
            None if context.interrupt.is_raised() => {
                // It leaves nothing but what has no final name.
                let _ = child.kill().and_then(|()| child.wait());
                return Err(PackError::Interrupted);
            }
            None => thread::sleep(PATIENCE),
        }
    };
    let mut said = String::new();
    // It says one line at most, which waits in the pipe.
    let _ = child.stderr.take().map(|mut stderr| stderr.read_to_string(&mut said));
    if status.success() { Ok(()) } else { Err(failed(said.trim().trim_start_matches("error: ").to_owned())) }
}

/// Beside this program, or, where this is a test that cargo runs from `deps`, in the folder above.
fn program() -> Option<PathBuf> {
    let name = format!("{PROGRAM}{}", env::consts::EXE_SUFFIX);
    let here = env::current_exe().ok()?;
    here.ancestors().skip(1).take(2).map(|folder| folder.join(&name)).find(|path| path.is_file())
}
