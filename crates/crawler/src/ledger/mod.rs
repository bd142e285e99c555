//! The ledger: every post that a site listed, and what became of its picture.
//!
//! One SQLite file. Everything that belongs together is committed together; a process killed at any moment leaves
//! the state before or after, never between.

mod batch;
mod changes;
mod cooldown;
mod descending_cursor;
mod entries;
mod forgotten;
mod frames;
mod members;
mod odd_entries;
mod outcomes;
mod posts;
mod reasons;
mod schema;
mod search;

use std::path::{Path, PathBuf};

pub(crate) use batch::{Batch, BatchLimits};
pub(crate) use changes::ChangeCounts;
use contracts::publish::FileError;
pub(crate) use cooldown::Cooldown;
pub(crate) use entries::{KnownPicture, LedgerEntry};
pub(crate) use outcomes::{PictureOutcome, Stored};
use rusqlite::{Connection, ErrorCode};
pub(crate) use search::{Contiguity, Coverage, SearchKey, SearchState};

/// An open ledger, for one thread.
pub(crate) struct Ledger {
    connection: Connection,
    path: PathBuf,
}

/// A ledger that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LedgerError {
    /// The file cannot be written or read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is damaged or something else than a ledger.
    #[error(
        "cannot use the ledger at {}: {cause}; move it away and crawl again: the pictures are then asked for once more",
        path.display()
    )]
    Unusable {
        path: PathBuf,
        /// What SQLite, or the version, says.
        cause: String,
    },
}

impl Ledger {
    /// Opens the ledger, or makes one.
    pub(crate) fn open(path: &Path) -> Result<Self, LedgerError> {
        if let Some(folder) = path.parent() {
            contracts::publish::create_folder(folder)?;
        }
        let connection = schema::open(path)?;
        Ok(Self { connection, path: path.to_path_buf() })
    }

    /// For `map_err`: says which file, and how to fix it.
    fn error(&self) -> impl Fn(rusqlite::Error) -> LedgerError + use<> {
        let path = self.path.clone();
        move |cause| describe(&path, &cause)
    }
}

fn describe(path: &Path, cause: &rusqlite::Error) -> LedgerError {
    let kind = match cause.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => std::io::ErrorKind::StorageFull,
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => std::io::ErrorKind::PermissionDenied,
        Some(ErrorCode::CannotOpen) => return cannot_open(path, cause),
        _ => return LedgerError::Unusable { path: path.to_path_buf(), cause: cause.to_string() },
    };
    FileError::at("write", path)(kind.into()).into()
}

/// SQLite does not say why it cannot open a file; the system does.
fn cannot_open(path: &Path, cause: &rusqlite::Error) -> LedgerError {
    match std::fs::OpenOptions::new().read(true).append(true).create(true).open(path) {
        Err(error) => FileError::at("write", path)(error).into(),
        Ok(_) => LedgerError::Unusable { path: path.to_path_buf(), cause: cause.to_string() },
    }
}

/// Post numbers are at most [`HIGHEST_NUMBER`](crate::post::HIGHEST_NUMBER), lengths far below.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
