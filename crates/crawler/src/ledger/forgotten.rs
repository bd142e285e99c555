//! Posts that are forgotten on request: what there is of them, and its removal.

use contracts::id::{PictureHash, PostId};
use rusqlite::params;

use super::{Ledger, LedgerError, outcomes::hash, signed};

/// Every picture of a post, whatever address its site was crawled at.
const OF_POST: &str = "number = ?2 AND source IN (SELECT id FROM sources WHERE site = ?1)";

/// A file that a post has on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OwnFile {
    /// Its hash, which is its name.
    pub(crate) sha256: PictureHash,
    /// Its extension, with the dot left out.
    pub(crate) extension: String,
    /// Whether another post has it too.
    pub(crate) shared: bool,
}

impl Ledger {
    /// The files of a post, in every rendering that was fetched.
    pub(crate) fn files_of(&self, post: &PostId) -> Result<Vec<OwnFile>, LedgerError> {
        let query = format!(
            "SELECT sha256, extension, EXISTS (
                 SELECT 1 FROM pictures AS other WHERE other.sha256 = picture.sha256 AND other.state = 'ok'
                     AND NOT (other.{OF_POST}))
             FROM pictures AS picture WHERE state = 'ok' AND {OF_POST}"
        );
        let read = || -> rusqlite::Result<Vec<OwnFile>> {
            let values = params![post.site.as_str(), signed(post.number)];
            let mut statement = self.connection.prepare_cached(&query)?;
            let files = statement.query_map(values, |row| {
                Ok(OwnFile { sha256: hash(row, 0)?, extension: row.get(1)?, shared: row.get(2)? })
            })?;
            files.collect()
        };
        read().map_err(self.error())
    }

    /// Removes what is known of a post's pictures; that the site listed the post stays known.
    pub(crate) fn forget(&self, post: &PostId) -> Result<(), LedgerError> {
        let statement = format!("DELETE FROM pictures WHERE {OF_POST}");
        let values = params![post.site.as_str(), signed(post.number)];
        self.connection.execute(&statement, values).map(drop).map_err(self.error())
    }
}
