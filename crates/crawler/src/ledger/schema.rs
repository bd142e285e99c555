//! The ledger's tables.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{LedgerError, describe, reasons};

#[cfg(test)]
mod fuzz_targets;

/// The version of the tables. History: 1, the first; 2, with cooldowns; 3, with the change that a search is up to date
/// with, and indexes over what decisions go by; 4, with reasons that have a tag in place of sentences; 5, with entries that
/// have no number, pictures that stand in for others, and sides of the upright frame.
const VERSION: i64 = 5;

/// What came with version 2.
const COOLDOWNS: &str = "
    CREATE TABLE cooldowns (
        source INTEGER PRIMARY KEY REFERENCES sources,
        until INTEGER NOT NULL
    );
";

/// What came with version 3.
const CHANGES: &str = "
    ALTER TABLE searches ADD COLUMN changes INTEGER;
    CREATE INDEX post_standings ON posts (source, number, rating, status);
    CREATE INDEX picture_states ON pictures (source, variant, number, state, given_up);
    CREATE INDEX picture_refusals ON pictures (source) WHERE state = 'filtered';
    CREATE INDEX provisional_members ON members (search) WHERE provisional <> 0;
";

/// What came with version 5. `rendering` is which of the site's a picture is, where that is not the one that was asked for;
/// `upright` tells whether its sides are known to be those of the upright frame, which earlier versions did not look at;
/// `stored_width` and `stored_height` are those of the frame as it is stored, where they are others.
const FRAMES: &str = "
    CREATE TABLE odd_entries (
        search INTEGER NOT NULL REFERENCES searches,
        entry TEXT NOT NULL,
        PRIMARY KEY (search, entry)
    ) WITHOUT ROWID;
    ALTER TABLE pictures ADD COLUMN rendering TEXT;
    ALTER TABLE pictures ADD COLUMN upright INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE pictures ADD COLUMN stored_width INTEGER;
    ALTER TABLE pictures ADD COLUMN stored_height INTEGER;
    CREATE INDEX unknown_frames ON pictures (source, variant) WHERE state = 'ok' AND upright = 0;
";

/// `record` holds what the site said of a post as JSON; what is searched for has a column of its own.
const TABLES: &str = "
    CREATE TABLE sources (
        id INTEGER PRIMARY KEY,
        site TEXT NOT NULL,
        address TEXT NOT NULL,
        UNIQUE (site, address)
    );
    CREATE TABLE posts (
        source INTEGER NOT NULL REFERENCES sources,
        number INTEGER NOT NULL,
        rating TEXT,
        status TEXT NOT NULL,
        record TEXT NOT NULL,
        PRIMARY KEY (source, number)
    ) WITHOUT ROWID;
    CREATE TABLE searches (
        id INTEGER PRIMARY KEY,
        source INTEGER NOT NULL REFERENCES sources,
        listing TEXT NOT NULL,
        tags TEXT NOT NULL,
        lowest INTEGER,
        highest INTEGER,
        bottom INTEGER NOT NULL DEFAULT 0,
        UNIQUE (source, listing, tags)
    );
    CREATE TABLE members (
        search INTEGER NOT NULL REFERENCES searches,
        number INTEGER NOT NULL,
        provisional INTEGER NOT NULL,
        PRIMARY KEY (search, number)
    ) WITHOUT ROWID;
    CREATE TABLE pictures (
        source INTEGER NOT NULL REFERENCES sources,
        number INTEGER NOT NULL,
        variant TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('ok', 'filtered', 'failed')),
        sha256 TEXT,
        extension TEXT,
        bytes INTEGER,
        width INTEGER,
        height INTEGER,
        url TEXT,
        reason TEXT,
        attempts INTEGER NOT NULL DEFAULT 0,
        given_up INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (source, number, variant)
    ) WITHOUT ROWID;
";

/// Opens the file, makes the tables where there are none, and checks that it can be written.
pub(super) fn open(path: &Path) -> Result<Connection, LedgerError> {
    let connection = Connection::open(path).map_err(|error| describe(path, &error))?;
    let version = prepare(&connection).map_err(|error| describe(path, &error))?;
    if version == VERSION {
        return Ok(connection);
    }
    let cause = format!("its tables are of version {version}, this program knows version {VERSION}");
    Err(LedgerError::Unusable { path: path.to_path_buf(), cause })
}

fn prepare(connection: &Connection) -> rusqlite::Result<i64> {
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    // In WAL mode this loses the last commits in a power cut, never the file; a lost commit is fetched again.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    if user_version(connection)? < VERSION {
        bring_up_to_date(connection)?;
    }
    user_version(connection)
}

/// Makes what later versions have brought, all at once.
fn bring_up_to_date(connection: &Connection) -> rusqlite::Result<()> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    // Looked at again under the lock: another process may have been faster.
    let missing = match user_version(&transaction)? {
        0 => [TABLES, COOLDOWNS, CHANGES, FRAMES].concat(),
        1 => [COOLDOWNS, CHANGES, FRAMES].concat(),
        2 => [CHANGES, FRAMES].concat(),
        3 | 4 => FRAMES.to_owned(),
        _ => return Ok(()),
    };
    let has_sentences = user_version(&transaction)? < 4;
    transaction.execute_batch(&missing)?;
    if has_sentences {
        reasons::migrate_sentences(&transaction)?;
    }
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}

fn user_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use contracts::config::Listing;

    use super::*;
    use crate::ledger::{Ledger, SearchKey};

    fn check(prepare: impl FnOnce(&Path), expected: &str) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.sqlite");
        prepare(&path);
        let error = open(&path).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn what_is_no_ledger_is_refused_with_a_way_out() {
        check(|path| std::fs::write(path, "x".repeat(5000)).unwrap(), "not a database; move it away");
        check(|path| std::fs::create_dir(path).unwrap(), "cannot write");
        let newer = |path: &Path| Connection::open(path).unwrap().pragma_update(None, "user_version", 99).unwrap();
        check(newer, "version 99, this program knows version 5");
    }

    #[test]
    fn a_ledger_opens_again_and_an_older_one_is_brought_up_to_date() {
        let first = TABLES.to_owned();
        for (version, tables) in [(1, first), (2, [TABLES, COOLDOWNS].concat()), (3, third()), (4, third())] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("ledger.sqlite");
            make(&path, version, &tables);
            for _ in 0..2 {
                let ledger = open(&path).unwrap();
                assert!(ledger.prepare("SELECT until, changes, entry FROM cooldowns, searches, odd_entries").is_ok());
                assert!(ledger.prepare("SELECT rendering, upright, stored_width FROM pictures").is_ok());
            }
        }
    }

    #[test]
    fn the_tags_of_the_version_before_stay_what_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.sqlite");
        let reason = r#"{"tag":"status","detail":404}"#;
        let row = format!(
            "INSERT INTO sources VALUES (1, 'mini', 'http://mini.invalid');
             INSERT INTO pictures (source, number, variant, state, reason) VALUES (1, 3, 'sample', 'failed', '{reason}');"
        );
        make(&path, 4, &(third() + &row));
        let found: String =
            open(&path).unwrap().query_row("SELECT reason FROM pictures", [], |row| row.get(0)).unwrap();
        assert_eq!(found, reason);
    }

    #[test]
    fn the_reasons_of_an_older_ledger_keep_their_meaning() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.sqlite");
        let rows = "
            INSERT INTO sources VALUES (1, 'mini', 'http://mini.invalid');
            INSERT INTO pictures (source, number, variant, state, reason, given_up) VALUES
                (1, 1, 'sample', 'filtered', 'robots.txt: Disallow: /image', 0),
                (1, 2, 'sample', 'filtered', 'X-Robots-Tag: noai', 0),
                (1, 3, 'sample', 'failed', 'status 404', 1),
                (1, 4, 'sample', 'failed', 'said otherwise once', 0),
                (1, 5, 'sample', 'ok', NULL, 0);";
        make(&path, 3, &(third() + rows));
        let tagged = |connection: &Connection| -> Vec<(i64, Option<String>, bool)> {
            let query = "SELECT number, reason, given_up FROM pictures ORDER BY number";
            let mut statement = connection.prepare(query).unwrap();
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
            rows.map(Result::unwrap).collect()
        };
        let expected = [
            (1, Some(r#"{"tag":"robots_txt","detail":"Disallow: /image"}"#.to_owned()), false),
            (2, Some(r#"{"tag":"x_robots_tag","detail":"noai"}"#.to_owned()), false),
            (3, Some(r#"{"tag":"status","detail":404}"#.to_owned()), true),
            (4, Some(r#"{"tag":"other","detail":"said otherwise once"}"#.to_owned()), false),
            (5, None, false),
        ];
        assert_eq!(tagged(&open(&path).unwrap()), expected);
        assert_eq!(tagged(&open(&path).unwrap()), expected, "reasons are brought up to date once");
        let mut ledger = Ledger::open(&path).unwrap();
        let key = SearchKey { site: "mini", address: "http://mini.invalid", listing: Listing::Json, tags: "" };
        let search = ledger.search(&key).unwrap();
        ledger.forget_filtered(&search, "robots_txt").unwrap();
        assert_eq!(tagged(&open(&path).unwrap()), expected[1..], "what robots.txt refused is asked for again");
    }

    fn third() -> String {
        [TABLES, COOLDOWNS, CHANGES].concat()
    }

    fn make(path: &Path, version: i64, tables: &str) {
        let older = Connection::open(path).unwrap();
        older.execute_batch(&format!("{tables} PRAGMA user_version = {version}")).unwrap();
    }
}
