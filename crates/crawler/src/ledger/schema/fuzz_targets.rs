//! Damaged ledgers of all versions: opened, brought up to date, and read.

use std::{fs, path::Path};

use contracts::config::{Listing, Variant};
use fuzz::Target;
use rusqlite::Connection;

use super::{CHANGES, COOLDOWNS, FRAMES, TABLES, VERSION};
use crate::{
    ledger::{Ledger, SearchKey},
    post::Post,
};

const ROWS: &str = "
    INSERT INTO sources VALUES (1, 'mini', 'http://mini.invalid');
    INSERT INTO searches (id, source, listing, tags, lowest, highest) VALUES (1, 1, 'json', '', 3, 9);
    INSERT INTO members VALUES (1, 3, 0);
";

/// A ledger of a version, in small pages, so that damage meets something.
fn made(folder: &Path, version: i64) -> Vec<u8> {
    let reason = if version < 4 { "robots.txt: Disallow: /image" } else { r#"{"tag":"no_rating"}"# };
    let tables = [TABLES, COOLDOWNS, CHANGES, FRAMES];
    let brought = match version {
        1 => 1,
        2 => 2,
        3 | 4 => 3,
        _ => 4,
    };
    let picture = format!(
        "INSERT INTO pictures (source, number, variant, state, reason) VALUES (1, 3, 'sample', 'filtered', '{reason}');"
    );
    let record = serde_json::to_string(&Post { number: 3, ..Post::default() }).unwrap();
    let post = format!("INSERT INTO posts VALUES (1, 3, 's', 'active', '{record}');");
    let path = folder.join(version.to_string());
    let statements = [
        "PRAGMA page_size = 512;",
        &tables[..brought].concat(),
        ROWS,
        &post,
        &picture,
        &format!("PRAGMA user_version = {version}"),
    ];
    Connection::open(&path).unwrap().execute_batch(&statements.join("\n")).unwrap();
    fs::read(path).unwrap()
}

#[test]
fn ledgers() {
    let folder = tempfile::tempdir().unwrap();
    let seeds: Vec<Vec<u8>> = (1..=VERSION).map(|version| made(folder.path(), version)).collect();
    let read = |bytes: &[u8]| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        fs::write(&path, bytes).unwrap();
        let said = |error: crate::ledger::LedgerError| error.to_string().replace(&*folder.path().to_string_lossy(), "");
        let mut ledger = Ledger::open(&path).map_err(said)?;
        let key = SearchKey { site: "mini", address: "http://mini.invalid", listing: Listing::Json, tags: "" };
        let search = ledger.search(&key).map_err(said)?;
        ledger.for_each_stored(&search, Variant::Sample, |_, _| ()).map_err(said)?;
        ledger.for_each_member(&search, Variant::Sample, |_| ()).map_err(said)?;
        ledger.count_members(&search).map(drop).map_err(said)
    };
    let words = ["sample", "{\"tag\":", "http://mini.invalid", "CREATE TABLE", "CREATE TRIGGER t AFTER INSERT ON"];
    // SQLite counts its own memory, and each of these writes a file.
    Target::new("ledgers", &seeds, read).words(&words).executions(150).run();
}
