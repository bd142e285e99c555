//! What is left to do, and how each post of a search stands.

use contracts::config::Variant;
use rusqlite::{Row, Rows, params};

use super::{Ledger, LedgerError, Search, Stored, outcomes, searches::parse_post, signed, unsigned};
use crate::{
    post::{Post, Status},
    selection::{Selection, Standing},
};

/// A post of a search, as far as the decision goes what to do with it.
#[derive(Clone, Debug)]
pub(crate) struct Member<'a> {
    /// The post's number.
    pub(crate) number: u64,
    /// The letter of its rating.
    pub(crate) rating: Option<&'a str>,
    /// Whether its picture can be had.
    pub(crate) status: Status,
    /// What became of it.
    pub(crate) picture: PictureState,
    /// What the site said of it, where the decision depends on that.
    pub(crate) record: Option<&'a Post>,
}

/// What the ledger knows of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PictureState {
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

/// All that is known of a post of a search.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// What the site last said of it.
    pub(crate) post: Post,
    /// What became of its picture.
    pub(crate) picture: PictureState,
    /// The picture that was stored.
    pub(crate) stored: Option<Stored>,
    /// Why there is none.
    pub(crate) reason: Option<String>,
}

/// The next posts whose pictures are to be fetched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Work {
    /// Their numbers, highest first.
    pub(crate) due: Vec<u64>,
    /// How many wanted pictures were passed that were stored before.
    pub(crate) kept: u64,
    /// The lowest number that was looked at; `None` where no post is left.
    pub(crate) last: Option<u64>,
}

/// How much to look for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Only below this number.
    pub(crate) before: Option<u64>,
    /// Until so many pictures are stored or due.
    pub(crate) room: u64,
    /// Until so many are due.
    pub(crate) most: usize,
}

impl Ledger {
    /// Goes down a search from the newest post until `bounds` are reached. Posts that `skip` names are not due.
    ///
    /// Reads two indexes side by side with the search, and no record unless the selection depends on it.
    pub(crate) fn next_work(
        &self,
        search: &Search,
        selection: &Selection,
        bounds: Bounds,
        skip: impl Fn(u64) -> bool,
    ) -> Result<Work, LedgerError> {
        let before = bounds.before.map_or(i64::MAX, signed);
        let standings = if selection.opt_outs.need_records() { RECORDS } else { STANDINGS };
        let read = || -> rusqlite::Result<Work> {
            let connection = &self.connection;
            let (mut members, mut posts, mut pictures) = (
                connection.prepare_cached(MEMBERS)?,
                connection.prepare_cached(standings)?,
                connection.prepare_cached(PICTURES)?,
            );
            let mut members = members.query(params![search.id, before])?;
            let mut posts = Falling::new(posts.query(params![search.source, before])?, Listed::read)?;
            let pictures = pictures.query(params![search.source, before, selection.variant.name()])?;
            let mut pictures = Falling::new(pictures, |row| state(row, 1))?;
            let mut work = Work::default();
            while work.kept + (work.due.len() as u64) < bounds.room
                && work.due.len() < bounds.most
                && let Some(row) = members.next()?
            {
                let number = unsigned(row.get(0)?);
                let picture = pictures.at(number)?.unwrap_or(PictureState::Unknown);
                let standing = posts.at(number)?.map(|listed| selection.standing(&listed.member(number, picture)));
                match standing {
                    Some(Standing::Ok) => work.kept += 1,
                    Some(Standing::Due) if !skip(number) => work.due.push(number),
                    _ => {}
                }
                work.last = Some(number);
            }
            Ok(work)
        };
        read().map_err(self.error())
    }

    /// Looks at every post of a search, the newest first.
    pub(crate) fn for_each_member(
        &self,
        search: &Search,
        variant: Variant,
        mut look: impl FnMut(Entry),
    ) -> Result<(), LedgerError> {
        let query = "
            SELECT post.record, picture.state, picture.given_up, picture.sha256, picture.extension, picture.bytes,
                   picture.width, picture.height, picture.url, picture.reason
            FROM members AS member
            JOIN posts AS post ON post.source = ?2 AND post.number = member.number
            LEFT JOIN pictures AS picture
                ON picture.source = ?2 AND picture.number = member.number AND picture.variant = ?3
            WHERE member.search = ?1
            ORDER BY member.number DESC";
        self.for_each_row(query, search, variant, |row| {
            look(entry(row)?);
            Ok(())
        })
    }

    /// Looks at every picture that a search has stored.
    pub(crate) fn for_each_stored(
        &self,
        search: &Search,
        variant: Variant,
        mut look: impl FnMut(u64, &Stored),
    ) -> Result<(), LedgerError> {
        let query = "
            SELECT member.number, picture.sha256, picture.extension, picture.bytes, picture.width, picture.height,
                   picture.url
            FROM members AS member
            JOIN pictures AS picture
                ON picture.source = ?2 AND picture.number = member.number AND picture.variant = ?3
            WHERE member.search = ?1 AND picture.state = 'ok'";
        self.for_each_row(query, search, variant, |row| {
            look(unsigned(row.get(0)?), &outcomes::stored(row, 1)?);
            Ok(())
        })
    }

    /// Runs a query over a search (`?1`), its source (`?2`) and a variant (`?3`).
    fn for_each_row(
        &self,
        query: &str,
        search: &Search,
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

impl Entry {
    /// The same, as far as decisions go.
    pub(crate) fn member(&self) -> Member<'_> {
        let post = &self.post;
        Member {
            number: post.number,
            rating: post.rating.as_deref(),
            status: post.status,
            picture: self.picture,
            record: Some(post),
        }
    }
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

/// Rows with falling numbers, read side by side with others.
struct Falling<'a, T> {
    rows: Rows<'a>,
    read: fn(&Row<'_>) -> rusqlite::Result<T>,
    next: Option<(u64, T)>,
}

impl<'a, T> Falling<'a, T> {
    fn new(rows: Rows<'a>, read: fn(&Row<'_>) -> rusqlite::Result<T>) -> rusqlite::Result<Self> {
        let mut falling = Self { rows, read, next: None };
        falling.advance()?;
        Ok(falling)
    }

    /// The row of that number, if there is one. Numbers must be asked for in falling order.
    fn at(&mut self, number: u64) -> rusqlite::Result<Option<T>> {
        while self.next.as_ref().is_some_and(|(next, _)| *next > number) {
            self.advance()?;
        }
        if self.next.as_ref().is_none_or(|(next, _)| *next != number) {
            return Ok(None);
        }
        let found = self.next.take();
        self.advance()?;
        Ok(found.map(|(_, row)| row))
    }

    fn advance(&mut self) -> rusqlite::Result<()> {
        let row = self.rows.next()?;
        self.next = row.map(|row| Ok::<_, rusqlite::Error>((unsigned(row.get(0)?), (self.read)(row)?))).transpose()?;
        Ok(())
    }
}

/// A post as the index has it, with its record where that is asked for.
struct Listed {
    rating: Option<String>,
    status: Status,
    record: Option<Post>,
}

impl Listed {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let record = row.get_ref(3)?.as_str_or_null()?.map(|text| parse_post(3, text)).transpose()?;
        let status = Status::named(row.get_ref(2)?.as_str()?).unwrap_or_default();
        Ok(Self { rating: row.get(1)?, status, record })
    }

    fn member(&self, number: u64, picture: PictureState) -> Member<'_> {
        let (rating, record) = (self.rating.as_deref(), self.record.as_ref());
        Member { number, rating, status: self.status, picture, record }
    }
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let picture = state(row, 1)?;
    let stored = if picture == PictureState::Ok { Some(outcomes::stored(row, 3)?) } else { None };
    Ok(Entry { post: parse_post(0, row.get_ref(0)?.as_str()?)?, picture, stored, reason: row.get(9)? })
}

/// The state in a column, and in the one after it whether the picture was given up.
fn state(row: &Row<'_>, column: usize) -> rusqlite::Result<PictureState> {
    Ok(match row.get_ref(column)?.as_str_or_null()? {
        Some("ok") => PictureState::Ok,
        Some("filtered") => PictureState::Filtered,
        Some(_) if row.get(column + 1)? => PictureState::GivenUp,
        Some(_) => PictureState::Failed,
        None => PictureState::Unknown,
    })
}
