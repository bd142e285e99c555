//! What can stop a crawl.

use contracts::{manifest::ManifestError, publish::FileError};

use crate::{
    address::AddressError,
    fetch::{AccountError, FetchError},
    ledger::LedgerError,
    listing::NotAList,
    site,
    tally::Nothing,
};

/// Why a crawl cannot go on. What was finished until then is kept.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct CrawlError(Cause);

#[derive(Debug, thiserror::Error)]
pub(crate) enum Cause {
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
    #[error(
        "cannot understand the listing at {url}: {problem}; see what crawl.site, crawl.base_url and crawl.tags say"
    )]
    Listing { url: String, problem: NotAList },
    #[error("the listing at {url} is not in the order asked for: {problem}; try crawl.listing = \"html\"")]
    Disorder { url: String, problem: String },
    #[error("the changes at {url} do not come in their order; crawl without --sync")]
    ChangesDisordered { url: String },
    #[error("--sync asks the API what was changed: set crawl.listing = \"json\", or crawl without --sync")]
    SyncByPages,
    #[error("the API of {site} tells no changes since a given moment; crawl without --sync")]
    NoChanges { site: &'static str },
    #[error("the site's robots.txt refuses the listing at {url} (\"{rule}\"){advice}")]
    RefusedListing { url: String, rule: String, advice: &'static str },
    #[error(
        "the last {count} pictures could not be fetched: {reason}; run the same command again later: finished work is kept"
    )]
    SiteDown { count: usize, reason: String },
    #[error(transparent)]
    Nothing(#[from] Nothing),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error("a picture could not be looked at: {0}; this is a fault of the program")]
    Panic(String),
    #[error("{table}the crawl does not add up: {problems}; run `cargo xtask crawl`, which mends it")]
    Audit { table: String, problems: String },
    #[error("interrupted before the plan was made; what was listed is kept")]
    Interrupted,
    #[error("there is no site {name:?}; the sites are {known}", known = site::names())]
    NoSite { name: String },
}

impl<T: Into<Cause>> From<T> for CrawlError {
    fn from(cause: T) -> Self {
        Self(cause.into())
    }
}
