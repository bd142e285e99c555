//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use contracts::StageId;

/// Nijigen: from a booru scrape to trained GAN weights.
///
/// Exit codes: 0 done, 1 a stage failed, 2 bad usage or configuration, 3 done with failures that were counted and
/// kept, 130 interrupted (the same command goes on).
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run every stage that is not fresh, from the crawl to the report.
    Pipeline(PipelineOptions),
    /// Fetch pictures from the booru.
    Crawl(StageOptions),
    /// Cut faces from the pictures.
    Crop(StageOptions),
    /// Pack the faces into a dataset.
    Pack(StageOptions),
    /// Train the networks on the dataset.
    Train(StageOptions),
    /// Measure the trained generator.
    Evaluate(StageOptions),
    /// Make the page that shows the run.
    Report(StageOptions),
    /// Show what is fresh and what would run again.
    Status(StatusOptions),
    /// Install what the system lacks: OpenCV, libclang, the cascade.
    Setup(SetupOptions),
    /// Print the exports that a bare `cargo build` of face-cropper needs.
    Env,
    /// Run all tests, with nextest where it is installed.
    Test(TestOptions),
    /// Check the dependency graph and that every module says what it is.
    Tidy,
    /// Everything that CI checks, cheapest first.
    Ci,
}

impl Command {
    /// The stage of a single-stage command.
    pub(crate) fn stage(&self) -> StageId {
        match self {
            Self::Crop(_) => StageId::Crop,
            Self::Pack(_) => StageId::Pack,
            Self::Train(_) => StageId::Train,
            Self::Evaluate(_) => StageId::Evaluate,
            Self::Report(_) => StageId::Report,
            _ => StageId::Crawl,
        }
    }
}

/// Which configuration.
#[derive(Clone, Debug, Args)]
pub(crate) struct ConfigOptions {
    /// The configuration; pipeline.toml of this workspace unless given. Paths in it start at its folder.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// A profile of it to lay over, such as smoke.
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// A single key to set, such as crawl.max_posts=200; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

/// What every command that runs stages takes.
#[derive(Clone, Debug, Args)]
pub(crate) struct StageOptions {
    #[command(flatten)]
    pub(crate) config: ConfigOptions,
    /// Say what would be done, and do nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask before installing what the system lacks.
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct PipelineOptions {
    #[command(flatten)]
    pub(crate) stage: StageOptions,
    /// Take the stages before this one as they are.
    #[arg(long, value_name = "STAGE")]
    pub(crate) from: Option<StageId>,
    /// Stop after this stage.
    #[arg(long, value_name = "STAGE")]
    pub(crate) until: Option<StageId>,
    /// Train again although nothing but the trainer's code changed.
    #[arg(long)]
    pub(crate) retrain: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct StatusOptions {
    #[command(flatten)]
    pub(crate) config: ConfigOptions,
    /// Name the key, file or code that made a stage stale.
    #[arg(long)]
    pub(crate) why: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct SetupOptions {
    /// Do not ask.
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct TestOptions {
    /// Handed on to the test runner.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<String>,
}
