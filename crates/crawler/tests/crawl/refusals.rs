//! What cannot be crawled is refused in words that help.

use std::{net::TcpListener, sync::Arc};

use contracts::config::{Listing, Variant};
use mini_booru::{Asked, Catalogue, Fault, MiniBooru, Options};

use crate::place::{Place, booru};

fn check(place: &Place, parts: &[&str]) {
    let error = place.error();
    for part in parts {
        assert!(error.contains(part), "{part:?} is missing in: {error}");
    }
    assert!(!place.layout().raw_manifest().exists(), "a refused crawl writes no manifest");
}

#[test]
fn a_site_that_is_not_there() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    check(
        &Place::new(&format!("http://{free}")),
        &["cannot coverage http://127.0.0.1:", "connection refused", "crawl.base_url"],
    );
}

#[test]
fn a_site_that_answers_something_else() {
    let page = |asked: &Asked<'_>| asked.path.starts_with("/post").then_some(Fault::Html);
    let options = Options { faults: Arc::new(page), ..Options::default() };
    let booru = MiniBooru::start(Catalogue::swatches(1, 5).unwrap(), options).unwrap();
    check(&Place::new(&booru.url()), &["cannot understand the listing at http://127", "a web page where JSON was due"]);
    let html = Place::with(&booru.url(), Listing::Html, Variant::Sample);
    check(&html, &["cannot understand the listing", "a page without a list of posts"]);
}

#[test]
fn a_site_that_says_no() {
    let refuse = |_: &Asked<'_>| Some(Fault::Status { code: 403, retry_after: None });
    let options = Options { faults: Arc::new(refuse), ..Options::default() };
    let booru = MiniBooru::start(Catalogue::swatches(1, 5).unwrap(), options).unwrap();
    check(&Place::new(&booru.url()), &["answers 403 Forbidden", "asked for permission"]);
}

#[test]
fn a_search_that_finds_nothing() {
    let booru = booru(1, 20);
    let mut place = Place::new(&booru.url());
    place.config.crawl.tags = "no_such_tag".into();
    check(&place, &["mini lists no posts for crawl.tags = \"no_such_tag\""]);
}

#[test]
fn a_filter_that_leaves_nothing() {
    let booru = booru(1, 40);
    let mut place = Place::new(&booru.url());
    place.config.crawl.ratings = vec!["e".into()];
    check(&place, &["none of the", "filtered: rating s", "add to crawl.ratings"]);
}

#[test]
fn a_folder_that_cannot_be_written() {
    let booru = booru(1, 5);
    let mut place = Place::new(&booru.url());
    std::fs::write(place.path().join("file"), b"not a folder").unwrap();
    place.config.paths.data = "file/data".into();
    let error = place.error();
    assert!(error.contains("cannot create the folder") && error.contains("file/data"), "{error}");
}

#[test]
fn a_ledger_that_is_none() {
    let booru = booru(1, 5);
    let place = Place::new(&booru.url());
    std::fs::create_dir_all(place.layout().raw()).unwrap();
    std::fs::write(place.layout().ledger(), b"not a ledger, but long enough to be looked at closely").unwrap();
    check(&place, &["cannot use the ledger at", "move it away"]);
}
