//! The runner: plans, builds, launches and locks the stages. `cargo xtask --help` lists what it does.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod arguments;
mod ask;
mod bad_usage;
mod build;
mod ci;
mod clean;
mod code;
mod date;
mod disk;
mod forget;
mod freshness;
mod gc;
mod inputs;
mod launch;
mod lock;
mod mini;
mod old_flags;
mod opencv;
mod own_build;
mod pipeline;
mod project;
mod runs;
mod setup;
mod stage_command;
mod status;
mod tidy;
mod tools;
mod verify;
mod watch;
mod workspace;

use std::{env, process::ExitCode};

use arguments::{Arguments, Command};
use bad_usage::BadUsage;
use clap::Parser as _;
use contracts::{
    Outcome, StageId,
    config::ConfigError,
    options::{PackOptions, Request},
    tell,
};
use workspace::Workspace;

fn main() -> ExitCode {
    let outcome =
        old_flags::refuse(env::args().skip(1)).map_err(anyhow::Error::from).and_then(|()| run(&Arguments::parse()));
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
        Command::Stage(command) => pipeline::run_one(&workspace, command.stage, &command.run, &command.request),
        Command::Forget(command) => forget::run(&workspace, command),
        Command::Trace(command) => {
            let options = PackOptions { trace: Some(command.id.clone()), ..PackOptions::default() };
            pipeline::run_one(&workspace, StageId::Pack, &command.run, &Request::from(&options))
        }
        Command::Export(command) => {
            let (export, out) = (Some(command.format), Some(command.out.clone()));
            let options = PackOptions { export, out, ..PackOptions::default() };
            pipeline::run_one(&workspace, StageId::Pack, &command.run, &Request::from(&options))
        }
        Command::Bench(options) => tools::bench(&workspace, options.stage, &options.arguments),
        Command::Runs(options) => runs::run(&workspace, options),
        Command::Watch(options) => watch::run(&workspace, options),
        Command::Verify(options) => verify::run(&workspace, options),
        Command::Clean(options) => clean::run(&workspace, options),
        Command::Gc(options) => gc::run(&workspace, options),
        Command::Status(options) => status::run(&workspace, options),
        Command::Setup(options) => setup::run(&workspace, options),
        Command::Env => opencv::print_exports(),
        Command::Test(options) => tools::test(&workspace, &options.arguments),
        Command::Cascade(options) => tools::cascade(&workspace, &options.arguments),
        Command::Measure(options) => tools::measure(&workspace, &options.arguments),
        Command::Tidy => tidy::run(&workspace),
        Command::Ci => ci::run(&workspace),
    }
}
