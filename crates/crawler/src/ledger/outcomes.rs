//! What became of pictures, and the posts of a search with it.

use contracts::{config::Variant, id::PictureHash};
use rusqlite::{Row, params};

use super::{Ledger, LedgerError, Search, searches::parse_post, signed, unsigned};
use crate::{
    post::{Post, Status},
    selection::Selection,
};

/// A picture that lies on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    /// Its hash, which is its name.
    pub(crate) sha256: PictureHash,
    /// Its file's extension.
    pub(crate) extension: String,
    /// Its length.
    pub(crate) bytes: u64,
    /// Its width and height in pixels.
    pub(crate) dimensions: (u32, u32),
    /// Where it was fetched from, as written down.
    pub(crate) url: String,
}

/// How an attempt to get a picture ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It lies on disk.
    Ok(Stored),
    /// There is nothing to fetch.
    Filtered {
        /// Why, in a few words.
        reason: String,
    },
    /// It could not be had.
    Failed {
        /// Why, in a few words.
        reason: String,
        /// How often it was tried.
        attempts: u32,
        /// After how many attempts in all it is not tried again, until the site lists it otherwise.
        limit: Option<u32>,
    },
}

/// What the ledger knows of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PictureState {
    /// It was never asked for.
    Unknown,
    /// It lies on disk.
    Ok(Stored),
    /// There is nothing to fetch.
    Filtered(String),
    /// It could not be had.
    Failed {
        /// Why.
        reason: String,
        /// Whether it is not worth another try.
        given_up: bool,
    },
}

/// A post of a search, as far as the decision goes what to do with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    /// The post's number.
    pub(crate) number: u64,
    /// The letter of its rating.
    pub(crate) rating: Option<String>,
    /// Whether its picture can be had.
    pub(crate) status: Status,
    /// What became of it.
    pub(crate) picture: PictureState,
    /// What the site said of it, where the decision depends on that.
    pub(crate) record: Option<Post>,
}

impl Ledger {
    /// Up to `limit` posts of a search, the newest below `before` first, with all that `selection` judges by.
    pub(crate) fn members_below(
        &self,
        search: &Search,
        selection: &Selection,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Member>, LedgerError> {
        let query = "
            SELECT member.number, post.rating, post.status, picture.state, picture.sha256, picture.extension,
                   picture.bytes, picture.width, picture.height, picture.url, picture.reason, picture.given_up,
                   CASE WHEN ?6 THEN post.record END
            FROM members AS member
            JOIN posts AS post ON post.source = ?2 AND post.number = member.number
            LEFT JOIN pictures AS picture
                ON picture.source = ?2 AND picture.number = member.number AND picture.variant = ?3
            WHERE member.search = ?1 AND member.number < ?4
            ORDER BY member.number DESC LIMIT ?5";
        let before = before.map_or(i64::MAX, signed);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let (variant, records) = (selection.variant.name(), selection.opt_outs.need_records());
        let read = || -> rusqlite::Result<Vec<Member>> {
            self.connection
                .prepare_cached(query)?
                .query_map(params![search.id, search.source, variant, before, limit, records], member)?
                .collect()
        };
        read().map_err(self.error())
    }

    /// Writes down how an attempt ended.
    pub(crate) fn record(
        &mut self,
        search: &Search,
        number: u64,
        variant: Variant,
        outcome: &Outcome,
    ) -> Result<(), LedgerError> {
        let written = match outcome {
            Outcome::Ok(stored) => self.record_ok(search, number, variant, stored),
            Outcome::Filtered { reason } => self.record_filtered(search, number, variant, reason),
            Outcome::Failed { reason, attempts, limit } => {
                self.record_failed(search, number, variant, (reason, *attempts, *limit))
            }
        };
        written.map_err(self.error())
    }

    /// Forgets what robots.txt was in the way of: it may have changed since.
    pub(crate) fn forget_refusals(&self, search: &Search) -> Result<(), LedgerError> {
        let statement = "DELETE FROM pictures WHERE source = ?1 AND state = 'filtered' AND reason LIKE 'robots.txt:%'";
        self.connection.execute(statement, [search.source]).map(drop).map_err(self.error())
    }

    fn record_ok(&self, search: &Search, number: u64, variant: Variant, stored: &Stored) -> rusqlite::Result<()> {
        let statement = "
            INSERT OR REPLACE INTO pictures (source, number, variant, state, sha256, extension, bytes, width, height, url)
            VALUES (?1, ?2, ?3, 'ok', ?4, ?5, ?6, ?7, ?8, ?9)";
        let (width, height) = stored.dimensions;
        let sha256 = stored.sha256.to_string();
        let values = params![
            search.source,
            signed(number),
            variant.name(),
            sha256,
            stored.extension,
            signed(stored.bytes),
            width,
            height,
            stored.url
        ];
        self.connection.prepare_cached(statement)?.execute(values).map(drop)
    }

    fn record_filtered(&self, search: &Search, number: u64, variant: Variant, reason: &str) -> rusqlite::Result<()> {
        let statement = "
            INSERT OR REPLACE INTO pictures (source, number, variant, state, reason) VALUES (?1, ?2, ?3, 'filtered', ?4)";
        let values = params![search.source, signed(number), variant.name(), reason];
        self.connection.prepare_cached(statement)?.execute(values).map(drop)
    }

    fn record_failed(
        &self,
        search: &Search,
        number: u64,
        variant: Variant,
        (reason, attempts, limit): (&str, u32, Option<u32>),
    ) -> rusqlite::Result<()> {
        let statement = "
            INSERT INTO pictures (source, number, variant, state, reason, attempts, given_up)
            VALUES (?1, ?2, ?3, 'failed', ?4, ?5, ?5 >= ?6)
            ON CONFLICT DO UPDATE SET state = 'failed', reason = ?4, attempts = attempts + ?5,
                given_up = attempts + ?5 >= ?6, sha256 = NULL, extension = NULL, bytes = NULL, width = NULL,
                height = NULL, url = NULL";
        let limit = limit.map_or(i64::MAX, i64::from);
        let values = params![search.source, signed(number), variant.name(), reason, attempts, limit];
        self.connection.prepare_cached(statement)?.execute(values).map(drop)
    }
}

fn member(row: &Row<'_>) -> rusqlite::Result<Member> {
    let status = Status::named(row.get_ref(2)?.as_str()?).unwrap_or_default();
    let number = unsigned(row.get(0)?);
    let record: Option<String> = row.get(12)?;
    let record = record.map(|text| parse_post(12, &text)).transpose()?;
    Ok(Member { number, rating: row.get(1)?, status, picture: picture(row)?, record })
}

fn picture(row: &Row<'_>) -> rusqlite::Result<PictureState> {
    let state: Option<String> = row.get(3)?;
    Ok(match state.as_deref() {
        Some("ok") => PictureState::Ok(Stored {
            sha256: hash(row, 4)?,
            extension: row.get(5)?,
            bytes: unsigned(row.get(6)?),
            dimensions: (row.get(7)?, row.get(8)?),
            url: row.get(9)?,
        }),
        Some("filtered") => PictureState::Filtered(row.get(10)?),
        Some(_) => PictureState::Failed { reason: row.get(10)?, given_up: row.get(11)? },
        None => PictureState::Unknown,
    })
}

pub(super) fn hash(row: &Row<'_>, column: usize) -> rusqlite::Result<PictureHash> {
    let text: String = row.get(column)?;
    text.parse().map_err(|error: contracts::hash::NotAHash| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into())
    })
}
