//! Starting the stand-in booru for `crawl.site = "mini"`.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, bail};

use crate::{build::MINI_BOORU, project::Project, workspace::Workspace};

/// A running mini booru; it ends when this is dropped, or when the runner dies, because its stdin closes.
pub(crate) struct MiniBooru {
    child: Child,
    /// Where it listens: `http://127.0.0.1:PORT`.
    pub(crate) url: String,
}

impl MiniBooru {
    /// Starts it on a free port and waits until it says where.
    pub(crate) fn start(workspace: &Workspace, project: &Project) -> anyhow::Result<Self> {
        let mut command = Command::new(workspace.binaries().path(MINI_BOORU));
        command.args(["--until-stdin-closes", "--seed", &project.config.seed().to_string()]);
        let mini = &project.config.mini;
        if mini.pictures.as_os_str().is_empty() {
            command.args(["--count", &mini.count.to_string()]);
        } else {
            command.arg("--pictures").arg(&mini.pictures);
        }
        command.current_dir(&project.root).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context("cannot start the mini booru")?;
        let stdout = child.stdout.take().context("the mini booru has no stdout")?;
        let mut url = String::new();
        BufReader::new(stdout).read_line(&mut url).context("cannot hear the mini booru")?;
        let url = url.trim().to_owned();
        if url.is_empty() {
            let status = child.wait().context("the mini booru is gone")?;
            bail!("the mini booru did not start ({status}); its own words are above");
        }
        Ok(Self { child, url })
    }
}

impl Drop for MiniBooru {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
