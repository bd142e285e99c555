//! Parquet beside the packer, which starts this program where a table is read or written: few need that, and what it takes to
//! build it would be a third of the packer.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod export;
#[cfg(test)]
mod fuzz_targets;
mod import;

use std::{env, ffi::OsString, path::Path, process::ExitCode};

use anyhow::bail;

fn main() -> ExitCode {
    contracts::stderr::tell_panics();
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            contracts::tell!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[OsString]) -> anyhow::Result<()> {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).take(1).collect();
    match (&words[..], arguments) {
        (["to-arrow"], [_, table, arrow]) => import::to_arrow(Path::new(table), Path::new(arrow)),
        (["from-dataset"], [_, dataset, folder]) => export::from_dataset(Path::new(dataset), Path::new(folder)),
        _ => bail!(
            "it is started as `dataset-parquet to-arrow TABLE ARROW` or `dataset-parquet from-dataset DATASET FOLDER`"
        ),
    }
}
