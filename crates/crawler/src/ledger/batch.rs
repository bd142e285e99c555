//! The next posts whose pictures are to be fetched.

use rusqlite::{Row, params};

use super::{
    Ledger, LedgerError, SearchState, descending_cursor::DescendingCursor, posts::parse_post, signed, unsigned,
};
use crate::{
    post::{Post, Status},
    selection::{Member, Selection},
};

/// The next posts whose pictures are to be fetched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Batch {
    /// Their numbers, highest first.
    pub(crate) due: Vec<u64>,
    /// How many wanted pictures were passed that were stored before.
    pub(crate) kept: u64,
    /// The lowest number that was looked at; `None` where no post is left.
    pub(crate) last: Option<u64>,
}

/// How much to look for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchLimits {
    /// Only posts below this number; `None` begins with the newest.
    pub(crate) before: Option<u64>,
    /// Until so many pictures are stored or due.
    pub(crate) max_pictures: u64,
    /// Until so many are due.
    pub(crate) max_due: usize,
}

/// What the ledger knows of a picture, as its index has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PictureState {
    /// It was never asked for.
    Unknown,
    /// It was stored.
    Ok,
    /// There is nothing to fetch.
    Filtered,
    /// It could not be had.
    Failed,
    /// It could not be had, and is not worth another try.
    GivenUp,
}

const MEMBERS: &str = "SELECT number FROM members WHERE search = ?1 AND number < ?2 ORDER BY number DESC";
const STANDINGS: &str = "
    SELECT number, rating, status, NULL FROM posts INDEXED BY post_standings
    WHERE source = ?1 AND number < ?2 ORDER BY number DESC";
const RECORDS: &str = "
    SELECT number, rating, status, record FROM posts WHERE source = ?1 AND number < ?2 ORDER BY number DESC";
const PICTURES: &str = "
    SELECT number, state, given_up FROM pictures INDEXED BY picture_states
    WHERE source = ?1 AND variant = ?3 AND number < ?2 ORDER BY number DESC";

impl Ledger {
    /// Goes down a search from the newest post until `limits` are reached. Posts that `skip` names are not due.
    ///
    /// Reads two indexes side by side with the search, and no record unless the selection depends on it.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub(crate) fn next_batch(
        &self,
        search: &SearchState,
        selection: &Selection,
        limits: BatchLimits,
        skip: impl Fn(u64) -> bool,
    ) -> Result<Batch, LedgerError> {
        self.read_batch(search, selection, limits, skip).map_err(self.error())
    }

    fn read_batch(
        &self,
        search: &SearchState,
        selection: &Selection,
        limits: BatchLimits,
        skip: impl Fn(u64) -> bool,
    ) -> rusqlite::Result<Batch> {
        let connection = &self.connection;
        let before = limits.before.map_or(i64::MAX, signed);
        let mut members = connection.prepare_cached(MEMBERS)?;
        let mut posts = connection.prepare_cached(if selection.needs_records() { RECORDS } else { STANDINGS })?;
        let mut pictures = connection.prepare_cached(PICTURES)?;
        let mut members = members.query(params![search.id, before])?;
        let mut posts = DescendingCursor::new(posts.query(params![search.source, before])?, PostRow::read)?;
        let pictures = pictures.query(params![search.source, before, selection.variant.name()])?;
        let mut pictures = DescendingCursor::new(pictures, |row| PictureState::read(row, 1))?;
        let mut batch = Batch::default();
        while batch.kept + (batch.due.len() as u64) < limits.max_pictures
            && batch.due.len() < limits.max_due
            && let Some(row) = members.next()?
        {
            let number = unsigned(row.get(0)?);
            let picture = pictures.at(number)?.unwrap_or(PictureState::Unknown);
            let wanted = posts.at(number)?.is_some_and(|post| selection.refusal(&post.member(number)).is_none());
            if wanted && picture == PictureState::Ok {
                batch.kept += 1;
            } else if wanted && picture.is_due() && !skip(number) {
                batch.due.push(number);
            }
            batch.last = Some(number);
        }
        Ok(batch)
    }
}

impl PictureState {
    /// The state in a column, and in the one after it whether the picture was given up.
    pub(super) fn read(row: &Row<'_>, column: usize) -> rusqlite::Result<Self> {
        Ok(match row.get_ref(column)?.as_str_or_null()? {
            Some("ok") => Self::Ok,
            Some("filtered") => Self::Filtered,
            Some(_) if row.get(column + 1)? => Self::GivenUp,
            Some(_) => Self::Failed,
            None => Self::Unknown,
        })
    }

    /// Whether there is a picture to fetch, or to try again.
    fn is_due(self) -> bool {
        matches!(self, Self::Unknown | Self::Failed)
    }
}

/// A post as the index has it, with its record where that is asked for.
struct PostRow {
    rating: Option<String>,
    status: Status,
    record: Option<Post>,
}

impl PostRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let record = row.get_ref(3)?.as_str_or_null()?.map(|text| parse_post(3, text)).transpose()?;
        let status = Status::named(row.get_ref(2)?.as_str()?).unwrap_or_default();
        Ok(Self { rating: row.get(1)?, status, record })
    }

    fn member(&self, number: u64) -> Member<'_> {
        Member { number, rating: self.rating.as_deref(), status: self.status, record: self.record.as_ref() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_never_tried_or_failed_is_due() {
        let check = |state: PictureState, expected| assert_eq!(state.is_due(), expected, "{state:?}");
        check(PictureState::Unknown, true);
        check(PictureState::Failed, true);
        check(PictureState::Ok, false);
        check(PictureState::GivenUp, false);
        check(PictureState::Filtered, false);
    }
}
