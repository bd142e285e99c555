//! The command line that all stage binaries share.

use std::path::PathBuf;

use clap::{Args, Parser};

/// One stage of the pipeline. Usually started by `cargo xtask`.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Arguments<O: Args> {
    /// The pipeline's configuration; relative paths in it start at its folder.
    #[arg(long, default_value = "pipeline.toml")]
    pub(crate) config: PathBuf,
    /// A profile of it to lay over.
    #[arg(long)]
    pub(crate) profile: Option<String>,
    /// A single key to set, such as crawl.max_posts=200; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    #[command(flatten)]
    pub(crate) options: O,
    /// Stop as if interrupted when stdin ends, so that no stage outlives the runner that started it.
    #[arg(long, hide = true)]
    pub(crate) stop_with_stdin: bool,
}
