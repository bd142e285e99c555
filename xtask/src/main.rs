//! The runner: plans, builds, launches and locks the stages. `cargo xtask --help` lists what it does.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod arguments;
mod ask;
mod bad_usage;
mod bench;
mod build;
mod chaos;
mod ci;
mod clean;
mod code;
mod date;
mod device_check;
mod disk;
mod forget;
mod freshness;
mod fuzz;
mod gc;
mod gpu_test;
mod inputs;
mod launch;
mod lock;
mod mini;
mod old_flags;
mod opencv;
mod own_build;
mod pipeline;
mod program;
mod project;
mod ranks;
mod runs;
mod sampler;
mod setup;
mod slurm;
mod stage_command;
mod status;
mod sweep;
mod tidy;
mod tools;
mod verify;
mod watch;
mod workspace;

use std::{env, process::ExitCode};

use arguments::{Arguments, Command, ExportOptions, ExportTarget};
use bad_usage::BadUsage;
use contracts::{
    Outcome, StageId, command_line,
    config::ConfigError,
    options::{PackOptions, Request},
    stderr, tell,
};
use workspace::Workspace;

fn main() -> ExitCode {
    stderr::tell_panics();
    let outcome = old_flags::refuse(env::args().skip(1)).map_err(anyhow::Error::from);
    let outcome = outcome.and_then(|()| command_line::parse().map_or_else(Ok, |arguments| run(&arguments)));
    let outcome = outcome.unwrap_or_else(|error| {
        tell!("error: {error:#}");
        let usage = error.is::<ConfigError>() || error.is::<BadUsage>();
        if usage { Outcome::BadUsage } else { Outcome::Failed }
    });
    outcome.into()
}

fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let workspace = Workspace::here()?;
    if let Some(outcome) = own_build::hand_over(&workspace)? {
        return Ok(outcome);
    }
    match &arguments.command {
        Command::Pipeline(options) => pipeline::run(&workspace, options),
        Command::Stage(command) => stage_command::run(&workspace, command),
        Command::Forget(command) => forget::run(&workspace, command),
        Command::Trace(command) if sampler::made(&command.id) => {
            sampler::run(&workspace, &command.run.config, "trace", std::slice::from_ref(&command.id))
        }
        Command::Trace(command) => {
            let options = PackOptions { trace: Some(command.id.clone()), ..PackOptions::default() };
            pipeline::run_one(&workspace, StageId::Pack, &command.run, &Request::from(&options))
        }
        Command::Export(command) => export(&workspace, command),
        Command::Sampler(command) => sampler::run(&workspace, &command.config, command.name, &command.arguments),
        Command::Bench(options) => bench::run(&workspace, options),
        Command::Runs(options) => runs::run(&workspace, options),
        Command::Watch(options) => watch::run(&workspace, options),
        Command::Verify(options) => verify::run(&workspace, options),
        Command::Clean(options) => clean::run(&workspace, options),
        Command::Gc(options) => gc::run(&workspace, options),
        Command::Status(options) => status::run(&workspace, options),
        Command::Cancel(options) => slurm::cancel(&workspace, options),
        Command::Setup(options) => setup::run(&workspace, options),
        Command::Env => opencv::print_exports(),
        Command::Test(options) if options.arguments == ["gpu"] => gpu_test::run(&workspace),
        Command::Test(options) if options.arguments == ["mpi"] => tools::test_mpi(&workspace),
        Command::Test(options) => tools::test(&workspace, &options.arguments),
        Command::Cascade(options) => tools::cascade(&workspace, &options.arguments),
        Command::Measure(options) => tools::measure(&workspace, &options.arguments),
        Command::Lab(command) => program::run(&workspace, &command.config, "lab", &command.arguments),
        Command::Fuzz(options) => fuzz::run(&workspace, options),
        Command::Chaos(options) => chaos::run(&workspace, options),
        Command::Tidy => tidy::run(&workspace),
        Command::Ci => ci::run(&workspace),
    }
}

fn export(workspace: &Workspace, command: &ExportOptions) -> anyhow::Result<Outcome> {
    let out = command.out.clone();
    match command.format {
        ExportTarget::Onnx => {
            let out = ["--out".to_owned(), out.to_string_lossy().into_owned()];
            let arguments = [&command.arguments[..], &out].concat();
            sampler::run(workspace, &command.run.config, "onnx", &arguments)
        }
        ExportTarget::Dataset(_) if !command.arguments.is_empty() => {
            let words = command.arguments.join(" ");
            Err(BadUsage(format!("an export of the dataset takes no {words:?}: it is the configuration's dataset"))
                .into())
        }
        ExportTarget::Dataset(format) => {
            let options = PackOptions { export: Some(format), out: Some(out), ..PackOptions::default() };
            pipeline::run_one(workspace, StageId::Pack, &command.run, &Request::from(&options))
        }
    }
}
