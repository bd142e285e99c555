//! `cargo xtask chaos`: stages killed at random moments, and whether what they make in the end is the same.

mod killer;
mod made;

use std::{path::Path, time::Duration};

use anyhow::{Context as _, bail, ensure};
use contracts::{Outcome, StageId, publish, stdout, tell};
use killer::Killer;

use crate::{
    arguments::{ChaosOptions, ConfigOptions},
    build,
    mini::MiniBooru,
    project::Project,
    workspace::Workspace,
};

/// The profile whose pipeline takes minutes and no network.
const PROFILE: &str = "smoke";

/// How often a stage is killed before it is let alone: more often would seldom let it come far.
const KILLS_A_STAGE: u32 = 10;

/// What became of one stage in all rounds.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    undisturbed: Duration,
    kills: u64,
    /// Times that it ended before the moment came.
    escapes: u64,
}

/// Runs the pipeline once undisturbed and then, killing stage after stage, until there were so many kills. Each round begins with
/// nothing and ends with the same bytes as the first.
pub(crate) fn run(workspace: &Workspace, options: &ChaosOptions) -> anyhow::Result<Outcome> {
    let folder = workspace.target.join("chaos");
    publish::remove_folder(&folder)?;
    let reference = project(workspace, options, &folder.join("undisturbed"))?;
    build::programs(workspace, &reference.config, &StageId::ALL)?;
    let mini = MiniBooru::start(workspace, &reference)?;
    let mut killer = Killer::new(workspace, &mini.url, options.seed);

    let mut tallies = [Tally::default(); StageId::ALL.len()];
    for (stage, tally) in StageId::ALL.into_iter().zip(&mut tallies) {
        tally.undisturbed = killer.run(&reference, stage)?;
        tell!("{stage}: {:.1} s undisturbed", tally.undisturbed.as_secs_f64());
    }
    let expected = made::files(&reference)?;

    let kills = |tallies: &[Tally]| tallies.iter().map(|tally| tally.kills).sum::<u64>();
    let mut rounds = 0;
    while kills(&tallies) < options.kills {
        let root = folder.join("round");
        publish::remove_folder(&root)?;
        let round = project(workspace, options, &root)?;
        for (stage, tally) in StageId::ALL.into_iter().zip(&mut tallies) {
            disturb(&mut killer, &round, stage, tally)?;
        }
        rounds += 1;
        let found = made::files(&round)?;
        if let Some(differing) = made::differing(&expected, &found) {
            bail!(
                "after {} kills {differing} is not as it was made undisturbed; look below {}",
                kills(&tallies),
                root.display()
            );
        }
        tell!("round {rounds}: {} kills, and the same {} files", kills(&tallies), found.len());
    }
    print(&tallies, rounds, expected.len())?;
    publish::remove_folder(&folder)?;
    Ok(Outcome::Done)
}

/// The pipeline of the profile with folders of its own.
fn project(workspace: &Workspace, options: &ChaosOptions, root: &Path) -> anyhow::Result<Project> {
    let path = |name: &str| {
        let path = root.join(name);
        path.to_str().map(|path| format!("paths.{name}={path:?}")).context("the target folder's name is no text")
    };
    let mut set = vec![path("data")?, path("artifacts")?];
    set.extend(options.set.iter().cloned());
    let options = ConfigOptions { config: None, profile: Some(PROFILE.into()), set };
    let project = Project::open(workspace, &options)?;
    ensure!(project.config.crawl.is_mini(), "the profile {PROFILE} asks another site than the mini booru");
    Ok(project)
}

/// Kills a stage several times, or until it is done, and then lets it come to its end.
fn disturb(killer: &mut Killer<'_>, project: &Project, stage: StageId, tally: &mut Tally) -> anyhow::Result<()> {
    for _ in 0..KILLS_A_STAGE {
        // Within the first half: what a stage that resumes has left to do becomes less each time.
        if !killer.kill(project, stage, tally.undisturbed / 2)? {
            tally.escapes += 1;
            break;
        }
        tally.kills += 1;
    }
    killer.run(project, stage).map(drop)
}

/// A row a stage.
fn print(tallies: &[Tally], rounds: u32, files: usize) -> anyhow::Result<()> {
    stdout::line("| stage | seconds undisturbed | kills | ended first |\n|---|---|---|---|")?;
    for (stage, tally) in StageId::ALL.into_iter().zip(tallies) {
        let seconds = tally.undisturbed.as_secs_f64();
        stdout::line(format!("| {stage} | {seconds:.1} | {} | {} |", tally.kills, tally.escapes))?;
    }
    let kills: u64 = tallies.iter().map(|tally| tally.kills).sum();
    Ok(stdout::line(format!("{kills} kills in {rounds} rounds; after each the same {files} files, byte for byte"))?)
}
