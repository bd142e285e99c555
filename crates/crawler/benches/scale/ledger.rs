//! A ledger of many posts, all stored.

use std::fs;

use contracts::{ContentHash, Layout, id::PictureHash};
use rusqlite::{Connection, params};
use serde_json::Value;

use crate::{links::Links, place::Place};

/// The name of a post's picture.
pub(crate) fn picture(number: u64) -> PictureHash {
    ContentHash::of(&number.to_le_bytes())
}

/// Adds posts to a ledger that has few, until it has so many. A ten-thousandth is posted twice.
pub(crate) fn fill(place: &Place, posts: u64) {
    let mut connection = Connection::open(place.layout.ledger()).unwrap();
    // What is lost is made anew, and a journal of it all would take as much room again.
    connection
        .execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -500000")
        .unwrap();
    let transaction = connection.transaction().unwrap();
    let (source, first, record): (i64, i64, String) = transaction
        .query_row("SELECT source, number, record FROM posts ORDER BY number DESC LIMIT 1", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .unwrap();
    let search: i64 = transaction.query_row("SELECT id FROM searches", [], |row| row.get(0)).unwrap();
    let stored: (String, String, i64) = transaction
        .query_row("SELECT sha256, extension, bytes FROM pictures WHERE number = ?1", [first], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .unwrap();
    let (sha256, extension, bytes) = stored;
    let file = |picture: &PictureHash| place.layout.raw_picture(&Layout::raw_file(picture, &extension));
    let mut links = Links::to(&file(&sha256.parse().unwrap()));
    let mut record: Value = serde_json::from_str(&record).unwrap();
    for leading in 0..=255_u8 {
        let name = ContentHash::of(b"").to_string().replacen("e3", &format!("{leading:02x}"), 1);
        fs::create_dir_all(file(&name.parse().unwrap()).parent().unwrap()).unwrap();
    }
    let mut post = transaction
        .prepare(
            "INSERT INTO posts (source, number, rating, status, record)
             SELECT source, ?3, rating, status, ?4 FROM posts WHERE source = ?1 AND number = ?2",
        )
        .unwrap();
    let mut member =
        transaction.prepare("INSERT INTO members (search, number, provisional) VALUES (?1, ?2, 0)").unwrap();
    let mut stored = transaction
        .prepare(
            "INSERT INTO pictures (source, number, variant, state, sha256, extension, bytes, width, height, url, upright)
             SELECT source, ?3, variant, state, ?4, ?5, ?6, width, height, ?7, 1 FROM pictures
             WHERE source = ?1 AND number = ?2",
        )
        .unwrap();
    let tags: Vec<String> = (0..12).map(|tag| format!("tag_of_some_length_{tag}")).collect();
    for number in first as u64 + 1..=posts {
        let of = picture(if number % 10_000 == 0 { number - 1 } else { number });
        record["number"] = number.into();
        record["tags"] = tags.clone().into();
        let (signed, url) = (number as i64, place.url(number));
        post.execute(params![source, first, signed, record.to_string()]).unwrap();
        member.execute(params![search, signed]).unwrap();
        stored.execute(params![source, first, signed, of.to_string(), extension, bytes, url]).unwrap();
        links.add(&file(&of));
    }
    drop((post, member, stored));
    transaction.execute("UPDATE searches SET highest = (SELECT MAX(number) FROM members)", []).unwrap();
    transaction.commit().unwrap();
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).unwrap();
}
