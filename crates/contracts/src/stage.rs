//! What a stage is, and what it is given.

use std::{
    fmt,
    str::FromStr,
    sync::atomic::{AtomicBool, Ordering},
};

use serde::{Deserialize, Serialize};

use crate::{config::Config, layout::Layout, options::StageOptions, report::Report};

/// One stage of the pipeline: reads its predecessor's manifest, writes its own folder, never writes upstream.
pub trait Stage {
    /// Which stage this is.
    const ID: StageId;
    /// What can stop it. Bad items do not: they are counted in the report.
    type Error: std::error::Error + Send + Sync + 'static;
    /// What it can be asked on its command line; [`NoOptions`](crate::options::NoOptions) where that is nothing.
    type Options: StageOptions;

    /// What this stage cannot accept in the configuration beyond what the schema checks; empty when all is well.
    fn problems(_config: &Config) -> Vec<String> {
        Vec::new()
    }

    /// Answers what the options [ask](StageOptions::ask), for stdout, and does none of the stage's work.
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
    /// When the stage cannot go on; everything finished until then is kept.
    fn run(context: &Context<'_>, options: &Self::Options) -> Result<Report, Self::Error>;
}

/// What a stage is given to work with.
pub struct Context<'a> {
    /// The resolved, validated configuration.
    pub config: &'a Config,
    /// Where things lie.
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
pub struct Interrupt(AtomicBool);

impl Interrupt {
    /// Asks the stage to stop.
    pub fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was asked to stop.
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The stages, in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StageId {
    /// Booru to pictures.
    Crawl,
    /// Pictures to faces.
    Crop,
    /// Faces to dataset.
    Pack,
    /// Dataset to weights.
    Train,
    /// Weights and dataset to figures.
    Evaluate,
    /// Figures to a page.
    Report,
}

impl StageId {
    /// All stages, first to last.
    pub const ALL: [Self; 6] = [Self::Crawl, Self::Crop, Self::Pack, Self::Train, Self::Evaluate, Self::Report];

    /// Its name on the command line, in the lock and in file names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Crawl => "crawl",
            Self::Crop => "crop",
            Self::Pack => "pack",
            Self::Train => "train",
            Self::Evaluate => "evaluate",
            Self::Report => "report",
        }
    }

    /// The crate that it lives in.
    pub fn package(self) -> &'static str {
        match self {
            Self::Crawl => "crawler",
            Self::Crop => "face-cropper",
            Self::Pack => "dataset-packer",
            Self::Train => "trainer",
            Self::Evaluate | Self::Report => "evaluator",
        }
    }

    /// The program that runs it.
    pub fn binary(self) -> &'static str {
        match self {
            Self::Report => "reporter",
            other => other.package(),
        }
    }

    /// What it takes and what it keeps, as its summary counts them.
    pub fn nouns(self) -> (&'static str, &'static str) {
        match self {
            Self::Crawl => ("posts", "pictures"),
            Self::Crop => ("pictures", "faces"),
            Self::Pack => ("pictures", "rows"),
            Self::Train => ("rows", "rows"),
            Self::Evaluate => ("samples", "samples"),
            Self::Report => ("run", "page"),
        }
    }

    /// The stage whose output it reads.
    pub fn predecessor(self) -> Option<Self> {
        let place = Self::ALL.iter().position(|stage| *stage == self)?;
        place.checked_sub(1).map(|before| Self::ALL[before])
    }
}

impl fmt::Display for StageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that names no stage.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("there is no stage {0:?}; the stages are crawl, crop, pack, train, evaluate and report")]
pub struct NoSuchStage(String);

impl FromStr for StageId {
    type Err = NoSuchStage;

    fn from_str(name: &str) -> Result<Self, NoSuchStage> {
        Self::ALL.into_iter().find(|stage| stage.name() == name).ok_or_else(|| NoSuchStage(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_the_order_is_the_flow() {
        for stage in StageId::ALL {
            assert_eq!(stage.name().parse(), Ok(stage));
        }
        assert_eq!(StageId::Crawl.predecessor(), None);
        assert_eq!(StageId::Train.predecessor(), Some(StageId::Pack));
        assert!("crops".parse::<StageId>().is_err());
    }
}
