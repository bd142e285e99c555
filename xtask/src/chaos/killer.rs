//! Runs stages' programs, and kills them.

use std::{
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use contracts::StageId;

use crate::{project::Project, workspace::Workspace};

/// How exactly a moment is met.
const TICK: Duration = Duration::from_millis(1);

/// Starts stages of one mini booru's crawl, and draws the moments of their deaths.
pub(super) struct Killer<'a> {
    workspace: &'a Workspace,
    mini_url: &'a str,
    state: u64,
}

impl<'a> Killer<'a> {
    pub(super) fn new(workspace: &'a Workspace, mini_url: &'a str, seed: u64) -> Self {
        Self { workspace, mini_url, state: seed }
    }

    /// Runs a stage to its end, which is a good one; how long it took.
    pub(super) fn run(&self, project: &Project, stage: StageId) -> anyhow::Result<Duration> {
        let started = Instant::now();
        let output = self.start(project, stage, true)?.wait_with_output().context("the stage is gone")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{stage} ended with {}:\n{said}", output.status);
        Ok(started.elapsed())
    }

    /// Starts a stage and kills it at a random moment within `duration`; whether it was still there.
    pub(super) fn kill(&mut self, project: &Project, stage: StageId, duration: Duration) -> anyhow::Result<bool> {
        let moment = Instant::now() + duration.mul_f64(self.share());
        let mut child = self.start(project, stage, false)?;
        while Instant::now() < moment {
            if child.try_wait().context("the stage is gone")?.is_some() {
                return Ok(false);
            }
            thread::sleep(TICK);
        }
        child.kill().context("cannot kill the stage")?;
        let status = child.wait().context("the stage is gone")?;
        // One that has just ended cannot be killed any more.
        Ok(status.code().is_none())
    }

    fn start(&self, project: &Project, stage: StageId, listens: bool) -> anyhow::Result<Child> {
        let mut command = project.command(&self.workspace.binaries().path(stage.spec().binary));
        command.env("NIJIGEN_MINI_URL", self.mini_url).stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(if listens { Stdio::piped() } else { Stdio::null() });
        command.spawn().with_context(|| format!("cannot start {}", stage.spec().binary))
    }

    /// The next random number in [0, 1): SplitMix64 (Steele, Lea and Flood, 2014).
    fn share(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}
