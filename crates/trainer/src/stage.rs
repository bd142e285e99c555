//! The train stage: a dataset in, a run's folder with weights out.

use contracts::{Config, Context, Report, Stage, StageId, options::NoOptions, report::State};
use dataset::{Dataset, SplitName};

use crate::{
    device::ChosenDevice,
    error::TrainError,
    health::Health,
    plan::{self, Plan},
    provenance::{self, Provenance},
    run_folder,
    training_loop::{self, Ending, Surroundings},
};

/// Dataset to weights.
pub struct Train;

impl Stage for Train {
    const ID: StageId = StageId::Train;
    type Error = TrainError;
    type Options = NoOptions;

    fn problems(config: &Config) -> Vec<String> {
        plan::problems(config)
    }

    fn run(context: &Context<'_>, _options: &NoOptions) -> Result<Report, TrainError> {
        let Context { config, layout, progress, interrupt } = *context;
        let dataset = Dataset::open(&layout.dataset())?;
        dataset.verify()?;
        let split = dataset.split(SplitName::Train);
        let plan = Plan::new(config, &dataset.hash(), split.side(), split.len())?;
        let chosen = ChosenDevice::new(config.train.device)?;
        tracing::info!("training {} on {} ({})", plan.run, chosen.kind, chosen.reason);

        let branch_from = run_folder::branch_from(layout, &plan)?;
        let run = run_folder::prepare(layout, &plan, config)?;
        let mut provenance = Provenance::new(config, &plan, &dataset, chosen.kind)?;
        if !run.provenance().exists() {
            provenance::write_posts(&run, &dataset)?;
            provenance.write(&run)?;
        }
        let ending = training_loop::train(
            &plan,
            &Surroundings {
                split,
                run: &run,
                branch_from: branch_from.as_ref(),
                device: &chosen.device,
                kind: chosen.kind,
                progress,
                interrupt,
                judge: |health, measured, _| Health::judge(health, measured),
            },
        )?;

        let mut report = report(&plan, split.len(), &ending);
        if ending.state == State::Complete {
            let (generator, bytes) = run_folder::export(&run, &ending.reached.networks.average.generator())?;
            provenance.reached(&ending.reached, generator);
            provenance.write(&run)?;
            report.output = Some(generator);
            report.bytes = bytes;
        }
        Ok(report)
    }
}

fn report(plan: &Plan, rows: usize, ending: &Ending) -> Report {
    let mut report = Report::new(StageId::Train);
    report.state = ending.state;
    report.run = Some(plan.run.clone());
    report.taken = rows as u64;
    report.kept = rows as u64;
    report.warnings = ending.warnings.clone();
    let mut figure = |name: &str, value: f64| report.figures.insert(name.to_owned(), value);
    let position = ending.reached.position;
    figure("images_shown", position.images as f64);
    figure("steps", position.step as f64);
    figure("epochs", position.images as f64 / rows as f64);
    figure("rollbacks", position.attempt.into());
    if let Some(rate) = ending.images_per_second {
        figure("images_per_second", rate);
    }
    if let Some(measured) = ending.measured {
        figure("loss_discriminator", measured.loss_discriminator.into());
        figure("loss_generator", measured.loss_generator.into());
        figure("score_real", measured.score_real.into());
        figure("score_fake", measured.score_fake.into());
        if let Some(diversity) = measured.diversity {
            figure("diversity", diversity.into());
        }
    }
    report
}
