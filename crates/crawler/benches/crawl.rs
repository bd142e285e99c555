//! `cargo xtask bench crawl [-- FOLDER]`: files a second, CPU time and peak memory against the mini booru without limits,
//! beside gallery-dl where `GALLERY_DL` or the path has it; large files; and a ledger of a million posts.
//!
//! The pictures are those of a folder, the shared ones unless another is named.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a developer's tool, whose output is a table")]

#[path = "scale/child.rs"]
mod child;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use child::watch;
use contracts::{
    Config, Layout,
    config::{Listing, Variant},
};
use mini_booru::{Catalogue, MiniBooru, Options, PathClass};

/// Tiny pictures of the first measurement.
const TINY: usize = 2000;
/// Posts in the large ledger.
const MANY: i64 = 1_000_000;
/// Sides of the large pictures, and how many there are.
const LARGE: (u32, usize) = (5000, 6);

fn main() {
    // What cargo itself adds is not for us.
    let named = std::env::args().skip(1).find(|argument| !argument.starts_with("--")).map(PathBuf::from);
    let shared = || Some(PathBuf::from(std::env::var_os("NIJIGEN_SHARED")?).join("data/pictures"));
    println!("| {:<50} | files | files/s | MB/s | CPU s | peak MB |\n|---|---|---|---|---|---|", "");
    compare(&format!("{TINY} tiny pictures"), Catalogue::swatches(1, TINY).unwrap());
    match named.or_else(shared).filter(|folder| folder.is_dir()) {
        Some(folder) => compare("whole illustrations", Catalogue::from_folder(&folder).unwrap()),
        None => println!("without whole illustrations: name a folder of pictures, or set NIJIGEN_SHARED"),
    }
    let folder = tempfile::tempdir().unwrap();
    compare("large pictures", large(folder.path()));
    println!();
    ledger_of_many();
}

/// Times a crawl of all originals of a catalogue, and the peer.
fn compare(what: &str, catalogue: Catalogue) {
    let booru = MiniBooru::start(catalogue, Options::default()).unwrap();
    // Whoever came first would wait for the booru to read its pictures from disk.
    assert!(quiet(&mut Place::new(&booru, |_| {}).crawler()).status().unwrap().success());
    let place = Place::new(&booru, |_| {});
    row(&format!("{what}: crawler, 4 connections"), &booru, place.crawler());
    let place = Place::new(&booru, |config| config.crawl.max_connections = 1);
    row(&format!("{what}: crawler, 1 connection"), &booru, place.crawler());
    row(&format!("{what}: gallery-dl"), &booru, gallery_dl(&booru, place.folder.path()));
}

/// Runs a program against the booru to its end, and prints what it took.
fn row(name: &str, booru: &MiniBooru, mut command: Command) {
    booru.log().clear();
    let began = Instant::now();
    let Ok(mut child) = quiet(&mut command).spawn() else {
        println!("without {name}: it does not start; set GALLERY_DL to its path");
        return;
    };
    let used = watch(&mut child);
    let seconds = began.elapsed().as_secs_f64();
    let files = booru.log().of(PathClass::Image);
    let megabytes = files.iter().map(|request| request.bytes).sum::<u64>() as f64 / 1e6;
    println!(
        "| {name:<50} | {} | {:.0} | {:.1} | {:.2} | {:.0} |",
        files.len(),
        files.len() as f64 / seconds,
        megabytes / seconds,
        used.cpu_seconds,
        used.peak_megabytes
    );
}

fn quiet(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}

/// A folder with a configuration that crawls everything a booru has.
struct Place {
    folder: tempfile::TempDir,
    config: Config,
}

impl Place {
    fn new(booru: &MiniBooru, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        config.crawl.site = "konachan".parse().unwrap();
        config.crawl.base_url = booru.url();
        config.crawl.requests_per_second = 1e6;
        config.crawl.max_posts = 10 * MANY as u64;
        config.crawl.listing = Listing::Json;
        config.crawl.variant = Variant::Original;
        change(&mut config);
        Self { folder: tempfile::tempdir().unwrap(), config }
    }

    fn crawler(&self) -> Command {
        let file = self.folder.path().join("pipeline.toml");
        fs::write(&file, self.config.to_toml()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_crawler"));
        command.arg("--config").arg(file);
        command
    }
}

fn gallery_dl(booru: &MiniBooru, folder: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("GALLERY_DL").unwrap_or("gallery-dl".into()));
    command.args(["--config-ignore", "--sleep-request", "0", "--directory"]).arg(folder.join("peer"));
    command.arg(format!("moebooru:{}/post?tags=rating:s", booru.url()));
    command
}

/// Pictures of noise, which no format makes small.
fn large(folder: &Path) -> Catalogue {
    let (side, count) = LARGE;
    for number in 0..count {
        let mut state = number as u32 + 1;
        let noise = image::RgbImage::from_fn(side, side, |_, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            image::Rgb([(state >> 24) as u8, (state >> 16) as u8, (state >> 8) as u8])
        });
        noise.save(folder.join(format!("{number}.png"))).unwrap();
    }
    Catalogue::from_folder(folder).unwrap()
}

/// How long a crawl takes from its start to the first picture, where all but the oldest of so many posts are done.
fn ledger_of_many() {
    let booru = MiniBooru::start(Catalogue::swatches(2, 250).unwrap(), Options::default()).unwrap();
    let place = Place::new(&booru, |_| {});
    assert!(quiet(&mut place.crawler()).status().unwrap().success());
    let ledger = Layout::new(place.folder.path(), &place.config.paths).ledger();
    let posts = multiply(&ledger);
    booru.log().clear();
    let began = Instant::now();
    let mut child = quiet(&mut place.crawler()).spawn().unwrap();
    while booru.log().of(PathClass::Image).is_empty() && child.try_wait().unwrap().is_none() {
        sleep(Duration::from_millis(1));
    }
    let found = began.elapsed().as_secs_f64();
    let used = watch(&mut child);
    println!(
        "a ledger of {posts} posts, all but the oldest done: {found:.2} s from the start to the first picture's answer;"
    );
    println!(
        "with a look for every file and a new manifest: {:.1} s, {:.0} MB at most",
        began.elapsed().as_secs_f64(),
        used.peak_megabytes
    );
}

/// Makes each post of a ledger many, under new numbers, and leaves the oldest to be done. Gives how many there are.
fn multiply(ledger: &Path) -> i64 {
    let connection = rusqlite::Connection::open(ledger).unwrap();
    let listed: i64 = connection.query_row("SELECT COUNT(*) FROM members", [], |row| row.get(0)).unwrap();
    let copies = MANY / listed;
    let numbers =
        format!("(WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < {copies}) SELECT k FROM n)");
    let columns = "variant, state, sha256, extension, bytes, width, height, url, reason, attempts, given_up";
    connection
        .execute_batch(&format!(
            "BEGIN;
             INSERT INTO posts SELECT source, number + k * 1000, rating, status,
                 json_set(record, '$.number', number + k * 1000) FROM posts, {numbers};
             INSERT INTO members SELECT search, number + k * 1000, 0 FROM members, {numbers};
             INSERT INTO pictures (source, number, {columns})
                 SELECT source, number + k * 1000, {columns} FROM pictures, {numbers};
             DELETE FROM pictures WHERE number = (SELECT MIN(number) FROM pictures);
             UPDATE searches SET highest = (SELECT MAX(number) FROM members);
             COMMIT; PRAGMA wal_checkpoint(TRUNCATE);"
        ))
        .unwrap();
    connection.query_row("SELECT COUNT(*) FROM members", [], |row| row.get(0)).unwrap()
}
