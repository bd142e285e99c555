//! The command line.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::{formula::Formula, indices::Indices};

/// What is done with a trained generator.
#[derive(Clone, Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Command {
    /// Draw samples: a sheet (.png), a zip (.zip), or a folder of PNG files.
    Sample(SampleOptions),
    /// Walk over the sphere of latents from sample to sample and back: an animated PNG, a GIF, a strip, or frames.
    Walk(WalkOptions),
    /// Add and subtract concepts, each the mean of the latents of samples that show it.
    Arithmetic(ArithmeticOptions),
    /// Mix samples: the first half of one's latent with the second half of another's.
    Mix(MixOptions),
    /// Search the latent whose image is nearest to a picture.
    Project(ProjectOptions),
    /// Show the training faces nearest to samples, with their posts.
    Neighbours(NeighboursOptions),
    /// Tell where a sample's PNG file comes from: seed, latent, run, dataset, and the posts nearest to it.
    Trace(TraceOptions),
    /// Write weights as an ONNX model.
    Onnx(OnnxOptions),
    /// Take over the weights of another program's generator.
    Import(ImportOptions),
    /// Write a run's model card and say how the run is uploaded to the Hugging Face Hub.
    Publish(PublishOptions),
    /// Write a page that draws samples in a browser: a folder for any static server, or one file.
    Demo(DemoOptions),
}

/// Which generator, and what is drawn.
#[derive(Clone, Debug, Args)]
pub(crate) struct Source {
    /// A run's folder, a generator.safetensors, or a run's name as `cargo xtask runs` lists them.
    #[arg(value_name = "RUN", default_value = "latest")]
    pub(crate) run: String,
    #[command(flatten)]
    pub(crate) draw: Draw,
}

/// What is drawn.
#[derive(Clone, Debug, Args)]
pub(crate) struct Draw {
    /// What latents are drawn from: the same seed and index give the same image.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct SampleOptions {
    #[command(flatten)]
    pub(crate) source: Source,
    /// How many.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub(crate) count: u64,
    /// The sheet, the zip or the folder that is written.
    #[arg(long, value_name = "PATH", default_value = "samples.png")]
    pub(crate) out: PathBuf,
    /// Draw numbers of a latent again that lie beyond ±BOUND: fewer odd images, less variety. 1 to 2;
    /// below, latents are shorter than any that the network was trained on, and faces fade.
    #[arg(long, value_name = "BOUND", value_parser = bound)]
    pub(crate) truncation: Option<f32>,
    /// Draw K for each and keep the one that the discriminator takes for the most real.
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub(crate) best_of: u64,
    /// The discriminator's weights, where they are not the run's own.
    #[arg(long, value_name = "FILE")]
    pub(crate) discriminator: Option<PathBuf>,
    /// Write each sample's index below it on the sheet, to pick from for `arithmetic`, `walk` and `mix`.
    #[arg(long)]
    pub(crate) numbered: bool,
    /// Draw this class alone, of a generator that was trained with classes; all: a row a class on a sheet, of the same latents in
    /// each, the N divided among them. Unless given, classes are drawn as often as training met them.
    #[arg(long, value_name = "NAME")]
    pub(crate) class: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct WalkOptions {
    #[command(flatten)]
    pub(crate) source: Source,
    /// The samples to pass, such as 3,17,44 or 0-5.
    #[arg(long, value_name = "INDICES", default_value = "0-5")]
    pub(crate) stops: Indices,
    /// Images from one stop to the next.
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) frames: u32,
    /// Images a second.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) fps: u32,
    /// End at the last stop instead of going back to the first, which makes a loop.
    #[arg(long)]
    pub(crate) open: bool,
    /// What is written; unless given, gif where --out ends so, frames where it has no ending, else apng.
    #[arg(long, value_enum)]
    pub(crate) format: Option<WalkFormat>,
    /// The file, or the folder for frames.
    #[arg(long, value_name = "PATH", default_value = "walk.png")]
    pub(crate) out: PathBuf,
}

/// The kinds of walks on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum WalkFormat {
    /// An animated PNG.
    Apng,
    /// An animated GIF of 256 colours.
    Gif,
    /// One PNG, a row from stop to stop.
    Strip,
    /// A folder of numbered PNG files, for ffmpeg.
    Frames,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ArithmeticOptions {
    /// A run's folder, a generator.safetensors, or a run's name.
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// Concepts with + and − between: lists of three samples or more as `sample --numbered` shows them, or tags of the
    /// dataset's posts, such as "3,17,44 - 5,9,21 + 12,30,31" or "blonde_hair - black_hair + hat".
    #[arg(value_name = "FORMULA", allow_hyphen_values = true)]
    pub(crate) formula: Formula,
    #[command(flatten)]
    pub(crate) draw: Draw,
    /// How many samples stand for a tag.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(3..=64))]
    pub(crate) average: u64,
    #[command(flatten)]
    pub(crate) faces: Faces,
    /// The sheet that is written: a row a concept, its mean last, and a row of the result and others near it.
    #[arg(long, value_name = "PATH", default_value = "arithmetic.png")]
    pub(crate) out: PathBuf,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct MixOptions {
    #[command(flatten)]
    pub(crate) source: Source,
    /// Samples that give the first half, a row each.
    #[arg(long, value_name = "INDICES", default_value = "0-5")]
    pub(crate) rows: Indices,
    /// Samples that give the second half, a column each.
    #[arg(long, value_name = "INDICES", default_value = "6-11")]
    pub(crate) columns: Indices,
    /// The table that is written.
    #[arg(long, value_name = "PATH", default_value = "mix.png")]
    pub(crate) out: PathBuf,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ProjectOptions {
    /// A run's folder, a generator.safetensors, or a run's name.
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// The picture, of which the middle square is taken.
    #[arg(value_name = "PICTURE")]
    pub(crate) picture: PathBuf,
    #[command(flatten)]
    pub(crate) draw: Draw,
    /// Samples among which the search begins.
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub(crate) candidates: u64,
    /// Steps of the search.
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) steps: u32,
    /// The sheet that is written: the target, and what was found.
    #[arg(long, value_name = "PATH", default_value = "projection.png")]
    pub(crate) out: PathBuf,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct NeighboursOptions {
    #[command(flatten)]
    pub(crate) source: Source,
    /// The samples.
    #[arg(long, value_name = "INDICES", default_value = "0-7")]
    pub(crate) indices: Indices,
    /// Training faces beside each.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=100))]
    pub(crate) nearest: u64,
    #[command(flatten)]
    pub(crate) faces: Faces,
    /// The sheet that is written: a row a sample, the sample first.
    #[arg(long, value_name = "PATH", default_value = "neighbours.png")]
    pub(crate) out: PathBuf,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct TraceOptions {
    /// A PNG file that `sample` wrote into a folder or a zip, or `project`.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The generator, where no run of that name is here.
    #[arg(long, value_name = "RUN")]
    pub(crate) of: Option<String>,
    /// Training faces that are named.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(0..=100))]
    pub(crate) nearest: u64,
    #[command(flatten)]
    pub(crate) faces: Faces,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct OnnxOptions {
    /// A run's folder, a generator.safetensors, or a run's name.
    #[arg(value_name = "RUN", default_value = "latest")]
    pub(crate) run: String,
    /// Which network.
    #[arg(long, value_enum, default_value_t = Network::Generator)]
    pub(crate) network: Network,
    /// The discriminator's weights, where they are not the run's own.
    #[arg(long, value_name = "FILE")]
    pub(crate) discriminator: Option<PathBuf>,
    /// Store convolutions' weights in half precision: half the size.
    #[arg(long)]
    pub(crate) half: bool,
    /// Give bytes from 0 to 255 in place of numbers from -1 to 1, as torch-fidelity wants them.
    #[arg(long)]
    pub(crate) pixels: bool,
    /// The model; beside the weights unless given.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// The two networks of a training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Network {
    /// Latents to images.
    Generator,
    /// Images to logits.
    Discriminator,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ImportOptions {
    /// The file, such as the netG_epoch_24.pth of PyTorch's DCGAN example, or the same as safetensors.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Whose network it is.
    #[arg(long, value_enum)]
    pub(crate) recipe: Importable,
    /// The weights that are written.
    #[arg(long, value_name = "FILE", default_value = "generator.safetensors")]
    pub(crate) out: PathBuf,
}

/// What can be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Importable {
    /// PyTorch's DCGAN example.
    Dcgan,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct PublishOptions {
    /// A run's folder, or a run's name.
    #[arg(value_name = "RUN", default_value = "latest")]
    pub(crate) run: String,
    /// List and check what would go, and write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// The repository on the Hub; a placeholder unless given.
    #[arg(long, value_name = "USER/NAME", default_value = "USER/NAME", value_parser = hub_name)]
    pub(crate) repository: String,
    /// The dataset on the Hub that the run was trained on, for the card to name.
    #[arg(long, value_name = "USER/NAME", value_parser = hub_name)]
    pub(crate) dataset: Option<String>,
}

/// A repository's name on the Hub: it goes into a card's front matter, where other characters would mean something.
fn hub_name(name: &str) -> Result<String, String> {
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    };
    match name.split_once('/') {
        Some((user, repository)) if is_part(user) && is_part(repository) => Ok(name.to_owned()),
        _ => Err("the Hub's names are USER/NAME, of letters, digits, `-`, `_` and `.`".to_owned()),
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct DemoOptions {
    /// A run's folder, a generator.safetensors, or a run's name.
    #[arg(value_name = "RUN", default_value = "latest")]
    pub(crate) run: String,
    /// The folder that is written, or the file.
    #[arg(long, value_name = "PATH", default_value = "demo", default_value_if("single_file", "true", "demo.html"))]
    pub(crate) out: PathBuf,
    /// Write one file that opens from disk, without WebGPU.
    #[arg(long)]
    pub(crate) single_file: bool,
    /// Show the page on this machine until Ctrl-C, and write nothing.
    #[arg(long, conflicts_with_all = ["single_file", "out"])]
    pub(crate) serve: bool,
    /// The package of ONNX Runtime for browsers, where npm is not to fetch it.
    #[arg(long, value_name = "FILE")]
    pub(crate) runtime: Option<PathBuf>,
}

/// The faces that samples are held against.
#[derive(Clone, Debug, Args)]
pub(crate) struct Faces {
    /// The dataset's folder; that of the configuration unless given.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) dataset: Option<PathBuf>,
}

/// A bound within which numbers are found in reasonable time.
fn bound(text: &str) -> Result<f32, String> {
    let value: f32 = text.parse().map_err(|_| format!("{text:?} is no number"))?;
    if (0.05..=100.0).contains(&value) { Ok(value) } else { Err("choose 0.05 to 100".into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_on_the_hub_is_a_user_and_a_name() {
        let check = |name: &str, is_one: bool| assert_eq!(hub_name(name).is_ok(), is_one, "{name:?}");
        check("someone/faces-64.v1_b", true);
        check("USER/NAME", true);
        for name in [
            "",
            "/",
            "faces",
            "/faces",
            "someone/",
            "a/b/c",
            "a b/c",
            "a/b\nlicense: mit",
            "a/b:",
            "a/\u{202e}b",
            "a/é",
        ] {
            check(name, false);
        }
    }
}
