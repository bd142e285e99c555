//! The options of each stage.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{ExportFormat, Mode, StageOptions};
use crate::{id::PostId, share::Share, verification::Draw};

/// A stage without options.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "command-line", derive(clap::Args))]
pub struct NoOptions {}

impl StageOptions for NoOptions {}

/// Options of the crawl.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "command-line", derive(clap::Args))]
pub struct CrawlOptions {
    /// List the posts, print how many pictures, bytes and how much time the crawl would take, and fetch no picture.
    #[cfg_attr(feature = "command-line", arg(long, conflicts_with_all = ["audit", "forget"]))]
    pub plan: bool,
    /// Show that the posts' states add up to the posts listed.
    #[cfg_attr(feature = "command-line", arg(long, conflicts_with = "forget"))]
    pub audit: bool,
    /// Also take over what the site has changed since: tags, ratings, deletions, replaced pictures.
    #[cfg_attr(feature = "command-line", arg(long, conflicts_with_all = ["plan", "audit", "forget"]))]
    pub sync: bool,
    /// Print an event a line on stdout, as JSON: docs/crawling.md lists them.
    #[cfg_attr(feature = "command-line", arg(long, conflicts_with_all = ["plan", "audit", "forget"]))]
    pub json: bool,
    /// Remove this post and never fetch it again; may be repeated.
    #[cfg_attr(feature = "command-line", arg(long, value_name = "POST"))]
    pub forget: Vec<PostId>,
    /// Compare a drawn part of the pictures with their hashes: a number draws it, "all" takes everything.
    #[cfg_attr(feature = "command-line", arg(long, value_name = "all|N", conflicts_with_all = ["plan", "audit", "sync", "json", "forget"]))]
    pub verify: Option<Draw>,
}

impl StageOptions for CrawlOptions {
    fn mode(&self) -> Mode {
        match self {
            // The plan lists the site, and keeps in the ledger what it was told.
            Self { plan: true, .. } => Mode::Survey,
            Self { verify: Some(_), .. } => Mode::Survey,
            Self { audit: true, .. } => Mode::Question,
            _ => Mode::Work,
        }
    }
}

/// Options of the crop.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "command-line", derive(clap::Args))]
pub struct CropOptions {
    /// Do a share of the work, such as 2/8, for a cluster's job array; the command without it puts the shares together.
    #[cfg_attr(feature = "command-line", arg(long, value_name = "I/N"))]
    pub shard: Option<Share>,
    /// Make a drawn part of the output again and compare: a number draws it, "all" takes everything.
    #[cfg_attr(feature = "command-line", arg(long, value_name = "all|N", conflicts_with = "shard"))]
    pub verify: Option<Draw>,
    /// Take faces whose files have gone for thrown away, however many they are.
    #[cfg_attr(feature = "command-line", arg(long, conflicts_with_all = ["shard", "verify"]))]
    pub accept_deletions: bool,
}

impl StageOptions for CropOptions {
    fn mode(&self) -> Mode {
        verifying(self.verify)
    }

    fn share(&self) -> Option<Share> {
        self.shard
    }
}

/// Options of the packer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "command-line", derive(clap::Args))]
pub struct PackOptions {
    /// Do a share of the work, such as 2/8, for a cluster's job array; the command without it puts the shares together.
    #[cfg_attr(feature = "command-line", arg(long, value_name = "I/N", conflicts_with_all = ["stats", "trace", "export"]))]
    pub shard: Option<Share>,
    /// Take back the exclusion of all faces whose files were deleted; `cargo xtask crop` cuts them again.
    #[cfg_attr(feature = "command-line", arg(long, conflicts_with_all = ["shard", "stats", "trace", "export"]))]
    pub restore: bool,
    /// Take faces whose files have gone for thrown away, however many they are.
    #[cfg_attr(feature = "command-line", arg(long, conflicts_with_all = ["shard", "restore", "stats", "trace", "export", "verify"]))]
    pub accept_deletions: bool,
    /// Describe the dataset that is there: counts, sides, histograms, the mean face, a contact sheet.
    #[cfg_attr(feature = "command-line", arg(long, conflicts_with_all = ["trace", "export"]))]
    pub stats: bool,
    /// Name the post and the address that a dataset row, a face or a picture comes from.
    #[cfg_attr(feature = "command-line", arg(long, value_name = "ID", conflicts_with = "export"))]
    pub trace: Option<String>,
    /// Write the dataset for other tools: imagefolder, webdataset, stylegan-zip or parquet.
    #[cfg_attr(feature = "command-line", arg(long, value_name = "FORMAT"))]
    pub export: Option<ExportFormat>,
    /// Where the export goes: a new folder, or the zip's name.
    #[cfg_attr(feature = "command-line", arg(long, value_name = "PATH", requires = "export"))]
    pub out: Option<PathBuf>,
    /// Make a drawn part of the output again and compare: a number draws it, "all" takes everything.
    #[cfg_attr(feature = "command-line", arg(long, value_name = "all|N", conflicts_with_all = ["shard", "stats", "trace", "export"]))]
    pub verify: Option<Draw>,
}

impl StageOptions for PackOptions {
    fn mode(&self) -> Mode {
        match self.stats || self.trace.is_some() || self.export.is_some() {
            true => Mode::Question,
            // It changes what is remembered of the faces.
            false if self.restore => Mode::Survey,
            false => verifying(self.verify),
        }
    }

    fn share(&self) -> Option<Share> {
        self.shard
    }

    fn needs_parquet(&self) -> bool {
        self.export == Some(ExportFormat::Parquet)
    }
}

/// Options of the report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "command-line", derive(clap::Args))]
pub struct ReportOptions {
    /// Show these runs side by side on one page: ids, beginnings of ids, or latest.
    #[cfg_attr(feature = "command-line", arg(long, value_name = "RUN", num_args = 1..))]
    pub compare: Vec<String>,
    /// Where that page goes; artifacts/compare/ unless given.
    #[cfg_attr(feature = "command-line", arg(long, value_name = "FILE", requires = "compare"))]
    pub out: Option<PathBuf>,
}

impl StageOptions for ReportOptions {
    fn mode(&self) -> Mode {
        if self.compare.is_empty() { Mode::Work } else { Mode::Question }
    }
}

/// Options of the trainer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "command-line", derive(clap::Args))]
pub struct TrainOptions {
    /// Train a share of a sweep, such as 2/8, beside others on the same dataset.
    #[cfg_attr(feature = "command-line", arg(long, value_name = "I/N", conflicts_with_all = ["verify", "list_recipes"]))]
    pub shard: Option<Share>,
    /// Compare the newest checkpoint and the weights with their hashes: a number takes these, "all" every checkpoint.
    #[cfg_attr(feature = "command-line", arg(long, value_name = "all|N"))]
    pub verify: Option<Draw>,
    /// Say what each recipe that has a name is.
    #[cfg_attr(feature = "command-line", arg(long, conflicts_with = "verify"))]
    pub list_recipes: bool,
}

impl StageOptions for TrainOptions {
    fn mode(&self) -> Mode {
        if self.list_recipes { Mode::Question } else { verifying(self.verify) }
    }

    fn share(&self) -> Option<Share> {
        self.shard
    }
}

/// Options of the evaluator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "command-line", derive(clap::Args))]
pub struct EvaluateOptions {
    /// Check that what was measured is there still, and, with "all", measure it again.
    #[cfg_attr(feature = "command-line", arg(long, value_name = "all|N"))]
    pub verify: Option<Draw>,
}

impl StageOptions for EvaluateOptions {
    fn mode(&self) -> Mode {
        verifying(self.verify)
    }
}

/// Options of the program that shows a run while it trains.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "command-line", derive(clap::Args))]
pub struct WatchOptions {
    /// The run: its id, the beginning of one, or latest. Without it, whichever is trained last.
    #[cfg_attr(feature = "command-line", arg(value_name = "RUN"))]
    pub run: Option<String>,
}

/// What is compared must hold still meanwhile.
fn verifying(verify: Option<Draw>) -> Mode {
    if verify.is_some() { Mode::Survey } else { Mode::Work }
}
