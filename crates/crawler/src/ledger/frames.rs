//! Sides that an earlier version wrote down as they are stored: brought to the upright frame, once.

use contracts::config::Variant;
use rusqlite::params;

use super::{Ledger, LedgerError, SearchState, signed};

impl Ledger {
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
