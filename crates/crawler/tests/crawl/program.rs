//! The real program: killed at any moment it goes on and ends with what the site has.

use std::{
    fs,
    hash::{BuildHasher as _, RandomState},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use contracts::{
    Config,
    config::{Listing, Variant},
};
use mini_booru::{Catalogue, Dialect, Fault, MiniBooru, Options, PathClass, Rule, Schedule, Shift};

use crate::{
    oracle::complaints,
    place::{Place, booru, safe_posts},
};

/// The program, to be run on a place.
pub(crate) fn command(place: &Place) -> Command {
    let file = place.path().join("pipeline.toml");
    fs::write(&file, Config::to_toml(&place.config)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_crawler"));
    command.arg("--config").arg(file).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn start(place: &Place) -> Child {
    command(place).spawn().unwrap()
}

fn finish(place: &Place) -> i32 {
    let output = start(place).wait_with_output().unwrap();
    eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    output.status.code().unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// A number below `bound` that no other run draws.
fn random(bound: u64) -> u64 {
    RandomState::new().hash_one(0) % bound
}

/// Kills the program that often, each time at a random moment after a random number of requests, and each time with
/// another number of connections. Gives how many downloads may have been cut off.
fn kill_often(place: &mut Place, booru: &MiniBooru, kills: u64) -> usize {
    let mut cut_off = 0;
    for kill in 0..kills {
        place.config.crawl.max_connections = 1 + random(8) as usize;
        cut_off += place.config.crawl.max_connections;
        let (requests, pause) = (booru.log().len() + random(20) as usize, Duration::from_micros(random(5_000)));
        eprintln!("kill {kill}: {} connections, {requests} requests, {pause:?}", place.config.crawl.max_connections);
        let mut child = start(place);
        while booru.log().len() < requests && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_micros(200));
        }
        std::thread::sleep(pause);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    cut_off
}

/// Killed often while posts come and go, the program ends with what the site has.
fn check(site: &str, (dialect, listing): (Dialect, Listing), count: usize, kills: u64) {
    let shift = Fault::Shift(Shift { insert: 2, bump: 2, delete: 1, edit: 0, seed: 5 });
    let rule = Rule { every: 3, last: 90, ..Rule::always(PathClass::Listing, shift) };
    let options = match (dialect, listing) {
        (Dialect::Danbooru, Listing::Html) => Options::danbooru_without_api(),
        _ => Options { dialect, ..Options::default() },
    };
    let options = Options { faults: Arc::new(Schedule::new([rule])), ..options };
    let booru = MiniBooru::start(Catalogue::swatches(30, count).unwrap(), options).unwrap();
    let mut place = match dialect {
        Dialect::Moebooru => Place::with(&booru.url(), listing, Variant::Original),
        Dialect::Danbooru | Dialect::Gelbooru => Place::danbooru(&booru.url(), listing, Variant::Original),
    };
    place.config.crawl.site = site.parse().unwrap();
    place.config.crawl.requests_per_second = 1000.0;
    let cut_off = kill_often(&mut place, &booru, kills);
    // A post that was deleted after it was listed is a failure, which the program tells by its code.
    assert!(matches!(finish(&place), 0 | 3));
    assert_eq!(complaints(&booru, &place.held()), [""; 0]);
    let again = booru.log().asked_again();
    assert!(again.len() <= cut_off, "{} files came twice", again.len());
}

#[test]
fn a_machine_without_certificates_can_crawl_plain_http() {
    let booru = booru(31, 10);
    let place = Place::new(&booru.url());
    let nowhere = place.path().join("nowhere");
    let mut command = command(&place);
    let status = command.env("SSL_CERT_FILE", &nowhere).env("SSL_CERT_DIR", &nowhere).status().unwrap();
    assert_eq!((status.code(), place.numbers()), (Some(0), safe_posts(&booru)));
}

#[test]
fn a_site_that_is_listed_anew_each_time() {
    check("mini", (Dialect::Moebooru, Listing::Json), 200, 12);
}

#[test]
fn a_site_that_is_listed_onwards() {
    check("konachan", (Dialect::Moebooru, Listing::Json), 600, 50);
}

#[test]
fn a_danbooru_site_and_one_without_its_api() {
    check("danbooru", (Dialect::Danbooru, Listing::Json), 300, 15);
    check("danbooru", (Dialect::Danbooru, Listing::Html), 150, 15);
}

#[test]
fn a_site_that_is_listed_again_for_its_changes() {
    let options = Options { dialect: Dialect::Danbooru, ..Options::default() };
    let booru = MiniBooru::start(Catalogue::swatches(30, 300).unwrap(), options).unwrap();
    let mut place = Place::danbooru(&booru.url(), Listing::Json, Variant::Original);
    place.config.crawl.requests_per_second = 1000.0;
    assert_eq!(finish(&place), 0);
    let safe = safe_posts(&booru);
    for id in safe.iter().step_by(7) {
        assert!(booru.catalogue_mut().delete_post(*id));
    }
    booru.log().clear();
    for requests in (0..10).rev() {
        let mut child = command(&place).arg("--sync").spawn().unwrap();
        // The first come to their end, the last are killed before or in the middle of the listing.
        while booru.log().len() < 2 * requests && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_micros(200));
        }
        std::thread::sleep(Duration::from_micros(random(5_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        booru.log().clear();
    }
    // Without the option: what was begun is gone on with, and what it had not come to is as the site has it now.
    assert_eq!(finish(&place), 0);
    assert_eq!(complaints(&booru, &place.held()), [""; 0]);
    assert_eq!(booru.log().of(PathClass::Image).len(), 0, "all that is wanted was there before");
}

#[test]
fn a_gelbooru_site() {
    check("gelbooru", (Dialect::Gelbooru, Listing::Json), 300, 15);
}
