//! What a stage can be asked on its command line beside the configuration.

mod export_format;
mod request;
mod stages;

use serde::Serialize;

pub use export_format::{ExportFormat, NoSuchFormat};
pub use request::{OptionsParser, Request};
pub use stages::{
    CrawlOptions, CropOptions, EvaluateOptions, NoOptions, PackOptions, ReportOptions, TrainOptions, WatchOptions,
};

use crate::share::Share;

/// The options of a stage.
pub trait StageOptions: Clone + Default + Serialize {
    /// What they ask the stage to do.
    fn mode(&self) -> Mode {
        Mode::Work
    }

    /// The share of the work to do; `None`: all of it.
    fn share(&self) -> Option<Share> {
        None
    }

    /// Whether they take the program that reads and writes Parquet.
    fn needs_parquet(&self) -> bool {
        false
    }
}

/// What a stage is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// To do its work and to publish what comes of it.
    Work,
    /// To answer from what lies there. It changes nothing, and may be asked while the stage is at work.
    Question,
    /// To answer, and to keep what it has to learn for that, or to look at what must hold still meanwhile. It takes its turn:
    /// two that write would tear each other's state.
    Survey,
}
