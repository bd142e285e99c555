//! Running one stage's program, and stopping it when the runner is stopped.

use std::{
    io::{self, BufRead as _, BufReader},
    process::{ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::Context as _;
use contracts::{Outcome, Report, StageId, options::Mode, stdout, tell};

use crate::{mini::MiniBooru, project::Project, ranks, workspace::Workspace};

/// How a stage's program ended.
pub(crate) struct Ended {
    /// What its exit code means.
    pub(crate) outcome: Outcome,
    /// What it reported, if it came that far.
    pub(crate) report: Option<Report>,
}

/// Runs a stage's program to its end, with `arguments` of its own; what it says on stdout beside its report goes to ours. Where the
/// configuration has it, several processes do its work.
pub(crate) fn stage(
    workspace: &Workspace,
    project: &Project,
    stage: StageId,
    mode: Mode,
    arguments: &[String],
) -> anyhow::Result<Ended> {
    let program = workspace.binaries().path(stage.spec().binary);
    let on_ranks = stage == StageId::Train && mode == Mode::Work && project.config.train.ranks > 1;
    let mut command = if on_ranks { ranks::command(project, &program) } else { project.command(&program) };
    let mini = match stage == StageId::Crawl && needs_mini(project) {
        true => Some(MiniBooru::start(workspace, project)?),
        false => None,
    };
    if let Some(mini) = &mini {
        command.env("NIJIGEN_MINI_URL", &mini.url);
    }
    command.args(arguments).arg("--stop-with-stdin").stdin(Stdio::piped()).stdout(Stdio::piped());
    let started = command.spawn();
    let mut child = started.with_context(|| format!("cannot start {}", command.get_program().to_string_lossy()))?;
    hold_open(child.stdin.take());
    let report = child.stdout.take().map(report).transpose()?.flatten();
    let status = child.wait().context("the stage is gone")?;
    hold_open(None);
    let outcome = Outcome::of_code(status.code());
    if outcome == Outcome::Failed && status.code() != Some(1) {
        tell!("{} ended abnormally: {status}", stage.spec().binary);
    }
    Ok(Ended { outcome, report })
}

/// The report among a stage's lines on stdout; the other lines are handed on.
fn report(stdout: ChildStdout) -> anyhow::Result<Option<Report>> {
    let mut report = None;
    for line in BufReader::new(stdout).lines() {
        let line = line.context("cannot read what the stage says")?;
        match serde_json::from_str(&line) {
            Ok(read) => report = Some(read),
            Err(_) => stdout::line(line)?,
        }
    }
    Ok(report)
}

/// Runs a program of the pipeline that is no stage, with its stdin piped, to its end.
pub(crate) fn until_ended(command: &mut Command) -> io::Result<Outcome> {
    let mut child = command.spawn()?;
    hold_open(child.stdin.take());
    let status = child.wait()?;
    hold_open(None);
    Ok(Outcome::of_code(status.code()))
}

fn needs_mini(project: &Project) -> bool {
    project.config.crawl.is_mini() && project.config.crawl.base_url.is_empty()
}

/// The stdin of the stage at work: while it is open, the stage works on. The system closes it should the runner die.
static LIFELINE: OnceLock<Mutex<Option<ChildStdin>>> = OnceLock::new();

fn hold_open(stdin: Option<ChildStdin>) {
    let lifeline = LIFELINE.get_or_init(Mutex::default);
    *lifeline.lock().unwrap_or_else(PoisonError::into_inner) = stdin;
}

/// From now on Ctrl-C and SIGTERM stop the stage at work, and the runner waits for it to leave in good order.
pub(crate) fn stop_stages_on_signals() -> anyhow::Result<()> {
    static LISTENING: AtomicBool = AtomicBool::new(false);
    if LISTENING.swap(true, Ordering::Relaxed) {
        return Ok(());
    }
    ctrlc::set_handler(|| hold_open(None)).context("cannot listen to signals")
}
