//! The runner: plans, builds, launches and locks the stages. `cargo xtask --help` lists what it does.
#![cfg_attr(test, allow(clippy::unwrap_used))]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the runner talks to people on stderr and to pipes on stdout"
)]

mod arguments;
mod bad_usage;
mod build;
mod ci;
mod code;
mod freshness;
mod inputs;
mod launch;
mod lock;
mod mini;
mod opencv;
mod pipeline;
mod project;
mod setup;
mod status;
mod tidy;
mod tools;
mod workspace;

use std::process::ExitCode;

use arguments::{Arguments, Command};
use bad_usage::BadUsage;
use clap::Parser as _;
use contracts::{Outcome, config::ConfigError};
use workspace::Workspace;

fn main() -> ExitCode {
    let outcome = run(&Arguments::parse()).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        let usage = error.is::<ConfigError>() || error.is::<BadUsage>();
        if usage { Outcome::BadUsage } else { Outcome::Failed }
    });
    outcome.into()
}

fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let workspace = Workspace::here()?;
    match &arguments.command {
        Command::Pipeline(options) => pipeline::run(&workspace, options),
        Command::Crawl(options)
        | Command::Crop(options)
        | Command::Pack(options)
        | Command::Train(options)
        | Command::Evaluate(options)
        | Command::Report(options) => pipeline::run_one(&workspace, arguments.command.stage(), options),
        Command::Status(options) => status::run(&workspace, options),
        Command::Setup(options) => setup::run(options.yes),
        Command::Env => opencv::print_exports(),
        Command::Test(options) => tools::test(&workspace, &options.arguments),
        Command::Tidy => tidy::run(&workspace),
        Command::Ci => ci::run(&workspace),
    }
}
