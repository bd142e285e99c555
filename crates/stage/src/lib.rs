//! The harness that every stage binary runs in: command line, configuration, logging, progress, lock, exit code.
//!
//! A stage's `main.rs` is one line: `fn main() -> ExitCode { stage::main::<Crop>() }`.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod arguments;
mod interruption;
mod logging;
mod progress;
mod single;
mod summary;

use std::{fs, path::Path, process::ExitCode, sync::Arc, time::Instant};

use anyhow::Context as _;
use arguments::Arguments;
use clap::Parser as _;
use contracts::{
    Config, Context, Layout, Outcome, Report, Stage,
    config::{self, Request},
    report::State,
    stage::Interrupt,
};

/// Runs a stage as a program.
///
/// stdout gets one line, the report as JSON; everything for people goes to stderr. Exit codes are [`Outcome`]'s.
pub fn main<S: Stage>() -> ExitCode {
    let arguments = Arguments::parse();
    let progress = progress::Shown::new();
    logging::start(progress.bar());
    let outcome = match prepare::<S>(&arguments) {
        Err(problem) => {
            summary::print_error(&problem);
            Outcome::BadUsage
        }
        Ok((config, layout)) => run::<S>(&arguments, &config, &layout, &progress).unwrap_or_else(|error| {
            progress.clear();
            summary::print_error(&error);
            Outcome::Failed
        }),
    };
    outcome.into()
}

fn prepare<S: Stage>(arguments: &Arguments) -> anyhow::Result<(Config, Layout)> {
    let file = &arguments.config;
    let text = fs::read_to_string(file).with_context(|| {
        format!("cannot read the configuration at {}; give --config the path of a pipeline.toml", file.display())
    })?;
    let request = Request { text: &text, file, profile: arguments.profile.as_deref(), set: &arguments.set };
    let config = config::load(&request)?;
    let problems = S::problems(&config);
    anyhow::ensure!(
        problems.is_empty(),
        "the {} stage cannot use this configuration:\n  {}",
        S::ID,
        problems.join("\n  ")
    );
    let root = file.parent().unwrap_or(Path::new(""));
    let layout = Layout::new(root, &config.paths);
    Ok((config, layout))
}

fn run<S: Stage>(
    arguments: &Arguments,
    config: &Config,
    layout: &Layout,
    progress: &progress::Shown,
) -> anyhow::Result<Outcome> {
    let _held = single::hold(layout, S::ID)?;
    let interrupt = Arc::new(Interrupt::default());
    interruption::listen(&interrupt, arguments.stop_with_stdin);
    let started = Instant::now();
    let context = Context { config, layout, progress, interrupt: &interrupt };
    let mut report = S::run(&context)?;
    report.seconds = started.elapsed().as_secs_f64();
    progress.clear();
    report.write(layout)?;
    summary::print(&report);
    Ok(outcome(&report))
}

fn outcome(report: &Report) -> Outcome {
    match report.state {
        State::Interrupted => Outcome::Interrupted,
        State::Complete if report.failed > 0 => Outcome::DoneWithFailures,
        State::Complete => Outcome::Done,
    }
}
