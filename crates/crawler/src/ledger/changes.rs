//! Changes that a site has made to posts which it listed before.

use std::{collections::HashSet, ops::AddAssign};

use rusqlite::{Transaction, params};

use super::{
    Ledger, LedgerError, Reach, Search,
    searches::{read_post, write_post, write_reach},
    signed,
};
use crate::post::Post;

/// What following the changes has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changed {
    /// Posts whose record is another one now.
    pub(crate) updated: u64,
    /// Posts that the search finds now, and did not before.
    pub(crate) joined: u64,
    /// Posts that the search does not find any more.
    pub(crate) left: u64,
}

impl AddAssign for Changed {
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
        search: &mut Search,
        page: &[Post],
        found: &HashSet<u64>,
        last: u64,
    ) -> Result<Changed, LedgerError> {
        let error = self.error();
        let reach = Reach { changes: Some(last), ..search.reach };
        let mut run = || -> rusqlite::Result<Changed> {
            let transaction = self.connection.transaction()?;
            let mut changed = Changed::default();
            for post in page {
                changed += take_in(&transaction, search, post, found.contains(&post.number))?;
            }
            write_reach(&transaction, search.id, reach)?;
            transaction.commit()?;
            Ok(changed)
        };
        let changed = run().map_err(error)?;
        search.reach = reach;
        Ok(changed)
    }
}

fn take_in(transaction: &Transaction<'_>, search: &Search, post: &Post, found: bool) -> rusqlite::Result<Changed> {
    let mut changed = Changed::default();
    let covered = found && search.reach.covers(post.number);
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
