//! What a site's owner wants is asked first, and done.

use std::sync::Arc;

use contracts::{
    config::{Listing, Variant},
    report::Dropped,
};
use mini_booru::{Asked, Catalogue, Fault, MiniBooru, Options};

use crate::place::{Place, safe_posts};

fn with_robots(robots: &str) -> MiniBooru {
    let options = Options { robots: robots.into(), ..Options::default() };
    MiniBooru::start(Catalogue::swatches(40, 60).unwrap(), options).unwrap()
}

fn with_faults(faults: impl Fn(&Asked<'_>) -> Option<Fault> + Send + Sync + 'static) -> MiniBooru {
    let options = Options { faults: Arc::new(faults), ..Options::default() };
    MiniBooru::start(Catalogue::swatches(41, 60).unwrap(), options).unwrap()
}

fn check_refused(place: &Place, booru: &MiniBooru, parts: &[&str]) {
    let error = place.error();
    for part in parts {
        assert!(error.contains(part), "{part:?} is missing in: {error}");
    }
    let asked = booru.log().requests();
    assert!(asked.iter().all(|request| request.path == "/robots.txt"), "{asked:?}");
}

#[test]
fn robots_are_asked_once_and_before_anything_else() {
    let booru = with_robots("User-agent: *\nDisallow: /user/");
    Place::new(&booru.url()).crawl();
    let asked = booru.log().requests();
    assert_eq!(asked[0].path, "/robots.txt");
    assert_eq!(booru.log().under("/robots.txt").len(), 1);
}

#[test]
fn a_listing_that_robots_refuse_is_not_asked_for_and_the_other_one_is_named() {
    let booru = with_robots("User-agent: *\nDisallow: /post.json\n");
    let mut place = Place::new(&booru.url());
    let parts = ["refuses the listing at", "/post.json", "\"Disallow: /post.json\"", "crawl.listing = \"html\""];
    check_refused(&place, &booru, &parts);
    place.config.crawl.listing = Listing::Html;
    place.crawl();
    assert_eq!(place.numbers(), safe_posts(&booru));
    let booru = with_robots("User-agent: nijigen\nDisallow: /post\n\nUser-agent: *\nAllow: /");
    check_refused(&Place::new(&booru.url()), &booru, &["\"Disallow: /post\"", "and the other one too"]);
}

#[test]
fn pictures_that_robots_refuse_are_filtered_until_they_are_allowed() {
    let booru = with_robots("User-agent: *\nDisallow: /image/*77\n");
    let place = Place::new(&booru.url());
    let report = place.crawl();
    let refused = report.dropped_for("filtered: robots.txt: Disallow: /image/*77");
    assert_eq!(report.dropped_as("robots_txt"), refused);
    assert_eq!(place.numbers().len() as u64 + refused, safe_posts(&booru).len() as u64);
    assert!(booru.log().under("/image/").iter().all(|request| !request.target.contains("77")));
    let free = MiniBooru::start(Catalogue::swatches(40, 60).unwrap(), Options::default()).unwrap();
    let mut place = place;
    place.config.crawl.base_url = free.url();
    assert_eq!(place.crawl().figures["pictures_fetched"], refused as f64);
    assert_eq!(place.numbers(), safe_posts(&free));
}

#[test]
fn a_site_without_robots_allows_all_and_one_that_cannot_say_allows_nothing() {
    let answering = |code| {
        with_faults(move |asked| (asked.path == "/robots.txt").then_some(Fault::Status { code, retry_after: None }))
    };
    for code in [401, 403, 404, 410] {
        let booru = answering(code);
        let place = Place::new(&booru.url());
        place.crawl();
        assert_eq!(place.numbers(), safe_posts(&booru));
    }
    for code in [500, 503] {
        let booru = answering(code);
        let parts = ["robots.txt has to be read first", &code.to_string(), "run the same command again later"];
        check_refused(&Place::new(&booru.url()), &booru, &parts);
        assert_eq!(booru.log().len(), 4, "it is tried again before that");
    }
    let passing = with_faults(|asked| (asked.path == "/robots.txt" && asked.occurrence == 1).then_some(Fault::Reset));
    let place = Place::new(&passing.url());
    place.crawl();
    assert_eq!(place.numbers(), safe_posts(&passing));
}

#[test]
fn requests_are_as_far_apart_as_robots_want() {
    let booru = with_robots("User-agent: *\nCrawl-delay: 0.02");
    let mut place = Place::new(&booru.url());
    place.config.crawl.max_posts = 8;
    place.crawl();
    let mut started: Vec<_> = booru.log().requests().iter().map(|request| request.started).collect();
    started.sort();
    let (first, last) = (started[0], started[started.len() - 1]);
    // Sent that far apart they may arrive closer by chance, but not all of them together.
    assert!((last - first).as_secs_f64() > 0.015 * (started.len() - 1) as f64);
}

#[test]
fn a_pause_with_which_no_crawl_would_end_is_refused() {
    let booru = with_robots("User-agent: *\nCrawl-delay: 80000");
    check_refused(&Place::new(&booru.url()), &booru, &["robots.txt", "wants 1334 minutes between two requests"]);
    assert_eq!(booru.log().len(), 1);
}

#[test]
fn a_picture_that_is_not_for_machines_to_learn_from_is_not_stored() {
    let booru = with_faults(|asked| {
        let marked = asked.path.starts_with("/image/") && asked.path.contains("/7");
        marked.then(|| Fault::Header { name: "X-Robots-Tag".into(), value: "noindex, noai".into() })
    });
    let place = Place::with(&booru.url(), Listing::Json, Variant::Sample);
    let report = place.crawl();
    let refused = report.dropped_for("filtered: X-Robots-Tag: noai");
    assert_eq!(place.numbers().len() as u64 + refused, safe_posts(&booru).len() as u64);
    booru.log().clear();
    place.crawl();
    assert!(booru.log().under("/image/").is_empty(), "a refusal is remembered");
}

#[test]
fn a_redirect_is_followed_within_the_site_only() {
    let check = |location: &'static str, reason: &str| {
        let booru = with_faults(move |asked| {
            let marked = asked.path.starts_with("/image/") && asked.path.contains("/7");
            marked.then(|| Fault::Redirect { to: location.into() })
        });
        let report = Place::new(&booru.url()).crawl();
        assert!(report.dropped.iter().any(|dropped| dropped.reason.contains(reason)), "{:?}", report.dropped);
    };
    check("http://169.254.169.254/latest", "a redirect elsewhere");
    check("file:///etc/passwd", "a redirect elsewhere");
    check("/image/7/loop.jpg", "a redirect elsewhere");
    check("/user/secret.jpg", "robots.txt: Disallow: /user/");
    let booru = with_faults(|asked| {
        let listing = asked.path.starts_with("/post");
        listing.then(|| Fault::Redirect { to: "/banned".into() })
    });
    let error = Place::new(&booru.url()).error();
    assert!(error.contains("left alone for 60 minutes"), "{error}");
}

#[test]
fn posts_that_are_opted_out_are_counted_and_never_fetched() {
    let mut catalogue = Catalogue::swatches(43, 60).unwrap();
    let marked = catalogue.posts().find(|post| post.rating == mini_booru::Rating::Safe).unwrap().id;
    catalogue.edit(marked, |post| post.tags.push("do_not_train".into()));
    let booru = MiniBooru::start(catalogue, Options::default()).unwrap();
    let posts: Vec<mini_booru::Post> = {
        let catalogue = booru.catalogue();
        safe_posts(&booru).iter().map(|id| catalogue.post(*id).unwrap().clone()).collect()
    };
    let (author, number) = (posts[1].author.clone(), posts[2].id);
    let is_out = |post: &&mini_booru::Post| post.id == marked || post.author == author || post.id == number;
    let kept: Vec<u64> = posts.iter().filter(|post| !is_out(post)).map(|post| post.id).collect();
    assert!(!kept.is_empty() && kept.len() < posts.len());
    for listing in [Listing::Json, Listing::Html] {
        let mut place = Place::with(&booru.url(), listing, Variant::Sample);
        place.config.crawl.opt_out_tags = vec!["Do_Not_Train".into()];
        place.config.crawl.opt_out_authors = vec![author.clone()];
        place.config.crawl.opt_out_posts = vec![format!("mini:{number}")];
        booru.log().clear();
        let report = place.crawl();
        assert_eq!(place.numbers(), kept);
        let opted_out = |dropped: &&Dropped| dropped.reason.starts_with("filtered: opt-out of the ");
        let counted: u64 = report.dropped.iter().filter(opted_out).map(|dropped| dropped.count).sum();
        assert_eq!(counted as usize, posts.len() - kept.len(), "{:?}", report.dropped);
        for post in posts.iter().filter(is_out) {
            assert!(booru.log().requests().iter().all(|request| !request.path.contains(&post.md5)));
        }
        place.config.crawl.opt_out_authors = Vec::new();
        place.config.crawl.opt_out_tags = Vec::new();
        place.config.crawl.opt_out_posts = Vec::new();
        place.crawl();
        assert_eq!(place.numbers(), safe_posts(&booru), "taken back, they are fetched");
    }
}
