//! The harness that every stage binary runs in: command line, configuration, logging, progress, lock, exit code.
//!
//! A stage's `main.rs` is one line: `fn main() -> ExitCode { stage::main::<Crop>() }`.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod arguments;
mod interruption;
mod limits;
mod logging;
mod progress;
mod shares;
mod summary;

use std::{fs, path::Path, process::ExitCode, sync::Arc, time::Instant};

use anyhow::Context as _;
use arguments::Arguments;
use contracts::{
    Config, Context, Layout, Outcome, Report, Stage, StageId, command_line,
    config::{self, Request},
    leftovers, lock,
    options::{Mode, StageOptions as _},
    report::State,
    stage::{Interrupt, Silent},
};
use interruption::Manner;
use tracing::Level;

/// Runs a stage as a program.
///
/// stdout gets the answer to what was asked, or one line, the report as JSON; everything for people goes to stderr. Exit
/// codes are [`Outcome`]'s.
pub fn main<S: Stage<Options: clap::Args>>() -> ExitCode {
    outcome::<S>().into()
}

/// Runs a stage as [`main`] does, for a program that has more to do before it ends.
pub fn outcome<S: Stage<Options: clap::Args>>() -> Outcome {
    limits::within(stage::<S>)
}

fn stage<S: Stage<Options: clap::Args>>() -> Outcome {
    let arguments = match command_line::parse::<Arguments<S::Options>>() {
        Ok(arguments) => arguments,
        Err(outcome) => return outcome,
    };
    let progress = progress::Shown::new();
    logging::start(progress.bar(), Level::INFO);
    match prepare(&arguments, S::ID.name(), S::problems) {
        Err(problem) => {
            summary::print_error(&problem);
            Outcome::BadUsage
        }
        Ok((config, layout)) => run::<S>(&arguments, &config, &layout, &progress).unwrap_or_else(|error| {
            progress.clear();
            summary::print_error(&error);
            let is_misconfiguration = error.downcast_ref().is_some_and(S::is_misconfiguration);
            if is_misconfiguration { Outcome::BadUsage } else { Outcome::Failed }
        }),
    }
}

/// Runs what computes for a stage beside the process that runs it, on this machine or another: with the same command line and
/// configuration, and without a lock, a report or a lifeline, which are that process's, as is the exit code of what it ends. Warnings
/// and errors alone are told.
pub fn beside<O: clap::Args, E: Into<anyhow::Error>>(
    work: impl FnOnce(&Context<'_>, &O) -> Result<(), E> + Send,
) -> Outcome {
    limits::within(|| run_beside(work))
}

fn run_beside<O: clap::Args, E: Into<anyhow::Error>>(work: impl FnOnce(&Context<'_>, &O) -> Result<(), E>) -> Outcome {
    let arguments = match command_line::parse::<Arguments<O>>() {
        Ok(arguments) => arguments,
        Err(outcome) => return outcome,
    };
    logging::start(progress::Shown::new().bar(), Level::WARN);
    let (config, layout) = match prepare(&arguments, "program", |_| Vec::new()) {
        Ok(prepared) => prepared,
        Err(problem) => {
            summary::print_error(&problem);
            return Outcome::BadUsage;
        }
    };
    let interrupt = Arc::new(Interrupt::default());
    interruption::listen(&interrupt, false, Manner::Quiet);
    let context = Context { config: &config, layout: &layout, progress: &Silent, interrupt: &interrupt };
    match work(&context, &arguments.options) {
        Ok(()) => Outcome::Done,
        Err(error) => {
            summary::print_error(&error.into());
            Outcome::Failed
        }
    }
}

/// Runs a program of the pipeline that is no stage: with the same command line, logging and signals, but without a lock and a
/// report. An interrupt is its end, and not worth a word. What the work returns is told on stdout.
pub fn tool<O: clap::Args, E: Into<anyhow::Error>>(
    work: impl FnOnce(&Context<'_>, &O) -> Result<String, E> + Send,
) -> ExitCode {
    limits::within(|| run_tool(work))
}

fn run_tool<O: clap::Args, E: Into<anyhow::Error>>(
    work: impl FnOnce(&Context<'_>, &O) -> Result<String, E>,
) -> ExitCode {
    let arguments = match command_line::parse::<Arguments<O>>() {
        Ok(arguments) => arguments,
        Err(outcome) => return outcome.into(),
    };
    let progress = progress::Shown::new();
    logging::start(progress.bar(), Level::INFO);
    let outcome = match prepare(&arguments, "program", |_| Vec::new()) {
        Err(problem) => {
            summary::print_error(&problem);
            Outcome::BadUsage
        }
        Ok((config, layout)) => {
            let interrupt = Arc::new(Interrupt::default());
            interruption::listen(&interrupt, arguments.stop_with_stdin, Manner::Quiet);
            let context = Context { config: &config, layout: &layout, progress: &progress, interrupt: &interrupt };
            let answer = work(&context, &arguments.options).map_err(Into::into);
            progress.clear();
            match answer.and_then(|answer| Ok(summary::print_answer(&answer)?)) {
                Ok(()) => Outcome::Done,
                Err(error) => {
                    summary::print_error(&error);
                    if interrupt.is_raised() { Outcome::Interrupted } else { Outcome::Failed }
                }
            }
        }
    };
    outcome.into()
}

fn prepare<O: clap::Args>(
    arguments: &Arguments<O>,
    stage: &str,
    problems: fn(&Config) -> Vec<String>,
) -> anyhow::Result<(Config, Layout)> {
    let file = &arguments.config;
    let text = fs::read_to_string(file).with_context(|| {
        format!("cannot read the configuration at {}; give --config the path of a pipeline.toml", file.display())
    })?;
    let request = Request { text: &text, file, profile: arguments.profile.as_deref(), set: &arguments.set };
    let config = config::load(&request)?;
    let problems = problems(&config);
    anyhow::ensure!(
        problems.is_empty(),
        "the {stage} stage cannot use this configuration:\n  {}",
        problems.join("\n  ")
    );
    let root = file.parent().unwrap_or(Path::new(""));
    let layout = Layout::new(root, &config.paths);
    Ok((config, layout))
}

fn run<S: Stage<Options: clap::Args>>(
    arguments: &Arguments<S::Options>,
    config: &Config,
    layout: &Layout,
    progress: &progress::Shown,
) -> anyhow::Result<Outcome> {
    let interrupt = Arc::new(Interrupt::default());
    interruption::listen(&interrupt, arguments.stop_with_stdin, Manner::Told);
    let context = Context { config, layout, progress, interrupt: &interrupt };
    let options = &arguments.options;
    // A question reads what is there, and need not wait for a stage at work.
    let asks = options.mode() == Mode::Question;
    let _held = (!asks).then(|| lock::hold(layout, S::ID, options.share())).transpose()?;
    match options.mode() {
        Mode::Question | Mode::Survey => answer::<S>(&context, options, progress),
        Mode::Work => work::<S>(&context, options, progress),
    }
}

fn answer<S: Stage>(
    context: &Context<'_>,
    options: &S::Options,
    progress: &progress::Shown,
) -> anyhow::Result<Outcome> {
    let answer = S::answer(context, options)?;
    progress.clear();
    summary::print_answer(&answer)?;
    Ok(if context.interrupt.is_raised() { Outcome::Interrupted } else { Outcome::Done })
}

fn work<S: Stage>(context: &Context<'_>, options: &S::Options, progress: &progress::Shown) -> anyhow::Result<Outcome> {
    let started = Instant::now();
    collect_leftovers(context.layout, S::ID, options.share().is_some())?;
    if options.share().is_some() {
        shares::begin(context.layout, S::ID)?;
    }
    let mut report = S::run(context, options)?;
    report.seconds = started.elapsed().as_secs_f64();
    progress.clear();
    if options.share().is_none() {
        report.write(context.layout)?;
    }
    if report.state == State::Complete {
        shares::end(context.layout, S::ID)?;
    }
    summary::print(&report)?;
    Ok(outcome_of(&report))
}

/// Takes away what killed processes have left. Where shares work side by side, nobody is alone.
fn collect_leftovers(layout: &Layout, stage: StageId, shared: bool) -> anyhow::Result<()> {
    if shared {
        return Ok(());
    }
    for leftover in leftovers::find(layout, stage)? {
        tracing::debug!("collecting {}, which a killed process has left", leftover.path.display());
        leftover.collect()?;
    }
    Ok(())
}

fn outcome_of(report: &Report) -> Outcome {
    match report.state {
        State::Interrupted => Outcome::Interrupted,
        State::Complete | State::Share if report.failed > 0 => Outcome::DoneWithFailures,
        State::Complete | State::Share => Outcome::Done,
    }
}
