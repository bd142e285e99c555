//! A search, and how far it has come.

use contracts::config::Listing;

/// What tells one search from another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SearchKey<'a> {
    /// The site's name in pipeline.toml.
    pub(crate) site: &'a str,
    /// Its address as written down.
    pub(crate) address: &'a str,
    /// By API or list pages: what one has listed the other may not.
    pub(crate) listing: Listing,
    /// The site's own search words.
    pub(crate) tags: &'a str,
}

/// A search that the ledger knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SearchState {
    pub(super) id: i64,
    pub(super) source: i64,
    /// How far it has come.
    pub(crate) coverage: Coverage,
}

/// How far a search has come: every post from `lowest` to `highest` that the site listed is in the ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Coverage {
    /// The lowest post number covered.
    pub(crate) lowest: Option<u64>,
    /// The highest post number covered.
    pub(crate) highest: Option<u64>,
    /// Whether the site has nothing older.
    pub(crate) exhausted: bool,
    /// The site's number of a change: the posts are up to date with it and with all before.
    pub(crate) changes: Option<u64>,
}

impl Coverage {
    /// Whether a post of that number would be in the ledger if the site had listed it.
    pub(crate) fn covers(&self, number: u64) -> bool {
        self.highest.is_some_and(|highest| number <= highest)
            && (self.exhausted || self.lowest.is_some_and(|lowest| number >= lowest))
    }
}

/// Whether the posts between a page and those listed before it are known to be listed too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contiguity {
    /// They are: there is no hole above or below.
    Settled,
    /// They may not be: should the run end here, the next one must look for them.
    Provisional,
}
