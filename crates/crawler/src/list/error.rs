//! What can be wrong with a listing.

use contracts::foreign::one_line;

use crate::{dialect::NotAList, fetch::FetchError, ledger::LedgerError};

/// A listing that cannot be walked. What was listed until then is in the ledger.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(
        "cannot understand the listing at {url}: {problem}; see what crawl.site, crawl.base_url and crawl.tags say"
    )]
    NotAList { url: String, problem: NotAList },
    #[error("the listing at {url} is not in the order asked for: {problem}; try crawl.listing = \"html\"")]
    Disordered { url: String, problem: String },
    #[error("the changes at {url} do not come in their order; crawl without --sync")]
    ChangesDisordered { url: String },
    #[error("the API of {site} tells no changes since a given moment; crawl without --sync")]
    NoChanges { site: &'static str },
    #[error("the site's robots.txt refuses the listing at {url} (\"{}\"){advice}", one_line(rule))]
    Refused { url: String, rule: String, advice: &'static str },
}
