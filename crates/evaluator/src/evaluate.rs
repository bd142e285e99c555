//! The evaluate stage: samples the trained generator and measures how far that is from real images.

use std::fmt;

use contracts::{
    Context, Report, Stage, StageId,
    hash::ContentHash,
    layout::RunLayout,
    options::EvaluateOptions,
    publish,
    report::{Reason, State},
};
use dataset::{Dataset, SplitName};
use generator::ChosenDevice;
use metrics::{Images, MetricError, pyramid, sliced_wasserstein};

use crate::{
    comparison::Comparison,
    error::EvaluateError,
    evaluation::{Distance, Evaluation, FORMAT, SlicedWasserstein, VERSION},
    grid,
    sampler::{BATCH, Sampler},
    verify::verify,
};

/// Below this many images in a set, distances say little.
const MIN_RELIABLE_IMAGES: usize = 500;

/// The evaluate stage: takes a run's generator and the dataset, owns the run's `evaluation/`.
pub struct Evaluate;

impl Stage for Evaluate {
    const ID: StageId = StageId::Evaluate;
    type Error = EvaluateError;
    type Options = EvaluateOptions;

    fn answer(context: &Context<'_>, options: &EvaluateOptions) -> Result<String, EvaluateError> {
        options.verify.map_or_else(|| Ok(String::new()), |draw| verify(context, draw))
    }

    fn run(context: &Context<'_>, _options: &EvaluateOptions) -> Result<Report, EvaluateError> {
        let dataset = Dataset::open(&context.layout.dataset())?;
        let seed = context.config.seed();
        let run = context.config.run_id(&dataset.hash());
        let folder = context.layout.run(&run);
        if !folder.generator().exists() {
            return Err(EvaluateError::NotTrained { run, path: folder.generator() });
        }
        let chosen = ChosenDevice::new(context.config.train.device)?;
        tracing::info!("sampling on {} ({})", chosen.kind, chosen.reason);
        let sampler = Sampler::load(&folder.generator(), seed, &chosen.device)?;
        let real = dataset.shape().side() as usize;
        if sampler.side() != real {
            return Err(EvaluateError::OtherSide { path: folder.generator(), generated: sampler.side(), real });
        }

        let samples = usize::try_from(context.config.evaluate.samples).unwrap_or(usize::MAX);
        let rows = |split| dataset.split(split).len();
        let comparison = Comparison::new(samples, rows(SplitName::Train), rows(SplitName::Holdout), seed)?;
        let mut report = Report::new(Self::ID);
        report.taken = context.config.evaluate.samples;
        report.run = Some(run.clone());
        let Some(sliced_wasserstein) = measure(context, &dataset, &sampler, &comparison)? else {
            report.state = State::Interrupted;
            return Ok(report);
        };

        let evaluation = Evaluation {
            format: FORMAT.into(),
            version: VERSION,
            run,
            dataset: dataset.hash(),
            generator: sampler.hash(),
            seed,
            side: sampler.side(),
            generated: comparison.generated(),
            sliced_wasserstein: Some(sliced_wasserstein),
            features: vec![],
            images: vec![],
            copying: None,
            walks: None,
        };
        publish_grids(&folder, &dataset, &sampler, &comparison, samples)?;
        publish_evaluation(&folder, &evaluation, &mut report)?;
        summarize(&comparison, &evaluation, &mut report);
        Ok(report)
    }
}

/// The distances between all sets; `None` when interrupted.
fn measure(
    context: &Context<'_>,
    dataset: &Dataset,
    sampler: &Sampler,
    comparison: &Comparison,
) -> Result<Option<SlicedWasserstein>, EvaluateError> {
    let seed = context.config.seed();
    let reference = comparison.read_reference(dataset)?;
    let (mut to_reference, mut to_train, mut baseline) = (Vec::new(), Vec::new(), Vec::new());
    let Comparison { images, generated_sets, .. } = *comparison;
    tracing::info!("measuring {generated_sets} sets of {images} images from {}", sampler.path().display());
    context.progress.begin("sampling and measuring", comparison.generated() as u64);
    for set in 0..generated_sets {
        let Some(generated) = sample_set(context, sampler, images, set)? else { return Ok(None) };
        match comparison.read_train(dataset, set)? {
            Some(train) => {
                let distances = sliced_wasserstein::pairwise(&[&generated, &reference, &train], seed)?;
                to_reference.push(of_pair(&distances, 0));
                to_train.push(of_pair(&distances, 1));
                baseline.push(of_pair(&distances, 2));
            }
            None => to_reference.push(of_pair(&sliced_wasserstein::pairwise(&[&generated, &reference], seed)?, 0)),
        }
        context.progress.advance(images as u64);
    }
    let sides = pyramid::sides(sampler.side());
    let holdout = match comparison.reference_split {
        SplitName::Holdout => Distance::of(&sides, &to_reference),
        SplitName::Train => None,
    };
    Ok(Some(SlicedWasserstein {
        images,
        holdout,
        train: Distance::of(&sides, &to_train),
        baseline: Distance::of(&sides, &baseline),
    }))
}

/// Samples one set, a batch at a time; `None` when interrupted.
fn sample_set(
    context: &Context<'_>,
    sampler: &Sampler,
    images: usize,
    set: usize,
) -> Result<Option<Images>, EvaluateError> {
    let (start, end) = ((set * images) as u64, ((set + 1) * images) as u64);
    let mut pixels = Vec::new();
    for first in (start..end).step_by(BATCH) {
        if context.interrupt.is_raised() {
            return Ok(None);
        }
        pixels.extend(sampler.sample(first..end.min(first + BATCH as u64))?.into_pixels());
    }
    Ok(Some(Images::new(sampler.side(), pixels).map_err(MetricError::from)?))
}

/// One pair's distance at each level.
fn of_pair(distances: &[Vec<f64>], pair: usize) -> Vec<f64> {
    distances.iter().map(|level| level[pair]).collect()
}

fn publish_grids(
    folder: &RunLayout,
    dataset: &Dataset,
    sampler: &Sampler,
    comparison: &Comparison,
    samples: usize,
) -> Result<(), EvaluateError> {
    let generated = sampler.sample(0..samples.min(grid::SHOWN) as u64)?;
    let real = comparison.read_shown(dataset, grid::SHOWN)?;
    publish::write_file(&folder.evaluation_grid(), &grid::pair(&generated, &real)?)?;
    publish::write_file(&folder.evaluation_reals(), &grid::single(&real)?)?;
    Ok(())
}

/// The metrics come last: where they are, the evaluation is whole.
fn publish_evaluation(folder: &RunLayout, evaluation: &Evaluation, report: &mut Report) -> Result<(), EvaluateError> {
    let mut json = serde_json::to_vec_pretty(evaluation)?;
    json.push(b'\n');
    publish::write_file(&folder.evaluation_metrics(), &json)?;
    report.output = Some(ContentHash::of(&json));
    for path in [folder.evaluation_metrics(), folder.evaluation_grid(), folder.evaluation_reals()] {
        report.bytes += path.metadata().map_err(publish::FileError::at("read", &path))?.len();
    }
    Ok(())
}

/// Samples that are in no set, because sets are of equal size.
struct LeftOver {
    /// Images in every set.
    images: usize,
}

impl fmt::Display for LeftOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "left over from sets of {}", self.images)
    }
}

impl Reason for LeftOver {
    fn tag(&self) -> &'static str {
        "left_over"
    }
}

/// The counts, metrics and warnings of the stage's report.
fn summarize(comparison: &Comparison, evaluation: &Evaluation, report: &mut Report) {
    report.kept = comparison.generated() as u64;
    let rest = report.taken - report.kept;
    report.drop(&LeftOver { images: comparison.images }, rest);
    let Some(distances) = &evaluation.sliced_wasserstein else { return };
    report.figures.insert("swd_images".into(), distances.images as f64);
    let named = [("holdout", &distances.holdout), ("train", &distances.train), ("floor", &distances.baseline)];
    for (name, distance) in named.into_iter().filter_map(|(name, distance)| Some((name, distance.as_ref()?))) {
        report.figures.insert(format!("swd_{name}"), distance.mean);
        for level in &distance.levels {
            report.figures.insert(format!("swd_{name}_{}px", level.side), level.mean);
        }
    }
    if distances.holdout.is_none() {
        report.warnings.push("no image was kept out of training, so nothing shows whether they are merely copied; set pack.holdout above 0".into());
    }
    if distances.images < MIN_RELIABLE_IMAGES {
        report.warnings.push(format!(
            "the sliced Wasserstein distances compare sets of {} images: below {MIN_RELIABLE_IMAGES} they say little; read \
             them beside the floor, and gather more images or raise pack.holdout and evaluate.samples",
            distances.images
        ));
    }
}
