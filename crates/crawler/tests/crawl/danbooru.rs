//! Danbooru sites: the same promises in another dialect.

use std::sync::Arc;

use contracts::{
    config::{Listing, Variant},
    record::PictureRecord,
};
use mini_booru::{Catalogue, Dialect, Fault, MiniBooru, Options, PathClass, Rating, Rule, Schedule, Shift};

use crate::{
    oracle::complaints,
    place::{Place, safe_posts},
};

fn options() -> Options {
    Options { dialect: Dialect::Danbooru, ..Options::default() }
}

fn booru(seed: u64, count: usize) -> MiniBooru {
    MiniBooru::start(Catalogue::swatches(seed, count).unwrap(), options()).unwrap()
}

fn crawled(booru: &MiniBooru, listing: Listing, variant: Variant) -> Vec<PictureRecord> {
    let place = Place::danbooru(&booru.url(), listing, variant);
    place.crawl();
    place.records()
}

#[test]
fn both_listings_give_the_same_records_in_every_rendering() {
    let booru = MiniBooru::start(Catalogue::painted(5, 12).unwrap(), options()).unwrap();
    for variant in [Variant::Preview, Variant::Sample, Variant::Original] {
        let mut by_number = crawled(&booru, Listing::Json, variant);
        let by_page = crawled(&booru, Listing::Html, variant);
        // Pages do not say which of the tags is the artist's.
        by_number.iter_mut().for_each(|record| assert!(record.tags.contains(&record.author.take().unwrap())));
        assert_eq!(by_number, by_page);
        let numbers: Vec<u64> = by_number.iter().map(|record| record.post.number).collect();
        assert_eq!(numbers, safe_posts(&booru));
    }
}

#[test]
fn records_are_those_of_the_site() {
    let booru = booru(1, 30);
    let catalogue = booru.catalogue();
    for record in crawled(&booru, Listing::Json, Variant::Original) {
        let post = catalogue.post(record.post.number).unwrap();
        assert_eq!(record.post.to_string(), format!("danbooru:{}", post.id));
        assert_eq!((record.md5_claimed.as_ref(), record.bytes), (Some(&post.md5), post.file_size));
        assert_eq!((record.rating.as_str(), record.original_source.as_ref()), ("g", Some(&post.source)));
        assert!(post.tags.iter().all(|tag| record.tags.contains(tag)));
        assert_eq!(record.page_url, format!("{}/posts/{}", booru.url(), post.id));
    }
}

#[test]
fn what_is_sensitive_elsewhere_is_not_safe_here() {
    let booru = booru(4, 300);
    let mut place = Place::danbooru(&booru.url(), Listing::Json, Variant::Sample);
    place.config.crawl.tags = String::new();
    let report = place.crawl();
    assert_eq!(place.numbers(), safe_posts(&booru));
    let catalogue = booru.catalogue();
    let sensitive = catalogue.posts().filter(|post| post.rating == Rating::Sensitive);
    let active = sensitive.filter(|post| post.status == mini_booru::Status::Active).count() as u64;
    assert_eq!(report.dropped_for("filtered: rating s"), active);
    place.config.crawl.ratings = vec!["s".into()];
    assert!(place.crawl().warnings.iter().any(|warning| warning.contains("\"g\" is what other sites call safe")));
}

#[test]
fn posts_that_the_site_keeps_back_are_counted() {
    let booru = booru(5, 60);
    let kept_back = safe_posts(&booru)[3];
    booru.catalogue_mut().edit(kept_back, |post| post.banned = true);
    for listing in [Listing::Json, Listing::Html] {
        let place = Place::danbooru(&booru.url(), listing, Variant::Sample);
        let report = place.crawl();
        assert_eq!(report.dropped_for("filtered: kept from visitors by the site"), 1);
        assert!(report.dropped_for("deleted") > 0, "deleted posts are listed too");
        let expected: Vec<u64> = safe_posts(&booru).into_iter().filter(|number| *number != kept_back).collect();
        assert_eq!(place.numbers(), expected);
    }
}

#[test]
fn a_living_site_is_followed() {
    let booru = booru(10, 450);
    for listing in [Listing::Json, Listing::Html] {
        let place = Place::danbooru(&booru.url(), listing, Variant::Original);
        place.crawl();
        assert_eq!(complaints(&booru, &place.held()), [""; 0]);
        for seed in 0..230 {
            booru.catalogue_mut().insert_swatch(1000 + seed).unwrap();
        }
        booru.log().clear();
        place.crawl();
        assert_eq!(complaints(&booru, &place.held()), [""; 0]);
        assert!(booru.log().of(PathClass::Listing).len() <= 6, "only the new end is listed");
        assert!(booru.log().asked_again().is_empty());
    }
}

#[test]
fn pages_that_shift_lose_nothing() {
    let shift = Fault::Shift(Shift { insert: 3, bump: 2, delete: 2, edit: 0, seed: 5 });
    for listing in [Listing::Json, Listing::Html] {
        let rule = Rule { first: 2, last: 12, ..Rule::always(PathClass::Listing, shift.clone()) };
        let options = Options { faults: Arc::new(Schedule::new([rule])), ..options() };
        let booru = MiniBooru::start(Catalogue::swatches(60, 900).unwrap(), options).unwrap();
        let place = Place::danbooru(&booru.url(), listing, Variant::Original);
        place.crawl();
        assert_eq!(complaints(&booru, &place.held()), [""; 0]);
    }
}
