//! Reading the evaluator's files as whichever version wrote them.

use serde::{Deserialize, de::DeserializeOwned};

/// A file of the evaluator's that is not what it should be: a fragment that fits "cannot read the metrics at …: ".
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// It is damaged.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// It is a file of another kind.
    #[error("it is a file of the format {found:?}, not {expected:?}")]
    OtherFormat {
        /// What it says that it is.
        found: String,
        /// What was looked for.
        expected: &'static str,
    },
    /// A later version of the program wrote it.
    #[error("it is of version {found} and this program reads up to version {newest}")]
    Newer {
        /// Its version.
        found: u32,
        /// The newest that is read.
        newest: u32,
    },
}

/// What every file says of itself.
#[derive(Deserialize)]
struct Header {
    format: String,
    version: u32,
}

/// Reads a file, after its header says that it can be read.
pub(super) fn parse<T: DeserializeOwned>(json: &[u8], expected: &'static str, newest: u32) -> Result<T, FormatError> {
    let Header { format, version } = serde_json::from_slice(json)?;
    if format != expected {
        return Err(FormatError::OtherFormat { found: format, expected });
    }
    if version > newest {
        return Err(FormatError::Newer { found: version, newest });
    }
    Ok(serde_json::from_slice(json)?)
}
