//! What is kept is what the site has: by either listing, in every rendering, after every change of the site.

use contracts::{
    config::{Listing, Variant},
    record::PictureRecord,
};
use mini_booru::{Catalogue, MiniBooru, Options, PreviewAddresses, Rating};

use crate::place::{Place, booru, safe_posts};

fn crawled(url: &str, listing: Listing, variant: Variant) -> Vec<PictureRecord> {
    let place = Place::with(url, listing, variant);
    place.crawl();
    place.records()
}

#[test]
fn both_listings_give_the_same_records_in_every_rendering() {
    let options = Options { previews: PreviewAddresses::ProtocolRelative, ..Options::default() };
    let booru = MiniBooru::start(Catalogue::painted(5, 12).unwrap(), options).unwrap();
    for variant in [Variant::Preview, Variant::Sample, Variant::Original] {
        let by_number = crawled(&booru.url(), Listing::Json, variant);
        let by_page = crawled(&booru.url(), Listing::Html, variant);
        assert_eq!(by_number, by_page);
        let numbers: Vec<u64> = by_number.iter().map(|record| record.post.number).collect();
        assert_eq!(numbers, safe_posts(&booru));
    }
}

#[test]
fn records_say_where_a_picture_comes_from_and_never_a_port() {
    let booru = booru(1, 30);
    let catalogue = booru.catalogue();
    for record in crawled(&booru.url(), Listing::Json, Variant::Original) {
        let post = catalogue.post(record.post.number).unwrap();
        assert_eq!(record.md5_claimed.as_ref(), Some(&post.md5));
        assert_eq!((record.rating.as_str(), record.variant.as_str()), ("s", "original"));
        assert_eq!((&record.tags, record.author.as_ref()), (&post.tags, Some(&post.author)));
        assert_eq!(record.original_source.as_ref(), Some(&post.source));
        assert!(record.source_url.starts_with("http://mini.invalid/image/"), "{}", record.source_url);
        assert_eq!(record.page_url, format!("http://mini.invalid/post/show/{}", post.id));
        assert_eq!(record.bytes, post.file_size);
    }
}

#[test]
fn a_second_run_fetches_nothing() {
    let booru = booru(2, 150);
    for listing in [Listing::Json, Listing::Html] {
        let place = Place::with(&booru.url(), listing, Variant::Sample);
        let first = place.crawl();
        let records = place.records();
        booru.log().clear();
        let second = place.crawl();
        assert_eq!(booru.log().under("/image").len() + booru.log().under("/sample").len(), 0);
        assert_eq!((second.figures["pictures_fetched"], second.output), (0.0, first.output));
        assert_eq!(place.records(), records);
    }
}

#[test]
fn a_crawl_ends_with_the_newest_posts_that_are_wanted() {
    let booru = booru(3, 250);
    let expected = safe_posts(&booru);
    for listing in [Listing::Json, Listing::Html] {
        let mut place = Place::with(&booru.url(), listing, Variant::Sample);
        for most in [1, 120, 40, 1000] {
            place.config.crawl.max_posts = most;
            let report = place.crawl();
            let newest = &expected[expected.len().saturating_sub(most as usize)..];
            assert_eq!((place.numbers().as_slice(), report.kept), (newest, newest.len() as u64));
        }
    }
}

#[test]
fn ratings_are_enforced_here_too_and_every_post_is_counted() {
    let booru = booru(4, 200);
    let mut place = Place::new(&booru.url());
    place.config.crawl.tags = String::new();
    place.config.crawl.ratings = vec!["q".into(), "e".into()];
    let report = place.crawl();
    let catalogue = booru.catalogue();
    let rating = |record: &PictureRecord| catalogue.post(record.post.number).unwrap().rating;
    assert!(place.records().iter().all(|record| rating(record) != Rating::Safe));
    assert_eq!(report.dropped_in_all(), report.dropped_for("deleted") + report.dropped_for("filtered: rating s"));
    assert_eq!(report.dropped_for("filtered: rating s"), safe_posts(&booru).len() as u64);
}

#[test]
fn pages_that_posts_were_bumped_over_are_no_trouble() {
    let booru = booru(6, 120);
    let ids: Vec<u64> = booru.catalogue().posts().map(|post| post.id).collect();
    for id in ids.iter().step_by(7) {
        booru.catalogue_mut().bump(*id);
    }
    for listing in [Listing::Json, Listing::Html] {
        let place = Place::with(&booru.url(), listing, Variant::Sample);
        place.crawl();
        assert_eq!(place.numbers(), safe_posts(&booru));
    }
}

#[test]
fn another_site_under_the_same_ids_leaves_no_trace_in_the_manifest() {
    let first = booru(7, 80);
    let mut place = Place::new(&first.url());
    place.crawl();
    for (seed, count) in [(8, 50), (9, 110), (7, 80)] {
        let other = booru(seed, count);
        place.config.crawl.base_url = other.url();
        place.crawl();
        let fresh = Place::new(&other.url());
        fresh.crawl();
        assert_eq!(place.records(), fresh.records());
    }
}

#[test]
fn a_living_site_is_followed() {
    let booru = booru(10, 130);
    for listing in [Listing::Json, Listing::Html] {
        let mut place = Place::with(&booru.url(), listing, Variant::Sample);
        // A site whose ids are never used again: only what is new is listed.
        place.config.crawl.site = "konachan".parse().unwrap();
        place.crawl();
        assert_eq!(place.numbers(), safe_posts(&booru));
        for seed in 0..40 {
            booru.catalogue_mut().insert_swatch(1000 + seed).unwrap();
        }
        booru.log().clear();
        let report = place.crawl();
        assert_eq!(place.numbers(), safe_posts(&booru));
        assert!(report.figures["pictures_fetched"] <= 40.0);
        assert!(booru.log().under("/post").len() <= 6, "only the new end is listed");
    }
}

#[test]
fn a_picture_that_was_deleted_from_the_folder_is_fetched_again() {
    let booru = booru(11, 20);
    let place = Place::new(&booru.url());
    place.crawl();
    let records = place.records();
    std::fs::remove_file(place.layout().raw().join(&records[3].file)).unwrap();
    let report = place.crawl();
    assert_eq!((report.figures["pictures_fetched"], place.records()), (1.0, records));
}
