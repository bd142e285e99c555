//! Files that are no pictures which are read here, and pictures that are stored lying on their side.

use std::sync::Arc;

use contracts::config::{Listing, Variant};
use image::{ExtendedColorType, ImageEncoder, codecs::jpeg::JpegEncoder};
use md5::{Digest as _, Md5};
use mini_booru::{
    Asked, Catalogue, Dialect, Fault, MiniBooru, Options, PathClass,
    post::{Format, Original, Size},
};

use crate::place::{Place, booru, safe_posts};

/// A site all of whose originals are AVIF, whatever their names say.
fn avif(catalogue: Catalogue) -> MiniBooru {
    let body = b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf".to_vec();
    let answer = move |asked: &Asked<'_>| {
        let fault = Fault::Body { code: 200, media_type: "image/avif".into(), body: body.clone() };
        (asked.class == PathClass::Image).then_some(fault)
    };
    let options = Options { dialect: Dialect::Danbooru, faults: Arc::new(answer), ..Options::default() };
    MiniBooru::start(catalogue, options).unwrap()
}

#[test]
fn a_sample_is_taken_where_the_original_cannot_be_read_and_neither_is_asked_for_twice() {
    let booru = avif(Catalogue::painted(2, 12).unwrap());
    let place = Place::danbooru(&booru.url(), Listing::Json, Variant::Original);
    let report = place.crawl();
    let has_sample = |id: &u64| booru.catalogue().post(*id).unwrap().size.width > 850;
    let (with, without): (Vec<u64>, Vec<u64>) = safe_posts(&booru).into_iter().partition(has_sample);
    assert!(!with.is_empty());
    assert_eq!((place.numbers(), report.failed), (with.clone(), 0));
    assert_eq!(report.dropped_as("other_medium"), without.len() as u64);
    for record in place.records() {
        assert_eq!((record.variant.as_str(), record.width), ("sample", 850));
        assert!(record.source_url.contains("/sample/"), "{}", record.source_url);
    }
    assert_eq!(booru.log().of(PathClass::Image).len(), with.len() + without.len(), "once each");
    booru.log().clear();
    assert_eq!(place.crawl().dropped_as("other_medium"), without.len() as u64);
    assert!(booru.log().of(PathClass::Image).is_empty() && booru.log().of(PathClass::Sample).is_empty());
}

#[test]
fn what_has_no_sample_is_filtered_once() {
    let booru = avif(Catalogue::swatches(2, 30).unwrap());
    let place = Place::danbooru(&booru.url(), Listing::Json, Variant::Sample);
    let error = place.error();
    assert!(error.contains("filtered: no picture: avif") && error.contains("try another crawl.variant"), "{error}");
    assert_eq!(booru.log().of(PathClass::Image).len(), safe_posts(&booru).len());
}

/// A JPEG of 40 × 30 pixels that is to be turned by a quarter.
fn lying() -> Vec<u8> {
    let block = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new(&mut bytes);
    encoder.set_exif_metadata(block).unwrap();
    encoder.write_image(&[90; 3 * 40 * 30], 40, 30, ExtendedColorType::Rgb8).unwrap();
    bytes
}

#[test]
fn sides_are_those_of_the_upright_picture_in_ledgers_of_before_too() {
    let booru = booru(7, 20);
    let (victim, bytes) = (safe_posts(&booru)[2], lying());
    booru.catalogue_mut().edit(victim, |post| {
        post.md5 = hex::encode(Md5::digest(&bytes));
        (post.size, post.file_size, post.format) = (Size { width: 40, height: 30 }, bytes.len() as u64, Format::Jpeg);
        post.original = Original::Memory(bytes.as_slice().into());
    });
    let place = Place::with(&booru.url(), Listing::Json, Variant::Original);
    place.crawl();
    let records = place.records();
    let turned = records.iter().find(|record| record.post.number == victim).unwrap();
    assert_eq!((turned.width, turned.height, turned.stored_sides), (30, 40, Some([40, 30])));
    assert!(records.iter().filter(|record| record.stored_sides.is_some()).count() == 1);
    let ledger = rusqlite::Connection::open(place.layout().ledger()).unwrap();
    let before = "UPDATE pictures SET upright = 0, width = coalesce(stored_width, width),
        height = coalesce(stored_height, height), stored_width = NULL, stored_height = NULL WHERE state = 'ok'";
    ledger.execute(before, []).unwrap();
    drop(ledger);
    let report = place.crawl();
    assert_eq!(report.figures["pictures_fetched"], 0.0);
    assert!(place.records() == records, "the sides are as they were");
}
