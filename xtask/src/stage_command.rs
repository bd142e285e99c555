//! A subcommand for each stage, made from the table of the stages.

use clap::{ArgMatches, Args as _, Command, Error, FromArgMatches, Subcommand, error::ErrorKind};
use contracts::{
    Outcome, StageId,
    options::Request,
    spec::{STAGES, StageSpec},
};

use crate::{
    arguments::{RunOptions, SweepOptions},
    bad_usage::BadUsage,
    pipeline, sweep,
    workspace::Workspace,
};

/// A stage run by itself.
#[derive(Clone, Debug)]
pub(crate) struct StageCommand {
    pub(crate) stage: StageId,
    pub(crate) run: RunOptions,
    /// What the stage itself is asked.
    pub(crate) request: Request,
    /// What the runner is asked of trainings.
    pub(crate) sweep: Option<SweepOptions>,
}

/// A stage by itself, or a training for each of a sweep's values.
pub(crate) fn run(workspace: &Workspace, command: &StageCommand) -> anyhow::Result<Outcome> {
    let StageCommand { stage, run, request, sweep } = command;
    let options = sweep.as_ref();
    match options.and_then(|options| Some((options.sweep.as_ref()?, options.engine))) {
        Some((sweep, engine)) => sweep::run(workspace, run, request.share, sweep, engine),
        None if options.is_some() && request.share.is_some() => {
            Err(BadUsage("--shard is of a sweep: give --sweep too, or leave it out".into()).into())
        }
        None => pipeline::run_one(workspace, *stage, run, request),
    }
}

impl Subcommand for StageCommand {
    fn augment_subcommands(command: Command) -> Command {
        command.subcommands(STAGES.iter().map(subcommand))
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        name.parse::<StageId>().is_ok()
    }
}

fn subcommand(spec: &'static StageSpec) -> Command {
    let command = spec.options.augment(RunOptions::augment_args(Command::new(spec.id.name())));
    let command = if spec.id == StageId::Train { SweepOptions::augment_args(command) } else { command };
    // Last, because each group of options brings its own.
    command.about(spec.about).long_about(None)
}

impl FromArgMatches for StageCommand {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let (name, matches) = matches.subcommand().ok_or_else(|| Error::new(ErrorKind::MissingSubcommand))?;
        let stage: StageId = name.parse().map_err(|error| Error::raw(ErrorKind::InvalidSubcommand, error))?;
        let (run, request) = (RunOptions::from_arg_matches(matches)?, stage.spec().options.read(matches)?);
        let sweep = (stage == StageId::Train).then(|| SweepOptions::from_arg_matches(matches)).transpose()?;
        Ok(Self { stage, run, request, sweep })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use contracts::options::Mode;

    use super::*;
    use crate::arguments::{self, Arguments};

    fn stage(line: &str) -> Option<StageCommand> {
        match Arguments::try_parse_from(line.split(' ')).ok()?.command {
            arguments::Command::Stage(command) => Some(command),
            _ => None,
        }
    }

    #[test]
    fn each_stage_takes_its_own_options_beside_the_runners() {
        let command = stage("xtask crawl --plan --dry-run --set crawl.max_posts=2").unwrap();
        assert_eq!((command.stage, command.request.mode), (StageId::Crawl, Mode::Survey));
        assert_eq!(command.request.arguments, ["--plan"]);
        assert_eq!((command.run.dry_run, command.run.config.set), (true, vec!["crawl.max_posts=2".to_owned()]));
        assert_eq!(stage("xtask pack --trace train/1").unwrap().request.mode, Mode::Question);
        assert!(stage("xtask train --plan").is_none(), "that is an option of the crawl");
        let sweep = |line| stage(line).and_then(|command| command.sweep);
        assert!(sweep("xtask train --sweep seeds=4 --shard 1/2").unwrap().sweep.is_some());
        assert!(sweep("xtask train").unwrap().sweep.is_none() && sweep("xtask pack").is_none());
        assert!(stage("xtask train --engine slurm").is_none() && stage("xtask train --sweep seeds=0").is_none());
        for id in StageId::ALL {
            assert_eq!(stage(&format!("xtask {id}")).unwrap().request.mode, Mode::Work);
        }
    }
}
