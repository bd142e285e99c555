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
use metrics::{Images, Metric};

use crate::{
    comparison::Comparison,
    error::EvaluateError,
    evaluation::{Evaluation, FORMAT, Neighbours, VERSION},
    feature_sets::FeatureSets,
    grid, nearest,
    network::Network,
    sampler::Sampler,
    subject::{self, Sampled, Subject},
    verify::verify,
};

/// Below this many images in a set, sliced Wasserstein distances say little.
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
        let (config, seed) = (context.config, context.config.seed());
        let dataset = Dataset::open(&context.layout.dataset())?;
        let run = config.run_id(&dataset.hash());
        let folder = context.layout.run(&run);
        if !folder.generator().exists() {
            return Err(EvaluateError::NotTrained { run, path: folder.generator() });
        }
        let networks = Network::chosen(&config.evaluate)?;
        let sampler = open_sampler(context, &folder, &dataset)?;

        let samples = usize::try_from(config.evaluate.samples).unwrap_or(usize::MAX);
        let rows = |split| dataset.split(split).len();
        let [train, holdout] = [rows(SplitName::Train), rows(SplitName::Holdout)];
        let comparison = Comparison::new(samples, train, holdout, seed)?;
        let subject = Subject {
            context,
            dataset: &dataset,
            sampler: &sampler,
            networks: &networks,
            sets: &FeatureSets::new(comparison.generated(), train, holdout, seed),
            comparison: &comparison,
            metrics: subject::wanted(&config.evaluate),
        };
        let mut report = Report::new(Self::ID);
        report.taken = config.evaluate.samples;
        report.run = Some(run.clone());
        let published = Published { folder: &folder, dataset: &dataset, subject: &subject, samples };
        match evaluate(&subject, &mut report)? {
            Some(found) => published.publish(found, &mut report)?,
            None => report.state = State::Interrupted,
        }
        Ok(report)
    }
}

fn open_sampler(context: &Context<'_>, folder: &RunLayout, dataset: &Dataset) -> Result<Sampler, EvaluateError> {
    let chosen = ChosenDevice::new(context.config.train.device)?;
    tracing::info!("sampling on {} ({})", chosen.kind, chosen.reason);
    let sampler = Sampler::load(&folder.generator(), context.config.seed(), &chosen.device)?;
    let real = dataset.shape().side() as usize;
    if sampler.side() != real {
        return Err(EvaluateError::OtherSide { path: folder.generator(), generated: sampler.side(), real });
    }
    Ok(sampler)
}

/// What was found, before it is published.
struct Found {
    evaluation: Evaluation,
    neighbours: Neighbours,
    samples: Images,
    walks: Vec<u8>,
    /// None where the generator knows no classes.
    by_class: Option<Vec<u8>>,
}

/// Measures everything; `None` when interrupted.
fn evaluate(subject: &Subject<'_>, report: &mut Report) -> Result<Option<Found>, EvaluateError> {
    let (sampler, seed) = (subject.sampler, subject.context.config.seed());
    let run = subject.context.config.run_id(&subject.dataset.hash());
    let Some(mut sampled) = subject.sample()? else { return Ok(None) };
    let rows = sampled.take_rows();
    let Some((features, undefined)) = subject.measure_features(rows)? else { return Ok(None) };
    let Sampled { sliced_wasserstein, kept, .. } = sampled;
    let images = subject.measure_images(&kept)?;
    report.warnings.extend(undefined.into_iter().chain(images.warnings));
    let Some(nearest) = subject.search_nearest(&kept)? else { return Ok(None) };
    let wants_copying = subject.metrics.contains(&Metric::Copying);
    let copying = if wants_copying { nearest.copying(seed)? } else { None };
    let neighbours = nearest.shown(subject.dataset, &run, sampler.hash())?;
    let (walks, walks_sheet) = subject.walk()?;
    let (classes, by_class) = subject.sample_by_class()?;
    let evaluation = Evaluation {
        format: FORMAT.into(),
        version: VERSION,
        run,
        dataset: subject.dataset.hash(),
        generator: sampler.hash(),
        seed,
        side: sampler.side(),
        generated: subject.comparison.generated(),
        sliced_wasserstein,
        features,
        images: images.measurements,
        copying,
        walks: Some(walks),
        classes,
    };
    Ok(Some(Found { evaluation, neighbours, samples: kept, walks: walks_sheet, by_class }))
}

/// Where what was found goes.
struct Published<'a> {
    folder: &'a RunLayout,
    dataset: &'a Dataset,
    subject: &'a Subject<'a>,
    samples: usize,
}

impl Published<'_> {
    /// The metrics come last: where they are, the evaluation is whole.
    fn publish(&self, found: Found, report: &mut Report) -> Result<(), EvaluateError> {
        let Self { folder, dataset, subject, .. } = self;
        let generated = subject.sampler.sample(0..self.samples.min(grid::SHOWN) as u64)?;
        let real = subject.comparison.read_shown(dataset, grid::SHOWN)?;
        let metrics = json(&found.evaluation)?;
        let files = [
            (folder.evaluation_grid(), grid::pair(&generated, &real)?),
            (folder.evaluation_reals(), grid::single(&real)?),
            (folder.evaluation_neighbours_sheet(), nearest::sheet(dataset, &found.samples, &found.neighbours)?),
            (folder.evaluation_neighbours(), json(&found.neighbours)?),
            (folder.evaluation_walks(), found.walks),
        ];
        report.output = Some(ContentHash::of(&metrics));
        let by_class = found.by_class.map(|sheet| (folder.evaluation_classes(), sheet));
        for (path, content) in files.into_iter().chain(by_class).chain([(folder.evaluation_metrics(), metrics)]) {
            report.bytes += content.len() as u64;
            publish::write_file(&path, &content)?;
        }
        summarize(subject.comparison, &found.evaluation, report);
        Ok(())
    }
}

fn json(value: &impl serde::Serialize) -> Result<Vec<u8>, EvaluateError> {
    let mut json = serde_json::to_vec_pretty(value)?;
    json.push(b'\n');
    Ok(json)
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
    add_distances(evaluation, report);
    for (network, measurement) in evaluation.measurements() {
        let name = network.map_or_else(|| measurement.metric.to_string(), |of| format!("{}_{of}", measurement.metric));
        report.figures.insert(name.clone(), measurement.value);
        if let Some(baseline) = measurement.baseline {
            report.figures.insert(format!("{name}_baseline"), baseline);
        }
    }
    if comparison.reference_split == SplitName::Train {
        report.warnings.push("no image was kept out of training, so nothing shows whether they are merely copied; set pack.holdout above 0".into());
    }
    let doubtful: Vec<&str> = evaluation
        .measurements()
        .filter(|(_, measurement)| measurement.warning.is_some())
        .map(|(_, measurement)| measurement.metric.name())
        .collect();
    if !doubtful.is_empty() {
        let mut names = doubtful;
        names.dedup();
        report.warnings.push(format!(
            "there are too few images for {} to say much; read them beside their intervals and the baseline, and gather more \
             images or raise pack.holdout and evaluate.samples",
            names.join(", ")
        ));
    }
}

/// The sliced Wasserstein distances, scale by scale.
fn add_distances(evaluation: &Evaluation, report: &mut Report) {
    let Some(distances) = &evaluation.sliced_wasserstein else { return };
    report.figures.insert("swd_images".into(), distances.images as f64);
    let named = [("holdout", &distances.holdout), ("train", &distances.train), ("floor", &distances.baseline)];
    for (name, distance) in named.into_iter().filter_map(|(name, distance)| Some((name, distance.as_ref()?))) {
        report.figures.insert(format!("swd_{name}"), distance.mean);
        for level in &distance.levels {
            report.figures.insert(format!("swd_{name}_{}px", level.side), level.mean);
        }
    }
    if distances.images < MIN_RELIABLE_IMAGES {
        report.warnings.push(format!(
            "the sliced Wasserstein distances compare sets of {} images: below {MIN_RELIABLE_IMAGES} they say little; read \
             them beside the floor, and gather more images or raise pack.holdout and evaluate.samples",
            distances.images
        ));
    }
}
