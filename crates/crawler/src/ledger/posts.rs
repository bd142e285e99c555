//! What a site said of its posts.

use contracts::config::Variant;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params, types::Type};

use super::{Ledger, LedgerError, SearchState, signed};
use crate::post::Post;

impl Ledger {
    /// What the site last said of a post.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub(crate) fn post(&self, search: &SearchState, number: u64) -> Result<Option<Post>, LedgerError> {
        read_post(&self.connection, search.source, number).map_err(self.error())
    }

    /// All posts of a search's site from a number on, ascending.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub(crate) fn posts_from(&self, search: &SearchState, number: u64) -> Result<Vec<Post>, LedgerError> {
        let read = || -> rusqlite::Result<Vec<Post>> {
            let query = "SELECT record FROM posts WHERE source = ?1 AND number >= ?2 ORDER BY number";
            let mut statement = self.connection.prepare_cached(query)?;
            let posts = statement
                .query_map(params![search.source, signed(number)], |row| parse_post(0, row.get_ref(0)?.as_str()?))?;
            posts.collect()
        };
        read().map_err(self.error())
    }

    /// Takes over what a post's own page says.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub(crate) fn complete_post(&mut self, search: &SearchState, post: &Post) -> Result<(), LedgerError> {
        let error = self.error();
        let mut run = || -> rusqlite::Result<()> {
            let transaction = self.connection.transaction()?;
            write_post(&transaction, search.source, post)?;
            transaction.commit()
        };
        run().map_err(error)
    }
}

/// Takes over what a site says of a post; what it leaves untold stays as it was.
pub(super) fn write_post(transaction: &Transaction<'_>, source: i64, post: &Post) -> rusqlite::Result<()> {
    let earlier = read_post(transaction, source, post.number)?;
    let post = match &earlier {
        Some(earlier) => post.clone().completed_by(earlier),
        None => post.clone(),
    };
    if let Some(earlier) = &earlier {
        forget_outdated(transaction, source, &post, earlier)?;
    }
    let record = serde_json::to_string(&post).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO posts (source, number, rating, status, record) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![source, signed(post.number), post.rating, post.status.name(), record])?;
    Ok(())
}

/// Drops what became of pictures that the site has since replaced.
fn forget_outdated(transaction: &Transaction<'_>, source: i64, post: &Post, earlier: &Post) -> rusqlite::Result<()> {
    for variant in [Variant::Preview, Variant::Sample, Variant::Original] {
        let delete = match (post.same_picture(earlier, variant), post.same_prospects(earlier, variant)) {
            (false, _) => "DELETE FROM pictures WHERE source = ?1 AND number = ?2 AND variant = ?3",
            (true, false) => {
                "DELETE FROM pictures WHERE source = ?1 AND number = ?2 AND variant = ?3 AND state <> 'ok'"
            }
            (true, true) => continue,
        };
        transaction.prepare_cached(delete)?.execute(params![source, signed(post.number), variant.name()])?;
    }
    Ok(())
}

/// What a site last said of a post.
pub(super) fn read_post(connection: &Connection, source: i64, number: u64) -> rusqlite::Result<Option<Post>> {
    let record: Option<String> = connection
        .prepare_cached("SELECT record FROM posts WHERE source = ?1 AND number = ?2")?
        .query_row(params![source, signed(number)], |row| row.get(0))
        .optional()?;
    record.map(|text| parse_post(0, &text)).transpose()
}

/// Reads a record out of a column.
pub(super) fn parse_post(column: usize, text: &str) -> rusqlite::Result<Post> {
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into()))
}
