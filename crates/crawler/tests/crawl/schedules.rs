//! Faults by schedules that are drawn: whatever goes wrong, the crawl ends with what the site has, asks for nothing
//! twice and keeps to its limits.

use std::{sync::Arc, time::Instant};

use contracts::config::{Listing, Variant};
use mini_booru::{Catalogue, Fault, LoggedRequest, MiniBooru, Options, PathClass, Rule, Schedule, Shift};
use proptest::{prelude::*, sample::select};

use crate::{oracle::complaints, place::Place};

/// Requests a second: fast enough for a test, slow enough to be seen in the log.
const RATE: f64 = 400.0;
/// Runs until nothing is left to do, at the most.
const MOST_RUNS: usize = 10;

/// What may happen to a picture.
fn picture_fault() -> impl Strategy<Value = Fault> {
    let plain = select(vec![
        Fault::Reset,
        Fault::Closed,
        Fault::Html,
        Fault::Empty,
        Fault::Altered,
        Fault::Bomb,
        Fault::Cloudflare,
        Fault::RedirectLoop,
        Fault::UnfinishedChunks,
        Fault::WrongContentRange,
        Fault::Unsatisfiable,
        Fault::ChangedEntityTag,
        Fault::Redirect { to: "http://127.0.0.2:9/elsewhere.jpg".into() },
        Fault::Header { name: "Content-Type".into(), value: "text/html".into() },
    ]);
    prop_oneof![
        4 => plain,
        1 => (0usize..3_000).prop_map(|after| Fault::Truncated { after }),
        1 => (-500i64..500).prop_map(|by| Fault::WrongLength { by }),
        1 => (1usize..100_000).prop_map(|by| Fault::Oversize { by }),
        1 => status(),
    ]
}

fn status() -> impl Strategy<Value = Fault> {
    let retry_after = select(vec![None, Some("0"), Some("+0"), Some("Sun, 06 Nov 1994 08:49:37 GMT"), Some("soon")]);
    (select(vec![404, 500, 502, 503]), retry_after)
        .prop_map(|(code, text)| Fault::Status { code, retry_after: text.map(str::to_owned) })
}

/// Pictures whose paths hold some digit suffer at their first or second request.
fn picture_rule() -> impl Strategy<Value = Rule> {
    (select("0123456789abcdef".chars().collect::<Vec<_>>()), 1u64..3, picture_fault()).prop_map(
        |(digit, nth, fault)| {
            let containing = format!("/image/{digit}");
            Rule { containing, per_path: true, ..Rule::nth(PathClass::Image, nth, fault) }
        },
    )
}

/// What may happen to a page of the listing; posts come and go meanwhile.
fn listing_fault() -> impl Strategy<Value = Fault> {
    let shift = (0u32..4, 0u32..4, 0u32..2, any::<u64>())
        .prop_map(|(insert, bump, delete, seed)| Fault::Shift(Shift { insert, bump, delete, edit: 0, seed }));
    prop_oneof![
        3 => shift,
        1 => (0usize..3_000).prop_map(|after| Fault::Truncated { after }),
        1 => select(vec![Fault::Reset, Fault::Html, Fault::ErrorObject, Fault::Cloudflare, Fault::UnfinishedChunks]),
        1 => status(),
    ]
}

fn listing_rules() -> impl Strategy<Value = Vec<Rule>> {
    let others = prop::collection::vec((1u64..9, listing_fault()), 0..5);
    (others, prop::option::of(1u64..9)).prop_map(|(others, empty)| {
        let empty = empty.map(|nth| (nth, Fault::EmptyList));
        let all = empty.into_iter().chain(others);
        all.map(|(nth, fault)| Rule::nth(PathClass::Listing, nth, fault)).collect()
    })
}

fn schedule() -> impl Strategy<Value = Schedule> {
    (prop::collection::vec(picture_rule(), 0..12), listing_rules())
        .prop_map(|(pictures, listing)| Schedule::new(pictures.into_iter().chain(listing)))
}

/// Crawls until a run finds nothing to do; whether no run ended in an error.
fn crawl_to_the_end(place: &Place) -> bool {
    let mut unbroken = true;
    for _ in 0..MOST_RUNS {
        match place.try_crawl() {
            Ok(report) if report.failed == 0 && report.figures["pictures_fetched"] == 0.0 => return unbroken,
            Ok(_) => {}
            Err(_) => unbroken = false,
        }
    }
    panic!("there is still something to do after {MOST_RUNS} runs");
}

/// Whether so many requests took as long as they must at [`RATE`]. The clock of the log has its tolerance.
fn is_spaced(requests: &[LoggedRequest]) -> bool {
    let mut started: Vec<Instant> = requests.iter().map(|request| request.started).collect();
    started.sort();
    let took = started.last().zip(started.first()).map_or(0.0, |(last, first)| (*last - *first).as_secs_f64());
    took >= 0.8 * (started.len() as f64 - 1.0) / RATE
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, max_shrink_iters: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_crawl_ends_with_what_the_site_has_whatever_goes_wrong(
        schedule in schedule(),
        connections in 1usize..=5,
        listing in select(vec![Listing::Json, Listing::Html]),
        site in select(vec!["mini", "konachan"]),
    ) {
        let options = Options { faults: Arc::new(schedule), ..Options::default() };
        let booru = MiniBooru::start(Catalogue::swatches(50, 60).unwrap(), options).unwrap();
        let mut place = Place::with(&booru.url(), listing, Variant::Original);
        place.config.crawl.site = site.parse().unwrap();
        place.config.crawl.max_connections = connections;
        place.config.crawl.requests_per_second = RATE;
        let unbroken = crawl_to_the_end(&place);
        prop_assert_eq!(complaints(&booru, &place.held()), [""; 0]);
        let log = booru.log();
        prop_assert!(log.peak_of(PathClass::Image) <= connections, "{} at once", log.peak_of(PathClass::Image));
        prop_assert!(is_spaced(&log.requests()), "{} requests too fast", log.len());
        // A run that ends in an error drops the downloads that are under way, and they begin anew.
        prop_assert!(!unbroken || log.asked_again().is_empty(), "{:?}", log.asked_again());
    }
}
