//! Log lines on stderr that do not tear the progress bar.

use std::{env, io};

use contracts::stderr;
use indicatif::ProgressBar;
use tracing::Level;
use tracing_subscriber::fmt::MakeWriter;

/// Starts logging at the level that `NIJIGEN_LOG` names: error, warn, info, debug or trace; else at the usual one.
pub(crate) fn start(bar: ProgressBar, usual: Level) {
    let level = env::var("NIJIGEN_LOG").ok().and_then(|name| name.parse().ok()).unwrap_or(usual);
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(BesideBar(bar))
        .with_ansi(io::IsTerminal::is_terminal(&io::stderr()))
        .with_target(false)
        .without_time()
        .init();
}

/// Hides the bar while a line is written.
struct BesideBar(ProgressBar);

impl<'a> MakeWriter<'a> for BesideBar {
    type Writer = LineWriter<'a>;

    fn make_writer(&'a self) -> LineWriter<'a> {
        LineWriter(&self.0)
    }
}

struct LineWriter<'a>(&'a ProgressBar);

impl io::Write for LineWriter<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // Where nobody listens any more, the line is lost: an error would have the logger complain there, and panic.
        self.0.suspend(|| stderr::log_line(&String::from_utf8_lossy(line)));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
