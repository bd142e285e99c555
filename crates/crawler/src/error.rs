//! What can stop a crawl.

use contracts::{manifest::ManifestError, publish::FileError, verification::Damaged};

use crate::{
    address::AddressError,
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

impl<T: Into<Cause>> From<T> for CrawlError {
    fn from(cause: T) -> Self {
        Self(cause.into())
    }
}
