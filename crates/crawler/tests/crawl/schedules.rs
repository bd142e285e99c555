//! Faults by schedules that are drawn: whatever goes wrong, the crawl ends with what the site has, asks for nothing
//! twice and keeps to its limits.

use std::{sync::Arc, time::Instant};

use contracts::{
    config::{Listing, Variant},
    options::CrawlOptions,
};
use mini_booru::{
    Catalogue, Dialect, Fault, LoggedRequest, MiniBooru, Options, PathClass, Rule, Schedule, Shift,
    post::{PREVIEW_SIDE, SMALLEST_SIDE, THUMBNAIL_SIDE},
};
use proptest::{prelude::*, sample::select};

use crate::{
    oracle::{complaints, complaints_of_sides},
    place::Place,
};

/// Requests a second: fast enough for a test, slow enough to be seen in the log.
const RATE: f64 = 400.0;
/// From this request for the listing on the site stays as it is.
const LAST_SHIFT: u64 = 9;
/// Runs until nothing is left to do, at the most.
const MAX_RUNS: usize = 12;

/// A site as a drawn schedule meets it.
#[derive(Clone, Copy, Debug)]
struct Kind {
    site: &'static str,
    dialect: Dialect,
    /// Where originals and previews lie.
    folders: [&'static str; 2],
    /// The longer side of previews.
    preview: u32,
}

const KINDS: [Kind; 4] = [
    Kind { site: "mini", dialect: Dialect::Moebooru, folders: ["/image/", "/data/preview/"], preview: PREVIEW_SIDE },
    Kind {
        site: "konachan",
        dialect: Dialect::Moebooru,
        folders: ["/image/", "/data/preview/"],
        preview: PREVIEW_SIDE,
    },
    Kind { site: "danbooru", dialect: Dialect::Danbooru, folders: ["/original/", "/180x180/"], preview: SMALLEST_SIDE },
    Kind {
        site: "gelbooru",
        dialect: Dialect::Gelbooru,
        folders: ["/images/", "/thumbnails/"],
        preview: THUMBNAIL_SIDE,
    },
];

impl Kind {
    /// Whether what is edited is heard of: because all is listed anew each time, or because changes are asked for.
    fn follows_edits(self, listing: Listing) -> bool {
        self.site == "mini" || (self.dialect == Dialect::Moebooru && listing == Listing::Json)
    }
}

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
        1 => (0u64..2).prop_map(|pause| Fault::Drip { pause }),
        1 => status(),
    ]
}

fn status() -> impl Strategy<Value = Fault> {
    let retry_after = select(vec![None, Some("0"), Some("+0"), Some("Sun, 06 Nov 1994 08:49:37 GMT"), Some("soon")]);
    (select(vec![404, 500, 502, 503]), retry_after)
        .prop_map(|(code, text)| Fault::Status { code, retry_after: text.map(str::to_owned) })
}

/// Pictures whose paths hold some digit suffer at their first or second request.
fn picture_rule(kind: Kind) -> impl Strategy<Value = Rule> {
    let [originals, previews] = kind.folders;
    let folder = select(vec![(PathClass::Image, originals), (PathClass::Preview, previews)]);
    (folder, select("0123456789abcdef".chars().collect::<Vec<_>>()), 1u64..3, picture_fault()).prop_map(
        |((class, folder), digit, nth, fault)| {
            let containing = format!("{folder}{digit}");
            Rule { containing, per_path: true, ..Rule::nth(class, nth, fault) }
        },
    )
}

/// What may happen to a page of the listing; posts come and go meanwhile.
fn listing_fault() -> impl Strategy<Value = Fault> {
    let shift = (0u32..4, 0u32..4, 0u32..2, 0u32..4, any::<u64>())
        .prop_map(|(insert, bump, delete, edit, seed)| Fault::Shift(Shift { insert, bump, delete, edit, seed }));
    prop_oneof![
        3 => shift,
        1 => (0usize..3_000).prop_map(|after| Fault::Truncated { after }),
        1 => select(vec![Fault::Reset, Fault::Html, Fault::ErrorObject, Fault::Cloudflare, Fault::UnfinishedChunks]),
        1 => status(),
    ]
}

fn listing_rules() -> impl Strategy<Value = Vec<Rule>> {
    let others = prop::collection::vec((1u64..LAST_SHIFT, listing_fault()), 0..5);
    (others, prop::option::of(1u64..LAST_SHIFT)).prop_map(|(others, empty)| {
        let empty = empty.map(|nth| (nth, Fault::EmptyList));
        let all = empty.into_iter().chain(others);
        all.map(|(nth, fault)| Rule::nth(PathClass::Listing, nth, fault)).collect()
    })
}

fn schedule() -> impl Strategy<Value = (Kind, Schedule)> {
    select(KINDS.to_vec()).prop_flat_map(|kind| {
        (prop::collection::vec(picture_rule(kind), 0..12), listing_rules())
            .prop_map(move |(pictures, listing)| (kind, Schedule::new(pictures.into_iter().chain(listing))))
    })
}

/// Posts are edited, and the crawler is not told: by the pages of a site that is listed onwards.
fn without_edits(mut schedule: Schedule) -> Schedule {
    for rule in &mut schedule.rules {
        if let Fault::Shift(shift) = &mut rule.fault {
            shift.edit = 0;
        }
    }
    schedule
}

/// Crawls until a run on a site that has come to rest finds nothing to do; whether no run ended in an error.
fn crawl_to_the_end(place: &Place, booru: &MiniBooru) -> bool {
    let tells_changes = ["mini", "konachan"].contains(&place.config.crawl.site.as_str());
    let sync = tells_changes && place.config.crawl.listing == Listing::Json;
    let options = CrawlOptions { sync, ..CrawlOptions::default() };
    let mut unbroken = true;
    for _ in 0..MAX_RUNS {
        let at_rest = booru.log().of(PathClass::Listing).len() as u64 >= LAST_SHIFT;
        match place.run(&options) {
            Ok(report) if at_rest && report.failed == 0 && report.figures["pictures_fetched"] == 0.0 => {
                return unbroken;
            }
            Ok(_) => {}
            Err(_) => unbroken = false,
        }
    }
    panic!("there is still something to do after {MAX_RUNS} runs");
}

/// Whether so many requests took as long as they must at [`RATE`]. The clock of the log has its tolerance.
fn is_spaced(requests: &[LoggedRequest]) -> bool {
    let mut started: Vec<Instant> = requests.iter().map(|request| request.started).collect();
    started.sort();
    let took = started.last().zip(started.first()).map_or(0.0, |(last, first)| (*last - *first).as_secs_f64());
    took >= 0.8 * (started.len() as f64 - 1.0) / RATE
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_crawl_ends_with_what_the_site_has_whatever_goes_wrong(
        (kind, schedule) in schedule(),
        connections in 1usize..=5,
        listing in select(vec![Listing::Json, Listing::Html]),
        variant in select(vec![Variant::Original, Variant::Sample, Variant::Preview]),
    ) {
        let schedule = if kind.follows_edits(listing) { schedule } else { without_edits(schedule) };
        let options = Options { dialect: kind.dialect, faults: Arc::new(schedule), ..Options::default() };
        let booru = MiniBooru::start(Catalogue::swatches(50, 60).unwrap(), options).unwrap();
        let mut place = match kind.dialect {
            Dialect::Moebooru => Place::with(&booru.url(), listing, variant),
            Dialect::Danbooru | Dialect::Gelbooru => Place::danbooru(&booru.url(), listing, variant),
        };
        place.config.crawl.site = kind.site.parse().unwrap();
        place.config.crawl.max_connections = connections;
        place.config.crawl.requests_per_second = RATE;
        let unbroken = crawl_to_the_end(&place, &booru);
        let complaints = match variant {
            Variant::Preview => complaints_of_sides(&booru, &place.sides(), kind.preview),
            // These originals are so small that they are their own samples.
            Variant::Sample | Variant::Original => complaints(&booru, &place.held()),
        };
        prop_assert_eq!(complaints, [""; 0]);
        let log = booru.log();
        let peak = log.peak_of(PathClass::Image).max(log.peak_of(PathClass::Preview));
        prop_assert!(peak <= connections, "{peak} at once");
        prop_assert!(is_spaced(&log.requests()), "{} requests too fast", log.len());
        // A run that ends in an error drops the downloads that are under way, and they begin anew.
        prop_assert!(!unbroken || log.asked_again().is_empty(), "{:?}", log.asked_again());
    }
}
