//! `cargo xtask verify`: whether what the stages made is what they would make.

use std::time::{SystemTime, UNIX_EPOCH};

use contracts::{
    Outcome, StageId,
    options::{CrawlOptions, CropOptions, EvaluateOptions, PackOptions, Request, TrainOptions},
    tell,
    verification::Draw,
};

use crate::{arguments::VerifyOptions, inputs, launch, pipeline, project::Project, workspace::Workspace};

/// The stages that can compare what they made.
const STAGES: [StageId; 5] = [StageId::Crawl, StageId::Crop, StageId::Pack, StageId::Train, StageId::Evaluate];

/// Has each stage, or the ones named, compare a drawn part, and goes on where something is damaged: all of it is to be known.
pub(crate) fn run(workspace: &Workspace, options: &VerifyOptions) -> anyhow::Result<Outcome> {
    let project = Project::open(workspace, &options.run.config)?;
    let named = |stage: &StageId| options.stages.is_empty() || options.stages.contains(stage);
    let mut stages = Vec::new();
    for stage in STAGES.into_iter().filter(named) {
        match inputs::output(stage, &project)? {
            Some(_) => stages.push(stage),
            None => tell!("{stage}: there is nothing to verify"),
        }
    }
    let draw = draw(options);
    if options.run.dry_run || stages.is_empty() {
        stages.iter().for_each(|stage| tell!("{stage}: would be verified"));
        return Ok(Outcome::Done);
    }
    tell!("verifying {}", if draw == Draw::All { "all".into() } else { format!("what --seed {draw} draws") });
    pipeline::prepare(workspace, &project, &stages, options.run.yes)?;
    launch::stop_stages_on_signals()?;
    let mut worst = Outcome::Done;
    for stage in stages {
        let request = request(stage, draw);
        match launch::stage(workspace, &project, stage, request.mode, &request.arguments)?.outcome {
            Outcome::Done => tell!("{stage}: verified"),
            Outcome::Interrupted => return Ok(Outcome::Interrupted),
            _ => worst = Outcome::Failed,
        }
    }
    Ok(worst)
}

/// Everything, or what the seed draws; without one, something else each time.
fn draw(options: &VerifyOptions) -> Draw {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    if options.all { Draw::All } else { Draw::Seed(options.seed.unwrap_or_else(now)) }
}

fn request(stage: StageId, draw: Draw) -> Request {
    let verify = Some(draw);
    match stage {
        StageId::Crawl => Request::from(&CrawlOptions { verify, ..CrawlOptions::default() }),
        StageId::Crop => Request::from(&CropOptions { verify, ..CropOptions::default() }),
        StageId::Pack => Request::from(&PackOptions { verify, ..PackOptions::default() }),
        StageId::Train => Request::from(&TrainOptions { verify, ..TrainOptions::default() }),
        StageId::Evaluate | StageId::Report => Request::from(&EvaluateOptions { verify }),
    }
}
