//! What a stage can be asked on its command line beside the configuration.

use std::{fmt, path::PathBuf, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::id::{PostId, text_conversions};

/// The options of a stage.
pub trait StageOptions: Clone + Default {
    /// Whether they only ask something: the stage answers and does none of its work.
    fn ask(&self) -> bool {
        false
    }

    /// The share of the work to do; `None`: all of it.
    fn share(&self) -> Option<Share> {
        None
    }
}

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
}

impl StageOptions for CrawlOptions {
    fn ask(&self) -> bool {
        self.plan || self.audit
    }
}

/// Options of the crop.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "command-line", derive(clap::Args))]
pub struct CropOptions {
    /// Do a share of the work, such as 2/8, for a cluster's job array; the command without it puts the shares together.
    #[cfg_attr(feature = "command-line", arg(long, value_name = "I/N"))]
    pub shard: Option<Share>,
}

impl StageOptions for CropOptions {
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
}

impl StageOptions for PackOptions {
    fn ask(&self) -> bool {
        self.stats || self.trace.is_some() || self.export.is_some()
    }

    fn share(&self) -> Option<Share> {
        self.shard
    }
}

/// One of `of` equal shares of a stage's work, written `index/of`, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Share {
    index: u32,
    of: u32,
}

impl Share {
    /// Whether the `place`-th piece of work, counted from 0, belongs to this share.
    pub fn holds(self, place: usize) -> bool {
        place % self.of as usize == self.index as usize - 1
    }
}

/// A text that is no share.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is not a share: give I/N with I from 1 to N, such as 2/8")]
pub struct BadShare(String);

impl FromStr for Share {
    type Err = BadShare;

    fn from_str(text: &str) -> Result<Self, BadShare> {
        let bad = || BadShare(text.to_owned());
        let (index, of) = text.split_once('/').ok_or_else(bad)?;
        let (index, of) = (index.parse().map_err(|_| bad())?, of.parse().map_err(|_| bad())?);
        if (1..=of).contains(&index) { Ok(Self { index, of }) } else { Err(bad()) }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

/// A form in which a dataset is handed to other tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ExportFormat {
    /// A folder of pictures with metadata.jsonl beside them.
    Imagefolder,
    /// Tar files in which a row's files share a name.
    Webdataset,
    /// A zip of pictures with dataset.json.
    StyleganZip,
    /// Parquet files with the image schema of the Hugging Face Hub.
    Parquet,
}

impl ExportFormat {
    const ALL: [Self; 4] = [Self::Imagefolder, Self::Webdataset, Self::StyleganZip, Self::Parquet];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Imagefolder => "imagefolder",
            Self::Webdataset => "webdataset",
            Self::StyleganZip => "stylegan-zip",
            Self::Parquet => "parquet",
        }
    }
}

/// A word that names no export format.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("there is no export format {0:?}; the formats are imagefolder, webdataset, stylegan-zip and parquet")]
pub struct NoSuchFormat(String);

impl FromStr for ExportFormat {
    type Err = NoSuchFormat;

    fn from_str(name: &str) -> Result<Self, NoSuchFormat> {
        Self::ALL.into_iter().find(|format| format.name() == name).ok_or_else(|| NoSuchFormat(name.to_owned()))
    }
}

impl fmt::Display for ExportFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

text_conversions!(Share, ExportFormat);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_and_cover_the_work_once() {
        for bad in ["", "1", "0/3", "4/3", "1/0", "-1/2", "a/b", "1/2/3"] {
            assert!(bad.parse::<Share>().is_err(), "{bad}");
        }
        let shares: Vec<Share> = ["1/3", "2/3", "3/3"].map(|text| text.parse().unwrap()).to_vec();
        assert_eq!(shares[1].to_string(), "2/3");
        for place in 0..10 {
            assert_eq!(shares.iter().filter(|share| share.holds(place)).count(), 1, "{place}");
        }
    }

    #[test]
    fn formats_are_known_by_name() {
        for format in ExportFormat::ALL {
            assert_eq!(format.name().parse(), Ok(format));
        }
        assert!("zip".parse::<ExportFormat>().unwrap_err().to_string().contains("stylegan-zip"));
    }
}
