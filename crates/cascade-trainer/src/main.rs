//! Trains a cascade and compares cascades.

use std::{path::PathBuf, process::ExitCode};

use cascade_trainer::{
    boosting::Goals,
    error::TrainingError,
    evaluation::{self, Candidate, DetectionSettings, Pictures},
    feature::all_features,
    judging::{
        self, candidates, face_table,
        training::{JudgeSettings, Material},
    },
    model_file,
    negatives::Negatives,
    positives::Positives,
    sheet,
    training::{self, Settings, Training},
};
use clap::{Args, Parser, Subcommand};
use contracts::{
    Config,
    config::section::{BadValue, Validate as _},
    publish, stdout, tell,
};
use lbp_cascade::SearchSizes;
use pictures::Encoding;

/// LBP cascades that OpenCV reads: trained from crops of a subject and pictures without it.
#[derive(Parser)]
#[command(name = "cascade")]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Train a cascade. A killed training is resumed by the same command.
    Train(Train),
    /// Train a judge: a small network that looks at cascades' candidates once more, and says how likely each is.
    Judge(JudgeArguments),
    /// Compare cascades on a folder of pictures; a truth.json in it says where the subjects are.
    Eval(Eval),
}

#[derive(Args)]
struct Train {
    /// A folder or a tar file of square crops, framed as the subject is to be found.
    #[arg(long, value_name = "PATH")]
    positives: PathBuf,
    /// A folder of pictures; a truth.json in it says where the subject is. May be repeated.
    #[arg(long, value_name = "FOLDER", required = true)]
    negatives: Vec<PathBuf>,
    /// The cascade to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The window's side in pixels.
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u8).range(6..=64))]
    side: u8,
    /// How many stages to train at most.
    #[arg(long, default_value_t = 20)]
    stages: usize,
    /// Positive windows for each stage.
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    positive_windows: usize,
    /// Negative windows for each stage.
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    negative_windows: usize,
    /// Noise textures among the negatives, other ones for each stage: walls and paper look like anything to a detector.
    #[arg(long, default_value_t = 32, value_name = "N", alias = "grain")]
    noise_textures: usize,
    /// The share of positive windows that must pass each stage.
    #[arg(long, default_value_t = 0.997)]
    hit_rate: f64,
    /// The share of negative windows that may pass each stage.
    #[arg(long, default_value_t = 0.5)]
    false_alarm: f64,
    /// How many stumps a stage has at most.
    #[arg(long, default_value_t = 100)]
    stumps: usize,
    /// What everything random follows from.
    #[arg(long, default_value_t = 20_170_112)]
    seed: u64,
}

#[derive(Args)]
struct JudgeArguments {
    /// A folder or a tar file of square crops, framed as the cascades frame the subject.
    #[arg(long, value_name = "PATH")]
    positives: PathBuf,
    /// A folder of pictures; a truth.json in it says where the subject is. May be repeated.
    #[arg(long, value_name = "FOLDER", required = true)]
    pictures: Vec<PathBuf>,
    /// A table of the faces in pictures that are named by their MD5; those of its measuring half are passed over.
    #[arg(long, value_name = "FILE")]
    faces: Option<PathBuf>,
    /// The cascade whose first stages propose.
    #[arg(long, value_name = "FILE")]
    cascade: PathBuf,
    /// The judge to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// How many times the hardest windows are looked up.
    #[arg(long, default_value_t = 5)]
    rounds: u64,
    /// Steps a round, of 256 examples each.
    #[arg(long, default_value_t = 400, value_name = "N")]
    steps: u64,
    /// The highest learning rate.
    #[arg(long, default_value_t = 0.004)]
    rate: f32,
    /// What everything random follows from.
    #[arg(long, default_value_t = 20_170_112)]
    seed: u64,
}

#[derive(Args)]
struct Eval {
    /// Cascade files.
    #[arg(required = true, value_name = "MODEL")]
    models: Vec<PathBuf>,
    /// The pictures.
    #[arg(long, value_name = "FOLDER")]
    pictures: PathBuf,
    /// The step between the sizes searched.
    #[arg(long, default_value_t = 1.1)]
    scale_factor: f64,
    /// How many raw detections must agree, less one.
    #[arg(long, default_value_t = 5)]
    min_neighbors: i32,
    /// The smallest subject searched for, in pixels.
    #[arg(long, default_value_t = 48)]
    min_size: i32,
    /// Where to put a contact sheet for each cascade of what it alone found.
    #[arg(long, value_name = "FOLDER")]
    sheets: Option<PathBuf>,
}

fn main() -> ExitCode {
    contracts::stderr::tell_panics();
    let arguments: CommandLine = match contracts::command_line::parse() {
        Ok(arguments) => arguments,
        Err(outcome) => return outcome.into(),
    };
    let done = match arguments.command {
        Command::Train(arguments) => train(&arguments),
        Command::Judge(arguments) => judge(&arguments),
        Command::Eval(arguments) => compare(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn compare(arguments: &Eval) -> anyhow::Result<()> {
    let mut config = Config::default().crop;
    (config.scale_factor, config.min_neighbors) = (arguments.scale_factor, arguments.min_neighbors);
    config.min_size = arguments.min_size;
    let problems = config.bad_values();
    let words = |bad: &BadValue| format!("--{} {}", bad.key.replace('_', "-"), bad.problem);
    anyhow::ensure!(problems.is_empty(), problems.iter().map(words).collect::<Vec<_>>().join("; "));
    let mut pictures = Pictures::read(&arguments.pictures)?;
    let candidates = arguments.models.iter().map(|model| Candidate::read(model));
    let mut candidates = candidates.collect::<Result<Vec<_>, _>>()?;
    let sizes = SearchSizes { scale_factor: config.scale_factor, min_size: config.min_size, max_size: config.max_size };
    pictures.search(&mut candidates, &DetectionSettings { sizes, min_neighbors: config.min_neighbors })?;
    stdout::write(&evaluation::table(&pictures, &candidates).to_string())?;
    let Some(folder) = &arguments.sheets else { return Ok(()) };
    publish::create_folder(folder)?;
    for (index, candidate) in candidates.iter().enumerate() {
        let alone = evaluation::alone(&candidates, index);
        let path = folder.join(format!("{}-alone.png", candidate.name));
        let sheet = sheet::draw(&pictures, &alone)?;
        publish::write_file(&path, &sheet.encode(Encoding::Png)?)?;
        tell!("{}: {} boxes that no other cascade found", path.display(), alone.len());
    }
    Ok(())
}

fn judge(arguments: &JudgeArguments) -> anyhow::Result<()> {
    let table = arguments.faces.as_deref().map(face_table::read).transpose()?.unwrap_or_default();
    let pictures = candidates::read(&arguments.pictures, &table)?;
    anyhow::ensure!(!pictures.is_empty(), TrainingError::NoNegatives);
    let cascade = Candidate::cascade(&arguments.cascade)?;
    let wrong = candidates::wrong(&pictures, &cascade, arguments.seed);
    let crops = candidates::read_crops(&arguments.positives)?;
    let material = Material { crops: &crops, pictures: &pictures, wrong: &wrong, cascade: &cascade };
    let JudgeArguments { rounds, steps, rate, seed, .. } = *arguments;
    let settings = JudgeSettings { rounds, steps, rate, seed };
    let judge = judging::training::train(&material, &settings, &mut |line| tell!("{line}"));
    publish::write_file(&arguments.out, &judge.to_bytes())?;
    stdout::path(&arguments.out)?;
    Ok(())
}

fn train(arguments: &Train) -> anyhow::Result<()> {
    let positives = Positives::read(&arguments.positives)?;
    let negatives = Negatives::read(&arguments.negatives, &positives, arguments.noise_textures)?;
    let settings = Settings {
        side: arguments.side,
        stages: arguments.stages,
        positives: arguments.positive_windows,
        negatives: arguments.negative_windows,
        noise_textures: arguments.noise_textures,
        goals: Goals {
            minimum_hit_rate: arguments.hit_rate,
            maximum_false_alarm: arguments.false_alarm,
            maximum_stumps: arguments.stumps,
        },
        seed: arguments.seed,
        crops: positives.crops().len(),
    };
    let mut training = Training::resume(settings, &arguments.out)?;
    training.run(&positives, &negatives, &arguments.out, &mut |line| tell!("{line}"))?;
    let features = all_features(arguments.side);
    let cascade =
        model_file::to_cascade(arguments.side, &features, &training.stages).map_err(TrainingError::NoCascade)?;
    publish::write_file(&arguments.out, cascade.to_xml().as_bytes())?;
    publish::remove_file(&training::unfinished(&arguments.out))?;
    stdout::path(&arguments.out)?;
    Ok(())
}
