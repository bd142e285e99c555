//! The command line.

use std::{path::PathBuf, str::FromStr};

use clap::{Args, Parser, Subcommand, ValueEnum};
use contracts::{StageId, id::PostId, options::ExportFormat};

use crate::{bench::BenchOptions, sampler::SamplerCommand, stage_command::StageCommand, sweep::Sweep};

/// Nijigen: from a booru scrape to trained GAN weights.
///
/// Exit codes: 0 done, 1 a stage failed, 2 bad usage or configuration, 3 done with failures that were counted and
/// kept, 130 interrupted (the same command resumes).
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
    #[command(flatten)]
    Stage(StageCommand),
    /// Remove posts from everything that was gathered and packed, and never take them again.
    Forget(ForgetOptions),
    /// Name the post and the address that a dataset row, a face or a picture comes from.
    Trace(TraceOptions),
    /// Hand the dataset, or a run's weights, over to other tools.
    Export(ExportOptions),
    #[command(flatten)]
    Sampler(SamplerCommand),
    /// List the training runs, newest first.
    Runs(RunsOptions),
    /// Show the newest grid and curves of a run in a browser while it trains.
    Watch(WatchOptions),
    /// Make a drawn part of what each stage made again, and compare.
    Verify(VerifyOptions),
    /// Remove what stages made: all of it but the pictures, unless stages are named.
    Clean(CleanOptions),
    /// Remove what nobody needs: leftovers of killed processes, unused prepared shards, superseded checkpoints.
    Gc(GcOptions),
    /// Measure a stage, beside other tools where they are installed.
    Bench(BenchOptions),
    /// Show what is fresh and what would run again.
    Status(StatusOptions),
    /// Take back the jobs that were submitted to a cluster.
    Cancel(CancelOptions),
    /// Install what the system lacks: OpenCV, libclang, the cascade.
    Setup(SetupOptions),
    /// Print the exports that a bare `cargo build` of face-cropper needs.
    Env,
    /// Run all tests, with nextest where it is installed.
    Test(TestOptions),
    /// Train a cascade of your own, or compare cascades on a folder of pictures.
    Cascade(CascadeOptions),
    /// How far two sets of images are apart: folders, zips, datasets or runs.
    Measure(MeasureOptions),
    /// The theory of GANs as experiments with plots, in artifacts/lab; `--check` holds them to what is expected.
    Lab(HandedOn),
    /// Give the readers of foreign bytes damaged and hostile inputs, for longer than their tests do.
    Fuzz(FuzzOptions),
    /// Kill the stages of the smoke pipeline at random moments, and compare what they make in the end.
    Chaos(ChaosOptions),
    /// Check the dependency graph and that every module says what it is.
    Tidy,
    /// Everything that CI checks, cheapest first.
    Ci,
}

/// The options that choose a configuration.
#[derive(Clone, Debug, Default, Args)]
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
pub(crate) struct RunOptions {
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
pub(crate) struct ForgetOptions {
    #[command(flatten)]
    pub(crate) run: RunOptions,
    /// The posts, such as konachan:1234.
    #[arg(required = true, value_name = "POST")]
    pub(crate) posts: Vec<PostId>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct TraceOptions {
    #[command(flatten)]
    pub(crate) run: RunOptions,
    /// A row such as train/12, a face, a picture's SHA-256, or a PNG file that `sample` wrote.
    #[arg(value_name = "ID")]
    pub(crate) id: String,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ExportOptions {
    #[command(flatten)]
    pub(crate) run: RunOptions,
    /// imagefolder, webdataset, stylegan-zip or parquet for the dataset; onnx for weights.
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: ExportTarget,
    /// Where it goes: a new folder, the zip's name, or the model's.
    #[arg(long, value_name = "PATH")]
    pub(crate) out: PathBuf,
    /// For onnx: the run or the weights, and options, such as `latest --half`; `-- --help` lists them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "RUN")]
    pub(crate) arguments: Vec<String>,
}

/// What is handed over, and in which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExportTarget {
    /// The dataset.
    Dataset(ExportFormat),
    /// Weights, as a model for ONNX Runtime.
    Onnx,
}

impl FromStr for ExportTarget {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "onnx" => Ok(Self::Onnx),
            _ => name.parse().map(Self::Dataset).map_err(|error| format!("{error}, and onnx for weights")),
        }
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct RunsOptions {
    #[command(flatten)]
    pub(crate) config: ConfigOptions,
    /// Print them as a JSON list.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct WatchOptions {
    #[command(flatten)]
    pub(crate) run: RunOptions,
    /// The run: its id, the beginning of one, or latest, which it is unless given.
    #[arg(value_name = "RUN")]
    pub(crate) name: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct VerifyOptions {
    #[command(flatten)]
    pub(crate) run: RunOptions,
    /// The stages to verify; all that have made something unless given.
    #[arg(value_name = "STAGE")]
    pub(crate) stages: Vec<StageId>,
    /// Draw the part that this number drew before.
    #[arg(long, value_name = "N", conflicts_with = "all")]
    pub(crate) seed: Option<u64>,
    /// Compare everything, which takes as long as making it.
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct CleanOptions {
    #[command(flatten)]
    pub(crate) config: ConfigOptions,
    /// The stages whose outputs go; all but the crawl unless given. `train` means the run that the configuration names.
    #[arg(value_name = "STAGE")]
    pub(crate) stages: Vec<StageId>,
    /// Do not ask.
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct GcOptions {
    #[command(flatten)]
    pub(crate) config: ConfigOptions,
    /// Do not ask.
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct CascadeOptions {
    /// train or eval, with their own arguments; `cargo xtask cascade train --help` lists them.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    pub(crate) arguments: Vec<String>,
}

/// What a command takes whose own options another program knows.
#[derive(Clone, Debug, Args)]
pub(crate) struct HandedOn {
    #[command(flatten)]
    pub(crate) config: ConfigOptions,
    /// Its own arguments; `--help` lists them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    pub(crate) arguments: Vec<String>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct MeasureOptions {
    /// The two sets, and options; `cargo xtask measure -- --help` lists them.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "A B")]
    pub(crate) arguments: Vec<String>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct FuzzOptions {
    /// How long each target runs.
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    pub(crate) minutes: f64,
    /// The targets whose names begin so; all unless given.
    #[arg(value_name = "TARGET")]
    pub(crate) target: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ChaosOptions {
    /// How often to kill; the round that comes by it is finished.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) kills: u64,
    /// What moments are drawn by.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// A single key to set, such as train.max_kimg=4; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct PipelineOptions {
    #[command(flatten)]
    pub(crate) stage: RunOptions,
    /// Take the stages before this one as they are.
    #[arg(long, value_name = "STAGE")]
    pub(crate) from: Option<StageId>,
    /// Stop after this stage.
    #[arg(long, value_name = "STAGE")]
    pub(crate) until: Option<StageId>,
    /// Train again although nothing but the trainer's code changed.
    #[arg(long)]
    pub(crate) retrain: bool,
    /// Who runs the stages: this machine, or a cluster's Slurm, to which they are submitted as jobs (docs/cluster.md).
    #[arg(long, value_enum, default_value_t)]
    pub(crate) engine: Engine,
}

/// Who runs stages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    /// This machine.
    #[default]
    Local,
    /// Slurm, as jobs.
    Slurm,
}

/// What `train` takes beside what the trainer does.
#[derive(Clone, Debug, Args)]
pub(crate) struct SweepOptions {
    /// Train a run for each of several values, and compare them: seeds=4, recipe=dcgan,modern, or any key, such as
    /// train.batch_size=16,32.
    #[arg(long, value_name = "KEY=VALUES")]
    pub(crate) sweep: Option<Sweep>,
    /// Who trains them: this machine, one after the other, or a cluster's Slurm, side by side (docs/cluster.md).
    #[arg(long, value_enum, default_value_t, requires = "sweep")]
    pub(crate) engine: Engine,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct CancelOptions {
    #[command(flatten)]
    pub(crate) config: ConfigOptions,
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
    #[command(flatten)]
    pub(crate) config: ConfigOptions,
    /// Also MPI, which trainings on several ranks take.
    #[arg(long)]
    pub(crate) mpi: bool,
    /// Also Slurm, which tests start on this machine alone.
    #[arg(long)]
    pub(crate) slurm: bool,
    /// Do not ask.
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct TestOptions {
    /// Handed on to the test runner; `gpu` stands for the tests of GPUs, of which each part is left out where it cannot run, `mpi`
    /// for those of trainings on several ranks.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<String>,
}
