//! What can stop a crawl.

use contracts::{manifest::ManifestError, publish::FileError, verification::Damaged};

use crate::{
    address::AddressError,
    dialect::NotAList,
    fetch::{AccountError, FetchError},
    ledger::LedgerError,
    list::ListError,
    reason::FailureReason,
    site,
    tally::EmptyCrawl,
};

/// Why a crawl cannot go on. What was finished until then is kept.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct CrawlError(Cause);

#[derive(Debug, thiserror::Error)]
pub(crate) enum Cause {
    #[error("there is no site {name:?}; the sites are {known}", known = site::names())]
    NoSite { name: String },
    #[error(transparent)]
    Address(#[from] AddressError),
    #[error(transparent)]
    Account(#[from] AccountError),
    #[error("cannot prepare for requests: {0}; on Debian, install the package ca-certificates")]
    Client(#[source] reqwest::Error),
    #[error("cannot start threads: {0}")]
    Runtime(#[source] std::io::Error),
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    List(#[from] ListError),
    #[error(
        "the last {count} pictures could not be fetched: {reason}; run the same command again later: finished work is kept"
    )]
    SiteDown { count: usize, reason: FailureReason },
    #[error(transparent)]
    Empty(#[from] EmptyCrawl),
    #[error(
        "{} holds no picture ({passed_over} other files); name a folder or a tar of pictures in crawl.folder",
        path.display()
    )]
    EmptyFolder { path: std::path::PathBuf, passed_over: u64 },
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error(transparent)]
    Damaged(#[from] Damaged),
    #[error("a picture could not be looked at: {0}; this is a fault of the program")]
    Panic(String),
    #[error("{table}the crawl does not add up: {problems}; run `cargo xtask crawl`, which fixes it")]
    Audit { table: String, problems: String },
    #[error("interrupted before the plan was made; what was listed is kept")]
    Interrupted,
}

impl CrawlError {
    /// Whether the same would come of the same question: nothing is asked of the site again before it is another one.
    pub(crate) fn is_misconfiguration(&self) -> bool {
        match &self.0 {
            Cause::List(ListError::Fetch(error)) => error.fault.is_rejection(),
            Cause::List(error) => matches!(
                error,
                ListError::NoChanges { .. }
                    | ListError::Refused { .. }
                    | ListError::NotAList { problem: NotAList::Refusal(_), .. }
            ),
            Cause::NoSite { .. } | Cause::Address(_) | Cause::EmptyFolder { .. } => true,
            _ => false,
        }
    }
}

impl<T: Into<Cause>> From<T> for CrawlError {
    fn from(cause: T) -> Self {
        Self(cause.into())
    }
}
