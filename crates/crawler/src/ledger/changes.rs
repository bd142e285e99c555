//! Changes that a site has made to posts which it listed before.

use std::{collections::HashSet, ops::AddAssign};

use rusqlite::{Transaction, params};

use super::{
    Coverage, Ledger, LedgerError, SearchState,
    members::write_coverage,
    posts::{read_post, write_post},
    signed,
};
use crate::post::Post;

/// What following the changes has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ChangeCounts {
    /// Posts whose record is another one now.
    pub(crate) updated: u64,
    /// Posts that the search finds now, and did not before.
    pub(crate) joined: u64,
    /// Posts that the search does not find any more.
    pub(crate) left: u64,
}

impl ChangeCounts {
    /// How many posts were touched in one way or another.
    pub(crate) fn total(self) -> u64 {
        self.updated + self.joined + self.left
    }
}

impl AddAssign for ChangeCounts {
    fn add_assign(&mut self, other: Self) {
        self.updated += other.updated;
        self.joined += other.joined;
        self.left += other.left;
    }
}

impl Ledger {
    /// Takes in a page of changed posts, of which the search finds those in `found`, and that it is up to date to the
    /// change `last`, in one step.
    pub(crate) fn commit_changes(
        &mut self,
        search: &mut SearchState,
        page: &[Post],
        found: &HashSet<u64>,
        last: u64,
    ) -> Result<ChangeCounts, LedgerError> {
        let error = self.error();
        let coverage = Coverage { changes: Some(last), ..search.coverage };
        let mut run = || -> rusqlite::Result<ChangeCounts> {
            let transaction = self.connection.transaction()?;
            let mut changed = ChangeCounts::default();
            for post in page {
                changed += take_in(&transaction, search, post, found.contains(&post.number))?;
            }
            write_coverage(&transaction, search.id, coverage)?;
            transaction.commit()?;
            Ok(changed)
        };
        let changed = run().map_err(error)?;
        search.coverage = coverage;
        Ok(changed)
    }
}

fn take_in(
    transaction: &Transaction<'_>,
    search: &SearchState,
    post: &Post,
    found: bool,
) -> rusqlite::Result<ChangeCounts> {
    let mut changed = ChangeCounts::default();
    let covered = found && search.coverage.covers(post.number);
    let known = read_post(transaction, search.source, post.number)?;
    if known.is_none() && !covered {
        return Ok(changed);
    }
    write_post(transaction, search.source, post)?;
    changed.updated = u64::from(known.is_some_and(|known| known != *post));
    let member = params![search.id, signed(post.number)];
    if covered {
        let join = "INSERT OR IGNORE INTO members (search, number, provisional) VALUES (?1, ?2, 0)";
        changed.joined = transaction.prepare_cached(join)?.execute(member)? as u64;
    } else if !found {
        let leave = "DELETE FROM members WHERE search = ?1 AND number = ?2";
        changed.left = transaction.prepare_cached(leave)?.execute(member)? as u64;
    }
    Ok(changed)
}
