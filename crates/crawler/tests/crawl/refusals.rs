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
        &["cannot reach http://127.0.0.1:", "connection refused", "crawl.base_url"],
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

/// A booru that answers every request for the listing so.
fn answering(code: u16, media_type: &'static str, body: &'static str) -> MiniBooru {
    let answer = move |asked: &Asked<'_>| {
        let fault = Fault::Body { code, media_type: media_type.into(), body: body.as_bytes().to_vec() };
        asked.path.starts_with("/post").then_some(fault)
    };
    let options = Options { faults: Arc::new(answer), ..Options::default() };
    MiniBooru::start(Catalogue::swatches(1, 20).unwrap(), options).unwrap()
}

#[test]
fn what_the_site_says_is_told() {
    let told = |code, media_type, body, parts: &[&str]| {
        let booru = answering(code, media_type, body);
        for listing in [Listing::Json, Listing::Html] {
            check(&Place::with(&booru.url(), listing, Variant::Sample), parts);
        }
    };
    let limit =
        r#"{"success":false,"error":"TagLimitError","message":"You cannot search for more than 2 tags.\n\u001b[2J"}"#;
    told(422, "application/json", limit, &["answers 422", r"You cannot search for more than 2 tags. \u{1b}[2J"]);
    let page = "<html><title>Error</title><p>The database <b>timed out</b></p></html>";
    told(
        500,
        "text/html",
        page,
        &["answers 500", "saying \"Error: The database timed out\"", "run the same command again later"],
    );
    told(403, "text/plain", "level Blocked", &["answers 403", "saying \"level Blocked\""]);
    told(404, "text/plain", "", &["answers 404 Not Found; see what"]);
    let picture = "GIF89a\x01\0\x01\0\0\0\0;";
    told(200, "image/gif", picture, &["gives a picture (gif) where a text was due", "crawl.base_url"]);
    let words = "<title>Just a moment</title><p>We check your browser</p>";
    told(200, "text/html", words, &["titled \"Just a moment: We check your browser\""]);
}

#[test]
fn odd_entries_are_counted_and_a_list_of_nothing_else_ends_the_crawl() {
    let booru = booru(1, 250);
    let mut place = Place::new(&booru.url());
    place.crawl();
    let expected = place.numbers();
    let odd = |asked: &Asked<'_>| (asked.path == "/post.json").then_some(Fault::OddEntries);
    let options = Options { faults: Arc::new(odd), ..Options::default() };
    let odd = MiniBooru::start(Catalogue::swatches(1, 250).unwrap(), options).unwrap();
    place = Place::new(&odd.url());
    let report = place.crawl();
    assert_eq!((place.numbers(), report.dropped_as("odd_entry")), (expected, 2));
    assert!(report.warnings.iter().any(|warning| warning.contains("without a post id")), "{:?}", report.warnings);
    let again = place.crawl();
    assert_eq!((again.dropped_as("odd_entry"), again.taken), (2, report.taken), "they are not counted twice");
    let bare = answering(200, "application/json", r#"[{"md5":"0"},null]"#);
    check(&Place::new(&bare.url()), &["none of its 2 entries has a post id; the first is {\"md5\":\"0\"}"]);
}
