//! Downloads that are cut, slowed down, held up or blown up: resumed where they broke off, and never stored wrong.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use contracts::config::{Listing, Variant};
use mini_booru::{Asked, Catalogue, Fault, LoggedRequest, MiniBooru, Options, PathClass};

use crate::place::{Place, safe_posts};

/// Where every first answer for a picture is cut off.
const CUT: usize = 300;

fn with_faults(faults: impl Fn(&Asked<'_>) -> Option<Fault> + Send + Sync + 'static) -> MiniBooru {
    let options = Options { faults: Arc::new(faults), ..Options::default() };
    MiniBooru::start(Catalogue::swatches(60, 40).unwrap(), options).unwrap()
}

fn ranged(booru: &MiniBooru) -> Vec<LoggedRequest> {
    let requests = booru.log().requests();
    requests.into_iter().filter(|request| request.class.is_file() && request.range.is_some()).collect()
}

#[test]
fn a_site_without_entity_tags_is_resumed_by_date() {
    let cut =
        |asked: &Asked<'_>| (asked.class.is_file() && asked.occurrence == 1).then_some(Fault::Truncated { after: CUT });
    let options = Options { faults: Arc::new(cut), entity_tags: false, ..Options::default() };
    let booru = MiniBooru::start(Catalogue::swatches(61, 30).unwrap(), options).unwrap();
    let place = Place::with(&booru.url(), Listing::Json, Variant::Original);
    place.crawl();
    assert_eq!(place.numbers(), safe_posts(&booru));
    let ranged = ranged(&booru);
    assert_eq!(ranged.len(), place.numbers().len());
    for request in ranged {
        assert!(request.if_range.as_ref().is_some_and(|date| date.ends_with(" GMT")), "{request:?}");
        assert_eq!((request.range.as_deref(), request.status), (Some("bytes=300-"), 206));
    }
}

/// All originals are cut off, and `second` happens to the request for the rest of each.
fn check_rest(second: Option<Fault>, status: u16) {
    let second = second.clone();
    let booru = with_faults(move |asked| match asked.occurrence {
        1 if asked.class.is_file() => Some(Fault::Truncated { after: CUT }),
        2 if asked.class.is_file() => second.clone(),
        _ => None,
    });
    let place = Place::with(&booru.url(), Listing::Json, Variant::Original);
    let report = place.crawl();
    assert_eq!((report.failed, place.numbers()), (0, safe_posts(&booru)));
    let ranged = ranged(&booru);
    assert_eq!(ranged.len(), place.numbers().len());
    for request in ranged {
        assert_eq!((request.range.as_deref(), request.status), (Some("bytes=300-"), status), "{request:?}");
        assert!(request.if_range.is_some());
    }
}

#[test]
fn a_download_goes_on_where_it_broke_off_unless_the_file_is_another_now() {
    check_rest(None, 206);
    check_rest(Some(Fault::ChangedEntityTag), 200);
    check_rest(Some(Fault::Unsatisfiable), 416);
    check_rest(Some(Fault::WrongContentRange), 206);
}

/// No listing says how long a preview is, so only the answer to a question for more can say that all of one had come.
#[test]
fn a_download_that_had_come_whole_is_not_fetched_again() {
    let booru =
        with_faults(|asked| (asked.class.is_file() && asked.occurrence == 1).then_some(Fault::WrongLength { by: 7 }));
    let place = Place::with(&booru.url(), Listing::Html, Variant::Preview);
    let report = place.crawl();
    assert_eq!((report.failed, place.numbers()), (0, safe_posts(&booru)));
    let ranged = ranged(&booru);
    assert_eq!(ranged.len(), place.numbers().len());
    assert!(ranged.iter().all(|request| request.status == 416), "{ranged:?}");
    let files = booru.log().requests().into_iter().filter(|request| request.class.is_file()).count();
    assert_eq!(files, 2 * ranged.len(), "nothing is asked for a third time");
}

#[test]
fn another_run_goes_on_with_what_an_earlier_one_has_begun() {
    let cutting = Arc::new(AtomicBool::new(true));
    let cuts = Arc::clone(&cutting);
    let booru = with_faults(move |asked| {
        let cut = asked.class.is_file() && cuts.load(Ordering::SeqCst);
        cut.then_some(Fault::Truncated { after: if asked.occurrence == 1 { CUT } else { 0 } })
    });
    let place = Place::with(&booru.url(), Listing::Json, Variant::Original);
    assert!(place.error().contains("the connection broke off"), "{}", place.error());
    let begun = ranged(&booru).len();
    booru.log().clear();
    cutting.store(false, Ordering::SeqCst);
    place.crawl();
    assert_eq!(place.numbers(), safe_posts(&booru));
    assert!(begun > 0 && ranged(&booru).iter().any(|request| request.status == 206));
    assert!(booru.log().asked_again().is_empty());
}

#[test]
fn an_answer_that_drips_is_given_up_and_the_rest_asked_for() {
    let slow = Arc::new(OnceLock::new());
    let dripping = Arc::clone(&slow);
    let booru = with_faults(move |asked| {
        let drips = asked.class.is_file() && asked.in_class == 1;
        drips.then(|| dripping.set(asked.path.to_owned()).unwrap());
        drips.then_some(Fault::Drip { pause: 40 })
    });
    let mut place = Place::with(&booru.url(), Listing::Json, Variant::Original);
    place.config.crawl.read_timeout_seconds = 1.0;
    place.config.crawl.min_bytes_per_second = 500;
    place.crawl();
    assert_eq!(place.numbers(), safe_posts(&booru));
    let slow = slow.get().unwrap();
    assert!(ranged(&booru).iter().any(|request| request.path == *slow));
}

#[test]
fn a_bomb_is_counted_and_never_stored() {
    let booru = with_faults(|asked| (asked.class.is_file() && asked.path.contains("/7")).then_some(Fault::Bomb));
    let place = Place::with(&booru.url(), Listing::Json, Variant::Sample);
    let report = place.crawl();
    let bombs = report.dropped_for("failed: too large to decode");
    assert!(bombs > 0);
    assert_eq!(place.numbers().len() as u64 + bombs, safe_posts(&booru).len() as u64);
}

#[test]
fn pictures_of_one_class_come_over_five_connections_at_most() {
    let booru = with_faults(|asked| asked.class.is_file().then_some(Fault::Drip { pause: 1 }));
    let mut place = Place::with(&booru.url(), Listing::Json, Variant::Original);
    place.config.crawl.max_connections = 32;
    place.crawl();
    assert_eq!(place.numbers(), safe_posts(&booru));
    let peak = booru.log().peak("/image/");
    assert!(peak <= 5, "{peak} at once");
}

#[test]
fn a_site_that_says_too_much_to_every_try_is_left_alone() {
    let pictures = |asked: &Asked<'_>| asked.class.is_file();
    let listing = |asked: &Asked<'_>| asked.class == PathClass::Listing;
    for shut_out in [pictures as fn(&Asked<'_>) -> bool, listing] {
        let tired = move |asked: &Asked<'_>| shut_out(asked).then_some(Fault::Status { code: 429, retry_after: None });
        let booru = with_faults(tired);
        let mut place = Place::new(&booru.url());
        place.config.crawl.max_connections = 1;
        assert!(place.error().contains("left alone for 60 minutes"), "{}", place.error());
        assert_eq!(booru.log().requests().iter().filter(|request| request.status == 429).count(), 4);
        booru.log().clear();
        assert!(place.error().contains("left alone for 60 minutes"));
        assert!(booru.log().is_empty(), "nothing at all is asked");
    }
}

#[test]
fn a_pause_that_the_site_asks_for_outlives_the_process() {
    let tired = |asked: &Asked<'_>| {
        let answer = Fault::Status { code: 429, retry_after: Some("3600".into()) };
        (asked.class.is_file() && asked.in_class == 3).then_some(answer)
    };
    let booru = with_faults(tired);
    let place = Place::new(&booru.url());
    assert!(place.error().contains("left alone for"), "{}", place.error());
    booru.log().clear();
    let error = place.error();
    assert!(error.contains("left alone for 60 minutes"), "{error}");
    assert!(booru.log().is_empty(), "nothing at all is asked");
    let ledger = rusqlite::Connection::open(place.layout().ledger()).unwrap();
    ledger.execute("UPDATE cooldowns SET until = 1", []).unwrap();
    place.crawl();
    assert_eq!(place.numbers(), safe_posts(&booru));
}
