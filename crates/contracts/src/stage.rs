//! What a stage is, and what it is given.

use std::{
    sync::{
        Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crate::{config::Config, layout::Layout, options::StageOptions, report::Report, stage_id::StageId};

/// One stage of the pipeline: reads its predecessor's manifest, writes its own folder, never writes upstream.
pub trait Stage {
    /// Its name, which finds its row in [`STAGES`](crate::spec::STAGES).
    const ID: StageId;
    /// What can stop it. Bad items do not: they are counted in the report.
    type Error: std::error::Error + Send + Sync + 'static;
    /// What it can be asked on its command line; [`NoOptions`](crate::options::NoOptions) where that is nothing.
    type Options: StageOptions;

    /// Whether the same command would meet the same error again, so that something else has to be asked for: the program then
    /// ends as it does for a configuration that cannot be used.
    fn is_misconfiguration(_error: &Self::Error) -> bool {
        false
    }

    /// What this stage cannot accept in the configuration beyond what the schema checks; empty when all is well.
    fn problems(_config: &Config) -> Vec<String> {
        Vec::new()
    }

    /// Answers, for stdout, what the options ask where their [mode](StageOptions::mode) is not
    /// [`Work`](crate::options::Mode::Work). Called with the stage's lock held for a
    /// [`Survey`](crate::options::Mode::Survey), and without it for a [`Question`](crate::options::Mode::Question).
    ///
    /// # Errors
    /// When there is no answer.
    fn answer(_context: &Context<'_>, _options: &Self::Options) -> Result<String, Self::Error> {
        Ok(String::new())
    }

    /// Does the work that is not yet done and publishes the stage's manifest. Where the options name a
    /// [share](StageOptions::share), it does that share, publishes nothing, and its report says
    /// [`Share`](crate::report::State::Share).
    ///
    /// When the interrupt is raised it finishes or abandons the item in hand, keeps what is whole, and returns a
    /// report whose state is [`Interrupted`](crate::report::State::Interrupted).
    ///
    /// # Errors
    /// When the stage cannot continue; everything finished until then is kept.
    fn run(context: &Context<'_>, options: &Self::Options) -> Result<Report, Self::Error>;
}

/// What a stage is given to work with.
pub struct Context<'a> {
    /// The resolved, validated configuration.
    pub config: &'a Config,
    /// Where the pipeline's files lie.
    pub layout: &'a Layout,
    /// Where it tells how far it is.
    pub progress: &'a dyn Progress,
    /// Raised when the user wants it to stop.
    pub interrupt: &'a Interrupt,
}

/// How a stage tells how far it is. Shown as a bar on a terminal and as a line now and then elsewhere.
pub trait Progress: Send + Sync {
    /// Starts a piece of work of `total` items (0: unknown), named for people: "cropping", "training".
    fn begin(&self, what: &str, total: u64);
    /// `count` more items are done.
    fn advance(&self, count: u64);
    /// What is worth knowing at this moment, in a few words.
    fn note(&self, text: &str);
}

/// A progress that nobody watches, for tests and for the library used by itself.
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _what: &str, _total: u64) {}
    fn advance(&self, _count: u64) {}
    fn note(&self, _text: &str) {}
}

/// The wish to stop, raised once by Ctrl-C, SIGTERM or the runner's end, and looked at between items.
#[derive(Debug, Default)]
pub struct Interrupt {
    is_raised: AtomicBool,
    // Looking takes no lock: some look for every image. Whoever waits holds it, so that no raise is missed.
    waiting: Mutex<()>,
    raised: Condvar,
}

impl Interrupt {
    /// Asks the stage to stop.
    pub fn raise(&self) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_raised.store(true, Ordering::Relaxed);
        drop(waiting);
        self.raised.notify_all();
    }

    /// Whether it was asked to stop.
    pub fn is_raised(&self) -> bool {
        self.is_raised.load(Ordering::Relaxed)
    }

    /// Waits until it is raised, as a program does that serves a page.
    pub fn wait(&self) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.raised.wait_while(waiting, |()| !self.is_raised()));
    }

    /// Waits until it is raised, for so long at most.
    pub fn wait_for(&self, longest: Duration) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.raised.wait_timeout_while(waiting, longest, |()| !self.is_raised()));
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn whoever_waits_is_woken() {
        let interrupt = Interrupt::default();
        interrupt.wait_for(Duration::ZERO);
        assert!(!interrupt.is_raised());
        thread::scope(|scope| {
            scope.spawn(|| interrupt.wait());
            scope.spawn(|| interrupt.wait_for(Duration::MAX));
            interrupt.raise();
        });
        // One that was raised already keeps nobody.
        interrupt.wait();
        assert!(interrupt.is_raised());
    }
}
