//! Sides that an earlier version wrote down as they are stored: brought to the upright frame, once.

use contracts::config::Variant;
use rusqlite::params;

use super::{Ledger, LedgerError, SearchState, Stored, outcomes, signed, unsigned};

impl Ledger {
    /// The pictures of a search's site of which it is not known whether their sides are those of the upright frame.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub(crate) fn unknown_frames(
        &self,
        search: &SearchState,
        variant: Variant,
    ) -> Result<Vec<(u64, Stored)>, LedgerError> {
        const QUERY: &str = "
            SELECT number, sha256, extension, bytes, width, height, url, rendering, stored_width, stored_height
            FROM pictures INDEXED BY unknown_frames
            WHERE source = ?1 AND variant = ?2 AND state = 'ok' AND upright = 0";
        let read = || -> rusqlite::Result<Vec<(u64, Stored)>> {
            let mut statement = self.connection.prepare_cached(QUERY)?;
            let pictures = statement.query_map(params![search.source, variant.name()], |row| {
                Ok((unsigned(row.get(0)?), outcomes::stored(row, 1)?))
            })?;
            pictures.collect()
        };
        read().map_err(self.error())
    }

    /// Writes down that the sides of these posts' pictures, as they are stored, are looked at; `true` where an orientation
    /// exchanges them.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub(crate) fn set_upright(
        &mut self,
        search: &SearchState,
        variant: Variant,
        pictures: &[(u64, bool)],
    ) -> Result<(), LedgerError> {
        const TURNED: &str = "
            UPDATE pictures SET upright = 1, stored_width = width, stored_height = height, width = height, height = width
            WHERE source = ?1 AND number = ?2 AND variant = ?3";
        const UPRIGHT: &str = "UPDATE pictures SET upright = 1 WHERE source = ?1 AND number = ?2 AND variant = ?3";
        let error = self.error();
        let mut run = || -> rusqlite::Result<()> {
            let transaction = self.connection.transaction()?;
            for (number, turned) in pictures {
                let values = params![search.source, signed(*number), variant.name()];
                transaction.prepare_cached(if *turned { TURNED } else { UPRIGHT })?.execute(values)?;
            }
            transaction.commit()
        };
        run().map_err(error)
    }
}
