//! Entries of a listing that have no number, so that no post can be known by them: they are counted, and shown.

use rusqlite::params;

use super::{Ledger, LedgerError, SearchState, unsigned};

impl Ledger {
    /// Writes down entries that have no number. One that a page repeats is the same entry.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub(crate) fn note_odd_entries(&self, search: &SearchState, entries: &[String]) -> Result<(), LedgerError> {
        let statement = "INSERT OR IGNORE INTO odd_entries (search, entry) VALUES (?1, ?2)";
        let note = |entry: &String| self.connection.prepare_cached(statement)?.execute(params![search.id, entry]);
        entries.iter().try_for_each(|entry| note(entry).map(drop)).map_err(self.error())
    }

    /// How many different ones a search has come by, and one of them.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub(crate) fn odd_entries(&self, search: &SearchState) -> Result<(u64, Option<String>), LedgerError> {
        let query = "SELECT COUNT(*), MIN(entry) FROM odd_entries WHERE search = ?1";
        let read = self.connection.query_row(query, [search.id], |row| Ok((unsigned(row.get(0)?), row.get(1)?)));
        read.map_err(self.error())
    }
}
