//! The train stage: a dataset in, a run's folder with weights out.

use contracts::{Config, Context, Layout, Report, Stage, StageId, lock, options::TrainOptions, report::State};
use dataset::{Dataset, SplitName};
use gan::Recipe;
use generator::ChosenDevice;

use crate::{
    context::TrainingContext,
    error::TrainError,
    measuring::{self, MeasuringPlan},
    plan::{self, Plan},
    provenance::{self, Provenance},
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
        let dataset = opened(layout)?;
        let split = dataset.split(SplitName::Train);
        let plan = Plan::new(config, &dataset.hash(), split.side(), split.len())?.with_labels(config, split)?;
        let chosen = ChosenDevice::new(config.train.device)?;
        let measuring = MeasuringPlan::new(&config.train, &plan, chosen.kind)?;
        tracing::info!("training {} on {} ({})", plan.run, chosen.kind, chosen.reason);

        // The stage's lock is of this data folder; another one may hold the same dataset, and so the same run.
        let _held = lock::hold_run(&layout.run(&plan.run))?;
        let branch_from = run_folder::branch_from(layout, &plan)?;
        let run = run_folder::prepare(layout, &plan, config)?;
        let mut provenance = Provenance::new(config, &plan, &dataset, chosen.kind)?;
        if !run.provenance().exists() {
            provenance::write_posts(&run, &dataset)?;
            provenance.write(&run)?;
        }
        let result = training_loop::train(
            &plan,
            &TrainingContext {
                split,
                holdout: dataset.split(SplitName::Holdout),
                measuring: &measuring,
                run: &run,
                branch_from: branch_from.as_ref(),
                device: &chosen.device,
                kind: chosen.kind,
                progress,
                interrupt,
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
