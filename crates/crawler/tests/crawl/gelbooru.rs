//! Gelbooru sites: the same promises in a third dialect.

use std::sync::Arc;

use contracts::{
    config::{Listing, Variant},
    record::PictureRecord,
};
use mini_booru::{Catalogue, Dialect, Fault, MiniBooru, Options, PathClass, Rule, Schedule, Shift};

use crate::{
    oracle::complaints,
    place::{Place, safe_posts},
    program::command,
};

fn options() -> Options {
    Options { dialect: Dialect::Gelbooru, ..Options::default() }
}

fn booru(seed: u64, count: usize) -> MiniBooru {
    MiniBooru::start(Catalogue::swatches(seed, count).unwrap(), options()).unwrap()
}

fn crawled(booru: &MiniBooru, listing: Listing, variant: Variant) -> Vec<PictureRecord> {
    let place = Place::gelbooru(&booru.url(), listing, variant);
    place.crawl();
    place.records()
}

#[test]
fn both_listings_give_the_same_records_in_every_rendering() {
    let booru = MiniBooru::start(Catalogue::painted(5, 12).unwrap(), options()).unwrap();
    for variant in [Variant::Preview, Variant::Sample, Variant::Original] {
        let by_number = crawled(&booru, Listing::Json, variant);
        assert_eq!(by_number, crawled(&booru, Listing::Html, variant));
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
        assert_eq!(record.post.to_string(), format!("gelbooru:{}", post.id));
        assert_eq!((record.md5_claimed.as_ref(), record.bytes), (Some(&post.md5), post.file_size));
        assert_eq!((record.rating.as_str(), record.original_source.as_ref()), ("g", Some(&post.source)));
        assert_eq!((&record.tags, record.author.as_ref()), (&post.tags, Some(&post.author)));
        assert_eq!(record.page_url, format!("{}/index.php?page=post&s=view&id={}", booru.url(), post.id));
    }
}

#[test]
fn a_living_site_is_followed() {
    let booru = booru(10, 450);
    for listing in [Listing::Json, Listing::Html] {
        let place = Place::gelbooru(&booru.url(), listing, Variant::Original);
        place.crawl();
        assert_eq!(complaints(&booru, &place.held()), [""; 0]);
        for seed in 0..130 {
            booru.catalogue_mut().insert_swatch(1000 + seed).unwrap();
        }
        booru.log().clear();
        place.crawl();
        assert_eq!(complaints(&booru, &place.held()), [""; 0]);
        assert!(booru.log().of(PathClass::Listing).len() <= 7, "only the new end is listed");
        assert!(booru.log().asked_again().is_empty());
    }
}

#[test]
fn pages_that_shift_lose_nothing() {
    let shift = Fault::Shift(Shift { insert: 3, bump: 2, delete: 2, edit: 0, seed: 5 });
    for listing in [Listing::Json, Listing::Html] {
        let rule = Rule { first: 2, last: 12, ..Rule::always(PathClass::Listing, shift.clone()) };
        let options = Options { faults: Arc::new(Schedule::new([rule])), ..options() };
        let booru = MiniBooru::start(Catalogue::swatches(60, 600).unwrap(), options).unwrap();
        let place = Place::gelbooru(&booru.url(), listing, Variant::Original);
        place.crawl();
        assert_eq!(complaints(&booru, &place.held()), [""; 0]);
    }
}

#[test]
fn the_key_is_a_parameter_of_the_listing_and_said_nowhere() {
    let booru = booru(70, 20);
    let place = Place::gelbooru(&booru.url(), Listing::Json, Variant::Sample);
    let variables = [("NIJIGEN_GELBOORU_LOGIN", "77"), ("NIJIGEN_GELBOORU_API_KEY", "c2VjcmV0")];
    let output = command(&place).envs(variables).env("NIJIGEN_LOG", "trace").output().unwrap();
    assert_eq!(place.numbers(), safe_posts(&booru));
    for request in booru.log().requests() {
        let signed = request.target.ends_with("&user_id=77&api_key=c2VjcmV0");
        assert_eq!(signed, request.class == PathClass::Listing, "{request:?}");
    }
    assert!(!String::from_utf8_lossy(&output.stderr).contains("c2VjcmV0"));
}
