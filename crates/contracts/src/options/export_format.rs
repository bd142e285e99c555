//! The forms in which a dataset is handed to other tools.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::id::text_conversions;

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

text_conversions!(ExportFormat);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_by_name() {
        for format in ExportFormat::ALL {
            assert_eq!(format.name().parse(), Ok(format));
        }
        assert!("zip".parse::<ExportFormat>().unwrap_err().to_string().contains("stylegan-zip"));
    }
}
