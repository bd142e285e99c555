//! Danbooru without its API: samples and originals are had through the pages of posts, at one more request each.

use std::sync::Arc;

use contracts::{
    Context, Stage,
    config::{Listing, Variant},
    options::CrawlOptions,
    record::PictureRecord,
    stage::Silent,
};
use crawler::Crawl;
use mini_booru::{Asked, Catalogue, Dialect, Fault, MiniBooru, Options, PathClass};

use crate::place::{Place, safe_posts};

fn catalogue() -> Catalogue {
    Catalogue::painted(5, 14).unwrap()
}

fn without_api() -> MiniBooru {
    MiniBooru::start(catalogue(), Options::danbooru_without_api()).unwrap()
}

fn place(booru: &MiniBooru, variant: Variant) -> Place {
    Place::danbooru(&booru.url(), Listing::Html, variant)
}

/// The records of a place, but for the addresses, in which there is a port.
fn records(place: &Place) -> Vec<PictureRecord> {
    let mut records = place.records();
    for record in &mut records {
        record.source_url.clear();
        record.page_url.clear();
    }
    records
}

#[test]
fn pages_of_posts_give_what_the_api_would_have_given() {
    let options = Options { dialect: Dialect::Danbooru, ..Options::default() };
    let open = MiniBooru::start(catalogue(), options).unwrap();
    for variant in [Variant::Sample, Variant::Original] {
        let by_api = Place::danbooru(&open.url(), Listing::Json, variant);
        by_api.crawl();
        let closed = without_api();
        let place = place(&closed, variant);
        place.crawl();
        assert_eq!(records(&place), records(&by_api));
        assert_eq!(closed.log().of(PathClass::Post).len(), safe_posts(&closed).len(), "a request a post");
        assert!(closed.log().requests().iter().all(|request| !request.path.ends_with(".json")));
        closed.log().clear();
        let again = place.crawl();
        assert_eq!((again.figures["pictures_fetched"], closed.log().of(PathClass::Post).len()), (0.0, 0));
        assert_eq!(records(&place), records(&by_api));
    }
}

#[test]
fn previews_need_no_page() {
    let booru = without_api();
    let place = place(&booru, Variant::Preview);
    place.crawl();
    assert_eq!((place.numbers(), booru.log().of(PathClass::Post).len()), (safe_posts(&booru), 0));
}

#[test]
fn the_plan_says_what_the_pages_cost() {
    let booru = without_api();
    let place = place(&booru, Variant::Original);
    let (layout, options) = (place.layout(), CrawlOptions { plan: true, ..CrawlOptions::default() });
    let context = Context { config: &place.config, layout: &layout, progress: &Silent, interrupt: &place.interrupt };
    let said = Crawl::answer(&context, &options).unwrap();
    let count = safe_posts(&booru).len();
    assert!(said.contains(&format!("{count:>9}  pages of posts to ask first, a request each")), "{said}");
    assert!(said.contains(&format!("{count:>9}  pictures to fetch")), "{said}");
    assert_eq!(booru.log().of(PathClass::Post).len(), 0, "a plan asks none of them");
}

#[test]
fn the_api_is_left_alone_and_the_pages_are_named() {
    let booru = without_api();
    let error = Place::danbooru(&booru.url(), Listing::Json, Variant::Sample).error();
    assert!(error.contains("Disallow: /*.json") && error.contains("set crawl.listing = \"html\""), "{error}");
}

#[test]
fn a_page_that_says_nothing_is_counted() {
    let victim = catalogue().posts().find(|post| post.rating == mini_booru::Rating::Safe).unwrap().id;
    let broken = move |asked: &Asked<'_>| (asked.path == format!("/posts/{victim}")).then_some(Fault::Html);
    let options = Options { faults: Arc::new(broken), ..Options::danbooru_without_api() };
    let booru = MiniBooru::start(catalogue(), options).unwrap();
    let place = place(&booru, Variant::Original);
    let report = place.crawl();
    assert_eq!((report.failed, report.dropped_as("no_details")), (1, 1));
    let expected: Vec<u64> = safe_posts(&booru).into_iter().filter(|number| *number != victim).collect();
    assert_eq!(place.numbers(), expected);
}
