//! Running the pipeline, or one stage of it.

use std::time::Instant;

use contracts::{
    Outcome, StageId,
    options::{Mode, Request},
    report::State,
    stdout, tell,
};

use crate::{
    arguments::{Engine, PipelineOptions, RunOptions},
    bad_usage::BadUsage,
    build,
    freshness::{self, Freshness},
    inputs, launch,
    lock::Entry,
    project::Project,
    setup, slurm,
    workspace::{Binaries, Workspace},
};

/// `cargo xtask pipeline`: every stage that is not fresh, in order.
pub(crate) fn run(workspace: &Workspace, options: &PipelineOptions) -> anyhow::Result<Outcome> {
    let project = Project::open(workspace, &options.stage.config)?;
    let stages = range(options.from, options.until)?;
    let runner = Runner { workspace, project: &project, retrain: options.retrain };
    if options.engine == Engine::Slurm {
        return slurm::pipeline(&runner, &stages, &options.stage);
    }
    if options.stage.dry_run {
        return runner.show_plan(&stages);
    }
    let outcome = runner.run(&stages, options.stage.yes)?;
    if stages.contains(&StageId::Train) && !matches!(outcome, Outcome::Failed | Outcome::Interrupted) {
        runner.tell_where()?;
    }
    Ok(outcome)
}

/// `cargo xtask crop` and its like: that stage, whether fresh or not. What it has done already it finds itself. Where it is
/// only asked something, its output is what it was, and so is what the lock says of it.
pub(crate) fn run_one(
    workspace: &Workspace,
    stage: StageId,
    run: &RunOptions,
    request: &Request,
) -> anyhow::Result<Outcome> {
    let project = Project::open(workspace, &run.config)?;
    let runner = Runner { workspace, project: &project, retrain: true };
    if run.dry_run {
        return runner.show_plan(&[stage]);
    }
    prepare(workspace, &project, &[stage], run.yes)?;
    if request.needs_parquet {
        build::parquet(workspace)?;
    }
    launch::stop_stages_on_signals()?;
    // A share leaves the lock alone: it marks the stage's folder, and is one of many on as many machines.
    if request.mode != Mode::Work || request.share.is_some() {
        return Ok(launch::stage(workspace, &project, stage, request.mode, &request.arguments)?.outcome);
    }
    let outcome = runner.run_stage(stage, &request.arguments)?;
    runner.say_how_to_resume(outcome, stage);
    Ok(outcome)
}

/// Makes sure that the stages can be built, builds them, and fetches what they need besides.
pub(crate) fn prepare(workspace: &Workspace, project: &Project, stages: &[StageId], yes: bool) -> anyhow::Result<()> {
    let builds = matches!(workspace.binaries(), Binaries::Built(_));
    if builds && build::needs_opencv(stages, &project.config) {
        setup::system(yes)?;
    }
    if builds && build::needs_mpi(stages, &project.config) {
        setup::mpi(yes)?;
    }
    if stages.contains(&StageId::Crop) {
        setup::cascade(&project.config.crop.cascade)?;
    }
    build::programs(workspace, &project.config, stages)?;
    if stages.contains(&StageId::Pack) && inputs::have_parquet(project)? {
        build::parquet(workspace)?;
    }
    Ok(())
}

/// The stages between two, both included.
fn range(from: Option<StageId>, until: Option<StageId>) -> anyhow::Result<Vec<StageId>> {
    let (from, until) = (from.unwrap_or(StageId::Crawl), until.unwrap_or(StageId::Report));
    if from > until {
        return Err(BadUsage(format!("--from {from} comes after --until {until}: nothing would run")).into());
    }
    Ok(StageId::ALL.into_iter().filter(|stage| (from..=until).contains(stage)).collect())
}

/// Runs stages of one pipeline.
pub(crate) struct Runner<'a> {
    pub(crate) workspace: &'a Workspace,
    pub(crate) project: &'a Project,
    /// Whether a training is repeated of which nothing but the code has changed.
    pub(crate) retrain: bool,
}

impl Runner<'_> {
    /// Runs what is not fresh of these, in order.
    pub(crate) fn run(&self, stages: &[StageId], yes: bool) -> anyhow::Result<Outcome> {
        let started = Instant::now();
        let Some(first) = self.first_to_run(stages)? else {
            tell!("all is fresh: nothing to do");
            return Ok(Outcome::Done);
        };
        // What follows the first stale stage may turn out fresh, but whether it does is known only then.
        prepare(self.workspace, self.project, &stages[first..], yes)?;
        launch::stop_stages_on_signals()?;
        let mut worst = Outcome::Done;
        for (index, stage) in stages.iter().enumerate().skip(first) {
            if index > first && !self.has_to_run(*stage)? {
                tell!("{stage}: fresh");
                continue;
            }
            match self.run_stage(*stage, &[])? {
                Outcome::Done => {}
                Outcome::DoneWithFailures => worst = Outcome::DoneWithFailures,
                stop => {
                    self.say_how_to_resume(stop, *stage);
                    return Ok(stop);
                }
            }
        }
        tell!("pipeline: done in {:.1} s", started.elapsed().as_secs_f64());
        Ok(worst)
    }

    /// The index of the first that is not fresh.
    pub(crate) fn first_to_run(&self, stages: &[StageId]) -> anyhow::Result<Option<usize>> {
        for (index, stage) in stages.iter().enumerate() {
            if self.has_to_run(*stage)? {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    fn has_to_run(&self, stage: StageId) -> anyhow::Result<bool> {
        Ok(match freshness::judge(self.workspace, self.project, &self.project.lock()?, stage)? {
            Freshness::Fresh => false,
            Freshness::Stale(_) => true,
            Freshness::OldCode(_) if self.retrain => true,
            Freshness::OldCode(_) => {
                tell!(
                    "{stage}: made by older code, and kept; --retrain repeats it (`cargo xtask status --why` says more)"
                );
                false
            }
        })
    }

    fn run_stage(&self, stage: StageId, arguments: &[String]) -> anyhow::Result<Outcome> {
        // Forgotten first: a stage killed half way must not look fresh.
        self.project.remember(stage, None)?;
        let fingerprint = freshness::fingerprint(self.workspace, self.project, stage)?;
        let ended = launch::stage(self.workspace, self.project, stage, Mode::Work, arguments)?;
        let finished = ended.report.as_ref().is_some_and(|report| report.state == State::Complete);
        if let (true, Some(output)) = (finished, inputs::output(stage, self.project)?) {
            let failed = ended.report.map_or(0, |report| report.failed);
            self.project.remember(stage, Some(Entry { output, failed, fingerprint }))?;
        }
        Ok(ended.outcome)
    }

    fn say_how_to_resume(&self, outcome: Outcome, stage: StageId) {
        match outcome {
            Outcome::Interrupted => tell!("interrupted during {stage}; the same command resumes here"),
            // Whether the same command would get further, the stage's own words tell: not every failure passes.
            Outcome::Failed => tell!("{stage} failed; what was finished until then is kept"),
            // Nothing was begun.
            Outcome::BadUsage | Outcome::Done | Outcome::DoneWithFailures => {}
        }
    }

    /// One line on stdout: the run's folder.
    fn tell_where(&self) -> anyhow::Result<()> {
        if let Some(run) = inputs::run(self.project)?.filter(|run| run.generator().exists()) {
            stdout::path(run.root())?;
        }
        Ok(())
    }

    fn show_plan(&self, stages: &[StageId]) -> anyhow::Result<Outcome> {
        let lock = self.project.lock()?;
        let mut upstream_runs = false;
        for stage in stages {
            let freshness = freshness::judge(self.workspace, self.project, &lock, *stage)?;
            let runs = matches!(freshness, Freshness::Stale(_)) || (self.retrain && freshness != Freshness::Fresh);
            let plan = match (runs, upstream_runs) {
                (true, _) => "would run",
                (false, true) => "would run if what comes before it changes its input",
                (false, false) => "fresh",
            };
            tell!("{stage}: {plan}");
            freshness.reasons().iter().for_each(|reason| tell!("  {reason}"));
            upstream_runs |= runs;
        }
        if stages.contains(&StageId::Crawl)
            && !self.project.config.crawl.is_mini()
            && !self.project.config.crawl.is_folder()
        {
            tell!("nothing was asked of {}", self.project.config.crawl.site);
        }
        Ok(Outcome::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        use StageId::{Crop, Pack, Train};
        assert_eq!(range(Some(Crop), Some(Train)).unwrap(), [Crop, Pack, Train]);
        assert_eq!(range(None, None).unwrap(), StageId::ALL);
        assert!(range(Some(Train), Some(Crop)).is_err());
    }
}
