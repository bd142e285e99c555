//! The train stage: a dataset in, a run's folder with weights out.

use burn::tensor::DType;
use contracts::{
    Config, Context, Layout, Report, Stage, StageId,
    config::Precision,
    layout::RunLayout,
    lock,
    options::{Mode, StageOptions as _, TrainOptions},
    report::State,
};
use dataset::{Dataset, SplitName};
use gan::Recipe;
use generator::{ChosenDevice, DeviceKind};

use crate::{
    context::{RankContext, TrainingContext},
    error::TrainError,
    measuring::{self, MeasuringPlan},
    plan::{self, Plan},
    provenance::{self, Provenance},
    ranks::{Alike, Ranks},
    run_folder,
    training_loop::{self, TrainingResult},
    verify::verify,
};

/// The train stage: takes `data/dataset`, owns `artifacts/runs/<id>` but for the evaluator's files in it.
pub struct Train;

impl Stage for Train {
    const ID: StageId = StageId::Train;
    type Error = TrainError;
    type Options = TrainOptions;

    fn problems(config: &Config) -> Vec<String> {
        [plan::problems(config), measuring::problems(&config.train)].concat()
    }

    fn answer(context: &Context<'_>, options: &TrainOptions) -> Result<String, TrainError> {
        options.verify.map_or_else(|| Ok(list_recipes()), |draw| verify(context, draw))
    }

    fn run(context: &Context<'_>, _options: &TrainOptions) -> Result<Report, TrainError> {
        let Context { config, layout, progress, interrupt } = *context;
        let ranks = Ranks::of_this_process();
        let chosen = ChosenDevice::new(config.train.device)?;
        check(ranks, config, &chosen)?;
        let dataset = opened(layout)?;
        let split = dataset.split(SplitName::Train);
        let plan = Plan::new(config, &dataset.hash(), split.side(), split.len())?.with_labels(config, split)?;
        let measuring = MeasuringPlan::new(&config.train, &plan, chosen.kind)?;
        tracing::info!("training {} on {} ({}){}", plan.run, chosen.kind, chosen.reason, told(ranks));

        // The stage's lock is of this data folder; another one may hold the same dataset, and so the same run.
        let _held = lock::hold_run(&layout.run(&plan.run))?;
        let branch_from = run_folder::branch_from(layout, &plan)?;
        ranks.compare(&alike(config, &dataset, branch_from.as_ref()))?;
        let run = run_folder::prepare(layout, &plan, config)?;
        let mut provenance = Provenance::new(config, &plan, &dataset, chosen.kind)?;
        if !run.provenance().exists() {
            provenance::write_posts(&run, &dataset)?;
            provenance.write(&run)?;
        }
        let result = training_loop::train(
            &plan,
            &TrainingContext {
                rank: RankContext {
                    split,
                    run: &run,
                    branch_from: branch_from.as_ref(),
                    ranks,
                    device: &chosen.device,
                    kind: chosen.kind,
                    interrupt,
                },
                holdout: dataset.split(SplitName::Holdout),
                measuring: &measuring,
                progress,
            },
        )?;

        let mut report = report(&plan, split.len(), &result);
        if result.state == State::Complete {
            let exported = run_folder::export(&run, &result.reached.networks)?;
            provenance.complete(&result.reached, &exported);
            provenance.write(&run)?;
            report.output = Some(exported.generator);
            report.bytes = exported.bytes;
        }
        Ok(report)
    }
}

/// What a rank does besides the stage on rank 0: computes its parts, and writes nothing.
///
/// # Errors
/// When it cannot go on, and so none of them can. What all ranks find alike is rank 0's to tell, and no error here.
#[cfg_attr(not(feature = "mpi"), expect(dead_code, reason = "there are no other ranks"))]
pub(crate) fn follow(context: &Context<'_>, options: &TrainOptions) -> Result<(), TrainError> {
    if options.mode() != Mode::Work {
        return Ok(());
    }
    match follow_to_the_end(context, Ranks::of_this_process()) {
        Err(TrainError::Unlike(_) | TrainError::RankCount { .. }) => Ok(()),
        followed => followed,
    }
}

fn follow_to_the_end(context: &Context<'_>, ranks: Ranks) -> Result<(), TrainError> {
    let Context { config, layout, interrupt, .. } = *context;
    let chosen = ChosenDevice::new(config.train.device)?;
    check(ranks, config, &chosen)?;
    let dataset = opened(layout)?;
    let split = dataset.split(SplitName::Train);
    let plan = Plan::new(config, &dataset.hash(), split.side(), split.len())?.with_labels(config, split)?;
    // Before rank 0 points at the run as the latest.
    let branch_from = run_folder::branch_from(layout, &plan)?;
    ranks.compare(&alike(config, &dataset, branch_from.as_ref()))?;
    training_loop::follow(
        &plan,
        RankContext {
            split,
            run: &layout.run(&plan.run),
            branch_from: branch_from.as_ref(),
            ranks,
            device: &chosen.device,
            kind: chosen.kind,
            interrupt,
        },
    )
}

/// Refuses another number of ranks than is configured, on all ranks alike, and a device that cannot do what is configured.
fn check(ranks: Ranks, config: &Config, chosen: &ChosenDevice) -> Result<(), TrainError> {
    let (configured, started) = (config.train.ranks, ranks.size());
    if configured != started {
        return Err(ranks.refused(TrainError::RankCount { configured, started }));
    }
    if started > 1 && chosen.kind != DeviceKind::Cpu {
        return Err(TrainError::RankDevice);
    }
    let (precision, is_cuda) = (config.train.precision, matches!(chosen.kind, DeviceKind::Cuda(_)));
    match precision {
        Precision::F32 if is_cuda => Err(TrainError::ExactPrecision(chosen.kind)),
        Precision::Bf16 if chosen.kind != DeviceKind::Cpu && !chosen.device.supports_dtype(DType::BF16) => {
            Err(TrainError::NoBf16(chosen.kind))
        }
        _ => Ok(()),
    }
}

/// All that the bits depend on and that might differ between processes.
fn alike(config: &Config, dataset: &Dataset, branch_from: Option<&RunLayout>) -> [Alike; 6] {
    let origin = branch_from.map(|run| run.root().display().to_string()).unwrap_or_default();
    [
        Alike::program(),
        Alike::processor(),
        Alike::mathematics(),
        Alike::new("configuration", config.to_toml().as_bytes()),
        Alike::hashed("dataset", dataset.hash()),
        Alike::new("run to begin at", origin.as_bytes()),
    ]
}

fn told(ranks: Ranks) -> String {
    if ranks.size() > 1 { format!(", {} ranks", ranks.size()) } else { String::new() }
}

/// A line a recipe: its name, and what it is.
fn list_recipes() -> String {
    let width = Recipe::names().into_iter().map(str::len).max().unwrap_or_default();
    let recipes = Recipe::descriptions().map(|(name, description)| format!("{name:width$}  {description}\n"));
    recipes.chain(["A recipe of your own: train.recipe = \"PATH.toml\"".to_owned()]).collect()
}

/// The dataset, whole: where it lies, or as a copy on the machine's own disk.
fn opened(layout: &Layout) -> Result<Dataset, TrainError> {
    let dataset = Dataset::open(&layout.dataset())?;
    if let Some(folder) = layout.scratch_dataset(&dataset.hash()) {
        tracing::info!("reading the dataset from {}", folder.display());
        return Ok(dataset.copied_to(&folder)?);
    }
    dataset.verify()?;
    Ok(dataset)
}

fn report(plan: &Plan, rows: usize, result: &TrainingResult) -> Report {
    let mut report = Report::new(StageId::Train);
    report.state = result.state;
    report.run = Some(plan.run.clone());
    report.taken = rows as u64;
    report.kept = rows as u64;
    report.warnings = result.warnings.clone();
    let mut figure = |name: &str, value: f64| report.figures.insert(name.to_owned(), value);
    let position = result.reached.position;
    figure("images_shown", position.images as f64);
    figure("steps", position.step as f64);
    figure("epochs", position.images as f64 / rows as f64);
    figure("rollbacks", position.attempt.into());
    if let Some(rate) = result.images_per_second {
        figure("images_per_second", rate);
    }
    if let Some(metrics) = result.metrics {
        figure("loss_discriminator", metrics.loss_discriminator.into());
        figure("loss_generator", metrics.loss_generator.into());
        figure("score_real", metrics.score_real.into());
        figure("score_fake", metrics.score_fake.into());
        if let Some(diversity) = metrics.diversity {
            figure("diversity", diversity.into());
        }
    }
    if let Some(best) = &result.reached.best {
        figure("best_generator_kimg", best.record.kimg());
        figure(&format!("best_{}", best.record.method.metric), best.record.value.into());
    }
    report
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn f32_is_refused_where_tf32_may_be_multiplied() {
        let mut config = Config::default();
        config.train.precision = Precision::F32;
        let on = |kind| {
            let chosen = ChosenDevice { device: Device::flex(), kind, reason: String::new() };
            check(Ranks::of_this_process(), &config, &chosen).map_err(|error| error.to_string())
        };
        assert_eq!([on(DeviceKind::Cpu), on(DeviceKind::Gpu(0))], [Ok(()), Ok(())]);
        let error = on(DeviceKind::Cuda(1)).unwrap_err();
        assert!(error.contains("cuda:1") && error.contains("train.precision to \"tf32\""), "{error}");
    }
}
