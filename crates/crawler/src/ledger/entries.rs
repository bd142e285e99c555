//! All that is known of the posts of a search.

use std::ops::ControlFlow;

use contracts::config::Variant;
use rusqlite::{Row, params};

use super::{
    Ledger, LedgerError, SearchState, Stored, batch::PictureState, outcomes, posts::parse_post, reasons, signed,
    unsigned,
};
use crate::{
    post::Post,
    reason::{FailureReason, FilterReason},
    selection::Member,
};

/// All that is known of a post of a search.
#[derive(Clone, Debug)]
pub(crate) struct LedgerEntry {
    /// What the site last said of it.
    pub(crate) post: Post,
    /// What became of its picture.
    pub(crate) picture: KnownPicture,
}

/// What became of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KnownPicture {
    /// It was never asked for.
    Unknown,
    /// It was stored.
    Ok(Stored),
    /// There is nothing to fetch.
    Filtered(FilterReason),
    /// It could not be had.
    Failed(FailureReason),
    /// It could not be had, and is not worth another try.
    GivenUp(FailureReason),
}

impl LedgerEntry {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { post: parse_post(0, row.get_ref(0)?.as_str()?)?, picture: KnownPicture::read(row)? })
    }
}

const ENTRIES: &str = "
    SELECT post.record, picture.state, picture.given_up, picture.reason, picture.sha256, picture.extension,
           picture.bytes, picture.width, picture.height, picture.url, picture.rendering, picture.stored_width,
           picture.stored_height
    FROM members AS member
    JOIN posts AS post ON post.source = ?2 AND post.number = member.number
    LEFT JOIN pictures AS picture
        ON picture.source = ?2 AND picture.number = member.number AND picture.variant = ?3
    WHERE member.search = ?1";
const STORED: &str = "
    SELECT member.number, picture.sha256, picture.extension, picture.bytes, picture.width, picture.height, picture.url,
           picture.rendering, picture.stored_width, picture.stored_height
    FROM members AS member
    JOIN pictures AS picture
        ON picture.source = ?2 AND picture.number = member.number AND picture.variant = ?3
    WHERE member.search = ?1 AND picture.state = 'ok'";

impl Ledger {
    /// Looks at every post of a search, the newest first.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub(crate) fn for_each_member(
        &self,
        search: &SearchState,
        variant: Variant,
        mut look: impl FnMut(LedgerEntry),
    ) -> Result<(), LedgerError> {
        let query = format!("{ENTRIES} ORDER BY member.number DESC");
        self.for_each_row(&query, search, variant, |row| {
            look(LedgerEntry::read(row)?);
            Ok(())
        })
    }

    /// Looks at every post of a search from this number on whose picture was stored, the oldest first, until `look` wants no more.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub(crate) fn for_each_stored_post(
        &self,
        search: &SearchState,
        variant: Variant,
        from: u64,
        mut look: impl FnMut(LedgerEntry) -> ControlFlow<()>,
    ) -> Result<(), LedgerError> {
        let query = format!("{ENTRIES} AND member.number >= ?4 AND picture.state = 'ok' ORDER BY member.number");
        let mut read = || -> rusqlite::Result<()> {
            let mut statement = self.connection.prepare_cached(&query)?;
            let mut rows = statement.query(params![search.id, search.source, variant.name(), signed(from)])?;
            while let Some(row) = rows.next()? {
                if look(LedgerEntry::read(row)?).is_break() {
                    break;
                }
            }
            Ok(())
        };
        read().map_err(self.error())
    }

    /// Looks at every picture that a search has stored.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub(crate) fn for_each_stored(
        &self,
        search: &SearchState,
        variant: Variant,
        mut look: impl FnMut(u64, &Stored),
    ) -> Result<(), LedgerError> {
        self.for_each_row(STORED, search, variant, |row| {
            look(unsigned(row.get(0)?), &outcomes::stored(row, 1)?);
            Ok(())
        })
    }

    /// How many posts a search has listed.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub(crate) fn count_members(&self, search: &SearchState) -> Result<u64, LedgerError> {
        let query = "SELECT COUNT(*) FROM members WHERE search = ?1";
        self.connection.query_row(query, [search.id], |row| row.get(0)).map(unsigned).map_err(self.error())
    }

    /// Runs a query over a search (`?1`), its source (`?2`) and a variant (`?3`).
    fn for_each_row(
        &self,
        query: &str,
        search: &SearchState,
        variant: Variant,
        mut look: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), LedgerError> {
        let mut read = || -> rusqlite::Result<()> {
            let mut statement = self.connection.prepare_cached(query)?;
            let mut rows = statement.query(params![search.id, search.source, variant.name()])?;
            while let Some(row) = rows.next()? {
                look(row)?;
            }
            Ok(())
        };
        read().map_err(self.error())
    }
}

impl LedgerEntry {
    /// The same, as far as the decision goes whether it is wanted.
    pub(crate) fn member(&self) -> Member<'_> {
        let post = &self.post;
        Member { number: post.number, rating: post.rating.as_deref(), status: post.status, record: Some(post) }
    }
}

impl KnownPicture {
    /// Reads a row of [`ENTRIES`].
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(match PictureState::read(row, 1)? {
            PictureState::Unknown => Self::Unknown,
            PictureState::Ok => Self::Ok(outcomes::stored(row, 4)?),
            PictureState::Filtered => Self::Filtered(reasons::read(row, 3)?),
            PictureState::Failed => Self::Failed(reasons::read(row, 3)?),
            PictureState::GivenUp => Self::GivenUp(reasons::read(row, 3)?),
        })
    }
}
