//! `measure A B`: how far two sets of images are from each other.

use std::{cell::Cell, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::Parser;
use contracts::{config::DeviceChoice, stdout, tell};
use evaluator::two_sets::{Comparing, Comparison, Source, SourceOptions, compare};
use metrics::{Measurement, Metric};

/// How far the images of A, such as a generator's samples, are from those of B.
///
/// Each is a folder of pictures with its folders, a zip of pictures, a dataset's folder, a run's folder, or a
/// generator.safetensors, of which samples are taken. The networks resize every image themselves, so that A and B may differ in
/// side; within a set all have one side, unless --resize-and-crop is given, as torch-fidelity has it.
#[derive(Parser)]
#[command(name = "measure", version)]
struct CommandLine {
    /// The set that is measured.
    #[arg(value_name = "A")]
    generated: PathBuf,
    /// The set that it is measured against.
    #[arg(value_name = "B")]
    real: PathBuf,
    /// A third set, of real images that are not in B: what it gets in A's stead is shown beside each value.
    #[arg(long, value_name = "PATH")]
    baseline: Option<PathBuf>,
    /// Of frechet, kernel, precision, recall, density, coverage (these, unless given), inception-score, sliced-wasserstein,
    /// ms-ssim and detector-rate, with commas between.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    metrics: Vec<Metric>,
    /// One JSON object on stdout in place of a table.
    #[arg(long)]
    json: bool,
    /// InceptionV3's weights as torch-fidelity has them (.pth, or the same as .safetensors): gives FID, KID and IS.
    #[arg(long, value_name = "FILE")]
    inception: Option<PathBuf>,
    /// MobileNetV2's weights as torchvision has them.
    #[arg(long, value_name = "FILE")]
    mobilenet: Option<PathBuf>,
    /// At most so many images of each; of a generator, how many samples (10000 unless given).
    #[arg(long, value_name = "N")]
    count: Option<usize>,
    /// Brings every image to this side: its middle square, resized.
    #[arg(long, value_name = "SIDE", value_parser = clap::value_parser!(u32).range(1..=4096))]
    resize_and_crop: Option<u32>,
    /// Where a generator is sampled: auto, cpu, gpu or cuda.
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    device: DeviceChoice,
    /// What samples, patches and resamples are drawn from.
    #[arg(long, default_value_t = 20_170_112)]
    seed: u64,
}

fn main() -> ExitCode {
    contracts::stderr::tell_panics();
    let arguments: CommandLine = match contracts::command_line::parse() {
        Ok(arguments) => arguments,
        Err(outcome) => return outcome.into(),
    };
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &CommandLine) -> anyhow::Result<()> {
    let mut metrics = arguments.metrics.clone();
    if metrics.is_empty() {
        metrics.extend(Metric::OF_FEATURES);
        if arguments.inception.is_some() {
            metrics.push(Metric::InceptionScore);
        }
    }
    anyhow::ensure!(
        !metrics.contains(&Metric::Copying),
        "copying takes the training images and those kept out of training, which two sets do not tell: `cargo xtask evaluate` \
         measures it"
    );
    anyhow::ensure!(
        !metrics.contains(&Metric::InceptionScore) || arguments.inception.is_some(),
        "inception-score is taken with InceptionV3's weights: give them with --inception"
    );
    let [generated, real] = [Source::open(&arguments.generated)?, Source::open(&arguments.real)?];
    let baseline = arguments.baseline.as_deref().map(Source::open).transpose()?;
    let source = SourceOptions {
        count: arguments.count,
        resize_and_crop: arguments.resize_and_crop,
        seed: arguments.seed,
        device: arguments.device,
    };
    let comparing = Comparing {
        metrics,
        inception: arguments.inception.clone().unwrap_or_default(),
        mobilenet: arguments.mobilenet.clone().unwrap_or_default(),
        seed: arguments.seed,
        source,
    };
    let done = Cell::new(0);
    let progress = |source: &Source, images: usize| {
        let before = done.replace(done.get() + images);
        // A line now and then: stderr may be a file.
        if before / 2048 != done.get() / 2048 {
            tell!("{} images so far, of {}", done.get(), source.path().display());
        }
    };
    let found = compare(&generated, &real, baseline.as_ref(), &comparing, &progress)?;
    if arguments.json {
        stdout::line(serde_json::to_string(&found).context("cannot write the measurements as JSON")?)?;
    } else {
        stdout::line(text(&found))?;
        found.warnings.iter().for_each(|warning| tell!("warning: {warning}"));
    }
    Ok(())
}

/// A block for the sets, one for each network's metrics, one for those of the images themselves.
fn text(found: &Comparison) -> String {
    let mut lines = Vec::new();
    for (name, set) in [("A", &found.generated), ("B", &found.real)] {
        lines.push(format!("{name}: {} images of {} px, {}", set.images, set.side, set.path.display()));
    }
    for network in &found.features {
        let weights = network.weights.map_or_else(String::new, |hash| format!(", weights with SHA-256 {hash}"));
        lines.push(format!("\nfeatures of {}{weights}", network.network));
        lines.extend(network.measurements.iter().map(line));
    }
    if !found.images.is_empty() {
        lines.push("\nimages themselves".into());
        lines.extend(found.images.iter().map(line));
    }
    lines.join("\n")
}

fn line(measurement: &Measurement) -> String {
    format!("  {measurement}")
}
