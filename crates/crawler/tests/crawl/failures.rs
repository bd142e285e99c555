//! A site with trouble: what passes is waited for, what stays is counted, and nothing false is ever stored.

use std::sync::Arc;

use contracts::{
    config::{Listing, Variant},
    report::State,
};
use mini_booru::{Asked, Catalogue, Fault, Faults, MiniBooru, Options};

use crate::place::{Place, safe_posts};

fn troubled(faults: impl Faults + 'static) -> MiniBooru {
    let options = Options { faults: Arc::new(faults), ..Options::default() };
    MiniBooru::start(Catalogue::swatches(20, 60).unwrap(), options).unwrap()
}

fn is_picture(asked: &Asked<'_>) -> bool {
    ["/image/", "/sample/", "/data/"].iter().any(|start| asked.path.starts_with(start))
}

/// A fault that happens to the first request for each picture.
fn check_passing(fault: Fault) {
    let booru = troubled(move |asked: &Asked<'_>| (is_picture(asked) && asked.occurrence == 1).then(|| fault.clone()));
    let place = Place::new(&booru.url());
    let report = place.crawl();
    assert_eq!((report.failed, place.numbers()), (0, safe_posts(&booru)));
}

#[test]
fn trouble_that_passes_costs_nothing() {
    check_passing(Fault::Truncated { after: 300 });
    check_passing(Fault::Truncated { after: 0 });
    check_passing(Fault::Reset);
    check_passing(Fault::Closed);
    check_passing(Fault::Html);
    check_passing(Fault::Status { code: 500, retry_after: None });
    check_passing(Fault::Status { code: 503, retry_after: Some("0".into()) });
    check_passing(Fault::Status { code: 429, retry_after: Some("Sun, 06 Nov 1994 08:49:37 GMT".into()) });
}

/// A fault that happens always to the picture of one post; `reason` is how it is counted.
fn check_lasting(fault: Fault, reason: &str) {
    let options = Options::default();
    let catalogue = Catalogue::swatches(21, 40).unwrap();
    let victim = catalogue.posts().filter(|post| post.rating == mini_booru::Rating::Safe).nth(9).unwrap().clone();
    let marked = victim.md5.clone();
    let faults = move |asked: &Asked<'_>| asked.path.contains(&marked).then(|| fault.clone());
    let booru = MiniBooru::start(catalogue, Options { faults: Arc::new(faults), ..options }).unwrap();
    let place = Place::new(&booru.url());
    let report = place.crawl();
    let expected: Vec<u64> = safe_posts(&booru).into_iter().filter(|id| *id != victim.id).collect();
    assert_eq!((report.failed, place.numbers()), (1, expected));
    assert_eq!(report.dropped_for(&format!("failed: {reason}")), 1, "{:?}", report.dropped);
    let tries = booru.log().requests().iter().filter(|request| request.path.contains(&victim.md5)).count();
    assert!(tries <= 4, "{tries} tries");
}

#[test]
fn trouble_that_stays_is_counted_once() {
    check_lasting(Fault::Truncated { after: 300 }, "the connection broke off");
    check_lasting(Fault::Reset, "the connection broke off");
    check_lasting(Fault::Html, "a web page instead of a picture");
    check_lasting(Fault::Status { code: 404, retry_after: None }, "status 404");
    check_lasting(Fault::Status { code: 500, retry_after: None }, "status 500");
}

#[test]
fn a_failure_is_tried_again_by_the_next_run_until_it_is_pointless() {
    let gone = |asked: &Asked<'_>| {
        (is_picture(asked) && asked.path.contains("/7")).then_some(Fault::Status { code: 404, retry_after: None })
    };
    let booru = troubled(gone);
    let place = Place::new(&booru.url());
    let first = place.crawl();
    assert!(first.failed > 0);
    for _ in 0..3 {
        booru.log().clear();
        place.crawl();
        let asked = booru.log().requests().iter().filter(|request| request.status == 404).count();
        assert_eq!(asked as u64, first.failed, "only what failed is asked for");
    }
    booru.log().clear();
    let last = place.crawl();
    assert_eq!((last.failed, last.dropped_for("failed for good: status 404")), (0, first.failed));
    assert!(booru.log().requests().iter().all(|request| request.status == 200));
    assert_eq!(last.warnings.len(), 1);
}

#[test]
fn a_wrong_md5_is_put_aside_with_both_hashes() {
    let mut catalogue = Catalogue::swatches(22, 30).unwrap();
    let victim = catalogue.posts().find(|post| post.rating == mini_booru::Rating::Safe).unwrap().id;
    catalogue.edit(victim, |post| post.md5 = "0123456789abcdef0123456789abcdef".into());
    let booru = MiniBooru::start(catalogue, Options::default()).unwrap();
    let place = Place::with(&booru.url(), Listing::Json, Variant::Original);
    let report = place.crawl();
    assert_eq!(report.dropped_for("failed: another MD5 than the site states"), 1);
    assert!(!place.numbers().contains(&victim));
    let note = std::fs::read(place.layout().raw_quarantine().join(format!("mini-{victim}.json"))).unwrap();
    let note: serde_json::Value = serde_json::from_slice(&note).unwrap();
    assert_eq!(note["md5_claimed"], "0123456789abcdef0123456789abcdef");
    assert_ne!(note["md5"], note["md5_claimed"]);
}

#[test]
fn trouble_with_the_listing_passes_too() {
    let once = |asked: &Asked<'_>| match asked.occurrence {
        1 if asked.path.starts_with("/post") => Some(Fault::Truncated { after: 500 }),
        2 if asked.path.starts_with("/post") => Some(Fault::Html),
        3 if asked.path.starts_with("/post") => Some(Fault::Status { code: 502, retry_after: None }),
        _ => None,
    };
    for listing in [Listing::Json, Listing::Html] {
        let booru = troubled(once);
        let place = Place::with(&booru.url(), listing, Variant::Sample);
        place.crawl();
        assert_eq!(place.numbers(), safe_posts(&booru));
    }
}

#[test]
fn a_site_that_goes_down_in_the_middle_ends_the_run_and_keeps_what_is_there() {
    let down = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let seen = down.clone();
    let booru = troubled(move |asked: &Asked<'_>| {
        let is_down = seen.load(std::sync::atomic::Ordering::Relaxed);
        (is_down && is_picture(asked) && !asked.path.contains("/1")).then_some(Fault::Reset)
    });
    let place = Place::new(&booru.url());
    assert!(place.error().contains("could not be fetched: the connection broke off"), "{}", place.error());
    assert!(!place.layout().raw_manifest().exists());
    down.store(false, std::sync::atomic::Ordering::Relaxed);
    place.crawl();
    assert_eq!(place.numbers(), safe_posts(&booru));
}

#[test]
fn a_site_that_wants_a_long_pause_gets_it() {
    let tired = |asked: &Asked<'_>| {
        (is_picture(asked)).then_some(Fault::Status { code: 429, retry_after: Some("3600".into()) })
    };
    let booru = troubled(tired);
    let place = Place::new(&booru.url());
    assert!(place.error().contains("left alone for 60 minutes"), "{}", place.error());
}

#[test]
fn an_interrupted_crawl_says_so_and_goes_on_later() {
    let booru = troubled(|_: &Asked<'_>| None::<Fault>);
    let mut place = Place::new(&booru.url());
    place.interrupt.raise();
    let report = place.crawl();
    assert_eq!(report.state, State::Interrupted);
    assert!(!place.layout().raw_manifest().exists());
    place.interrupt = Default::default();
    assert_eq!(place.crawl().state, State::Complete);
    assert_eq!(place.numbers(), safe_posts(&booru));
}
