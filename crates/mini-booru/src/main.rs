//! Serves a mini booru, or paints its pictures into a folder.

use std::{
    io::{ErrorKind, Read, Write},
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, mpsc},
};

use anyhow::Context;
use clap::{Args, Parser, Subcommand, ValueEnum};
use mini_booru::{BooruError, Catalogue, Dialect, MiniBooru, Options, Schedule, painter::save};

/// A stand-in booru for smoke runs and tests. Prints its URL, then serves until it is told to stop.
#[derive(Parser)]
#[command(name = "mini-booru", args_conflicts_with_subcommands = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Serve,
}

#[derive(Subcommand)]
enum Command {
    /// Paint pictures into a folder, with the faces' places in truth.json
    Paint(Paint),
}

#[derive(Args)]
struct Serve {
    /// Serve the pictures of this folder instead of painted ones
    #[arg(long, value_name = "DIR")]
    pictures: Option<PathBuf>,
    /// How many pictures to paint
    #[arg(long, default_value_t = 60, value_name = "N")]
    count: usize,
    /// What the painted pictures follow from
    #[arg(long, default_value_t = 1, value_name = "S")]
    seed: u64,
    /// Where to listen; port 0 takes any free one
    #[arg(long, default_value = "127.0.0.1:0")]
    address: String,
    /// The kind of site to pass for
    #[arg(long, value_enum, default_value = "moebooru", value_name = "KIND")]
    speak: Speak,
    /// What goes wrong, and when: a schedule of faults in TOML
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// Stop when standard input ends, so that no server outlives the program that started it
    #[arg(long)]
    until_stdin_closes: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Speak {
    Moebooru,
    Danbooru,
    Gelbooru,
}

impl From<Speak> for Dialect {
    fn from(speak: Speak) -> Self {
        match speak {
            Speak::Moebooru => Self::Moebooru,
            Speak::Danbooru => Self::Danbooru,
            Speak::Gelbooru => Self::Gelbooru,
        }
    }
}

#[derive(Args)]
struct Paint {
    /// How many pictures to paint
    #[arg(long, default_value_t = 60, value_name = "N")]
    count: u64,
    /// What the pictures follow from
    #[arg(long, default_value_t = 1, value_name = "S")]
    seed: u64,
    /// The folder to write them to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

fn main() -> ExitCode {
    let line = match CommandLine::try_parse() {
        Ok(line) => line,
        Err(said) => return help(&said),
    };
    let done = match line.command {
        Some(Command::Paint(paint)) => run_paint(&paint),
        None => run_server(&line.serve),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("mini-booru: {error:#}\n"));
            ExitCode::from(if is_bad_usage(&error) { 2 } else { 1 })
        }
    }
}

/// Ends without a command line: with help, or with what is wrong. Clap's own way passes over a stdout that takes nothing more.
fn help(said: &clap::Error) -> ExitCode {
    let text = said.render().to_string();
    if said.use_stderr() {
        say(&text);
        return ExitCode::from(2);
    }
    match answer(&text) {
        // Whoever reads has gone, and wants no more.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            say(&format!("mini-booru: cannot write to stdout: {error}\n"));
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

/// Tells people something. Where stderr takes nothing more there is nobody to tell.
fn say(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

fn is_bad_usage(error: &anyhow::Error) -> bool {
    matches!(
        error.downcast_ref(),
        Some(BooruError::Folder { .. } | BooruError::NoPictures { .. } | BooruError::Schedule { .. })
    )
}

fn run_paint(paint: &Paint) -> anyhow::Result<()> {
    save(paint.seed, paint.count, &paint.out).with_context(|| format!("failed to paint into {}", paint.out.display()))
}

fn run_server(serve: &Serve) -> anyhow::Result<()> {
    let faults = serve.faults.as_deref().map_or(Ok(Schedule::default()), Schedule::load)?;
    let catalogue = catalogue(serve)?;
    // Listened for before the URL is known to anybody, so that no signal is missed.
    let (stop, stopped) = mpsc::channel();
    let by_signal = stop.clone();
    ctrlc::set_handler(move || {
        let _ = by_signal.send(());
    })
    .context("cannot listen for Ctrl-C")?;
    let options = Options {
        address: serve.address.clone(),
        dialect: serve.speak.into(),
        faults: Arc::new(faults),
        ..Options::default()
    };
    let booru = MiniBooru::start(catalogue, options)?;
    answer(&format!("{}\n", booru.url())).context("cannot write the URL to standard output")?;
    if serve.until_stdin_closes {
        std::thread::spawn(move || {
            wait_for_end(std::io::stdin().lock());
            let _ = stop.send(());
        });
    }
    let _ = stopped.recv();
    booru.stop();
    Ok(())
}

fn catalogue(serve: &Serve) -> Result<Catalogue, BooruError> {
    let Some(folder) = &serve.pictures else { return Catalogue::painted(serve.seed, serve.count) };
    let catalogue = Catalogue::from_folder(folder)?;
    for file in catalogue.passed_over() {
        say(&format!("mini-booru: passing over {}: {}\n", file.path.display(), file.reason));
    }
    Ok(catalogue)
}

fn answer(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn wait_for_end(mut input: impl Read) {
    let mut ignored = [0; 1024];
    while matches!(input.read(&mut ignored), Ok(length) if length > 0) {}
}
