//! What became of pictures.

use contracts::{config::Variant, id::PictureHash};
use rusqlite::{Row, params};

use super::{Ledger, LedgerError, SearchState, reasons, signed, unsigned};
use crate::reason::{FailureReason, FilterReason};

/// A picture that lies on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    /// Its hash, which is its name.
    pub(crate) sha256: PictureHash,
    /// Its file's extension, which is that of its real format.
    pub(crate) extension: String,
    /// Its length, by which a file that was cut short is noticed.
    pub(crate) bytes: u64,
    /// Its width and height in pixels, upright.
    pub(crate) dimensions: (u32, u32),
    /// The same as it is stored, where an EXIF orientation exchanges them.
    pub(crate) stored_dimensions: Option<(u32, u32)>,
    /// Where it was fetched from, as written down.
    pub(crate) url: String,
    /// Which of the site's renderings it is, where that is another one than was asked for.
    pub(crate) rendering: Option<Variant>,
}

/// How an attempt to get a picture ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PictureOutcome {
    /// It lies whole on disk.
    Ok(Stored),
    /// There is nothing to fetch.
    Filtered(FilterReason),
    /// It could not be had.
    Failed {
        reason: FailureReason,
        /// How often it was tried.
        attempts: u32,
        /// After how many attempts in all it is not tried again, until the site lists it otherwise.
        limit: Option<u32>,
    },
}

impl Ledger {
    /// Writes down how an attempt ended.
    pub(crate) fn record(
        &mut self,
        search: &SearchState,
        number: u64,
        variant: Variant,
        outcome: &PictureOutcome,
    ) -> Result<(), LedgerError> {
        let written = match outcome {
            PictureOutcome::Ok(stored) => self.record_ok(search, number, variant, stored),
            PictureOutcome::Filtered(reason) => self.record_filtered(search, number, variant, reason),
            PictureOutcome::Failed { reason, attempts, limit } => {
                self.record_failed(search, number, variant, (reason, *attempts, *limit))
            }
        };
        written.map_err(self.error())
    }

    /// Forgets that the pictures of these posts were stored, all at once.
    pub(crate) fn forget_stored(
        &mut self,
        search: &SearchState,
        variant: Variant,
        numbers: &[u64],
    ) -> Result<(), LedgerError> {
        let error = self.error();
        let mut run = || -> rusqlite::Result<()> {
            let transaction = self.connection.transaction()?;
            let statement = "DELETE FROM pictures WHERE source = ?1 AND number = ?2 AND variant = ?3";
            for number in numbers {
                let values = params![search.source, signed(*number), variant.name()];
                transaction.prepare_cached(statement)?.execute(values)?;
            }
            transaction.commit()
        };
        run().map_err(error)
    }

    /// Forgets what was filtered for the reason with this tag: it may be otherwise now.
    pub(crate) fn forget_filtered(&self, search: &SearchState, tag: &str) -> Result<(), LedgerError> {
        let statement = "
            DELETE FROM pictures INDEXED BY picture_refusals
            WHERE source = ?1 AND state = 'filtered' AND json_extract(reason, '$.tag') = ?2";
        self.connection.execute(statement, params![search.source, tag]).map(drop).map_err(self.error())
    }

    fn record_ok(&self, search: &SearchState, number: u64, variant: Variant, stored: &Stored) -> rusqlite::Result<()> {
        let statement = "
            INSERT OR REPLACE INTO pictures (source, number, variant, state, sha256, extension, bytes, width, height, url,
                rendering, stored_width, stored_height, upright)
            VALUES (?1, ?2, ?3, 'ok', ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 1)";
        let (width, height) = stored.dimensions;
        let (stored_width, stored_height) = stored.stored_dimensions.unzip();
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
            stored.url,
            stored.rendering.map(Variant::name),
            stored_width,
            stored_height
        ];
        self.connection.prepare_cached(statement)?.execute(values).map(drop)
    }

    fn record_filtered(
        &self,
        search: &SearchState,
        number: u64,
        variant: Variant,
        reason: &FilterReason,
    ) -> rusqlite::Result<()> {
        let statement = "
            INSERT OR REPLACE INTO pictures (source, number, variant, state, reason) VALUES (?1, ?2, ?3, 'filtered', ?4)";
        let values = params![search.source, signed(number), variant.name(), reasons::write(reason)?];
        self.connection.prepare_cached(statement)?.execute(values).map(drop)
    }

    fn record_failed(
        &self,
        search: &SearchState,
        number: u64,
        variant: Variant,
        (reason, attempts, limit): (&FailureReason, u32, Option<u32>),
    ) -> rusqlite::Result<()> {
        let statement = "
            INSERT INTO pictures (source, number, variant, state, reason, attempts, given_up)
            VALUES (?1, ?2, ?3, 'failed', ?4, ?5, ?5 >= ?6)
            ON CONFLICT DO UPDATE SET state = 'failed', reason = ?4, attempts = attempts + ?5,
                given_up = attempts + ?5 >= ?6, sha256 = NULL, extension = NULL, bytes = NULL, width = NULL,
                height = NULL, url = NULL, rendering = NULL, stored_width = NULL, stored_height = NULL";
        let limit = limit.map_or(i64::MAX, i64::from);
        let values = params![search.source, signed(number), variant.name(), reasons::write(reason)?, attempts, limit];
        self.connection.prepare_cached(statement)?.execute(values).map(drop)
    }
}

/// The picture in a column and the eight after it.
pub(super) fn stored(row: &Row<'_>, first: usize) -> rusqlite::Result<Stored> {
    Ok(Stored {
        sha256: hash(row, first)?,
        extension: row.get(first + 1)?,
        bytes: unsigned(row.get(first + 2)?),
        dimensions: (row.get(first + 3)?, row.get(first + 4)?),
        url: row.get(first + 5)?,
        rendering: row.get_ref(first + 6)?.as_str_or_null()?.and_then(Variant::named),
        stored_dimensions: row.get::<_, Option<u32>>(first + 7)?.zip(row.get(first + 8)?),
    })
}

pub(super) fn hash(row: &Row<'_>, column: usize) -> rusqlite::Result<PictureHash> {
    let text: String = row.get(column)?;
    text.parse().map_err(|error: contracts::hash::NotAHash| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into())
    })
}
