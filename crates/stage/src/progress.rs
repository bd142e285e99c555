//! How far a stage is: a bar on a terminal, a line now and then elsewhere.

use std::{
    io::{self, IsTerminal as _},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use contracts::stage::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How long a log file goes without news.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// Progress shown to whoever watches stderr.
pub(crate) struct Shown {
    bar: ProgressBar,
    on_terminal: bool,
    last_line: Mutex<Instant>,
}

impl Shown {
    /// A bar that appears with the first piece of work.
    pub(crate) fn new() -> Self {
        let on_terminal = io::stderr().is_terminal();
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        Self { bar, on_terminal, last_line: Mutex::new(Instant::now()) }
    }

    /// The bar itself, for those who write beside it.
    pub(crate) fn bar(&self) -> ProgressBar {
        self.bar.clone()
    }

    /// Takes the bar away, for what is to be read after the work.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    fn line(&self) {
        let mut last = self.last_line.lock().unwrap_or_else(PoisonError::into_inner);
        if last.elapsed() < LINE_INTERVAL {
            return;
        }
        *last = Instant::now();
        let total =
            self.bar.length().filter(|total| *total > 0).map_or_else(String::new, |total| format!(" of {total}"));
        tracing::info!("{}: {}{total} {}", self.bar.prefix(), self.bar.position(), self.bar.message());
    }
}

impl Progress for Shown {
    fn begin(&self, what: &str, total: u64) {
        self.bar.reset();
        self.bar.set_length(total);
        self.bar.set_prefix(what.to_owned());
        self.bar.set_message("");
        if self.on_terminal {
            let template = if total > 0 {
                "{prefix} {bar:30} {human_pos}/{human_len} {per_sec} {eta} {msg}"
            } else {
                "{prefix} {spinner} {human_pos} {per_sec} {msg}"
            };
            let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
            self.bar.set_style(style);
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    fn advance(&self, count: u64) {
        self.bar.inc(count);
        if !self.on_terminal {
            self.line();
        }
    }

    fn note(&self, text: &str) {
        self.bar.set_message(text.to_owned());
    }
}
