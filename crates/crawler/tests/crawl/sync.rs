//! Following what the site changes: as many questions as pages of changes, and no picture that is still the same.

use contracts::{
    Report,
    config::{Listing, Variant},
    options::CrawlOptions,
};
use crawler::CrawlError;
use mini_booru::{Catalogue, Dialect, MiniBooru, Options, PathClass, PostId, Rating, Status};

use crate::{
    oracle::complaints,
    place::{Place, booru, safe_posts},
};

fn try_sync(place: &Place) -> Result<Report, CrawlError> {
    place.run(&CrawlOptions { sync: true, ..Default::default() })
}

fn sync(place: &Place) -> Report {
    let report = try_sync(place).unwrap();
    assert_eq!(report.taken, report.kept + report.dropped_in_all(), "{report:?}");
    report
}

/// A crawled place on a site that is listed onwards.
fn crawled(booru: &MiniBooru, tags: &str) -> Place {
    let mut place = Place::with(&booru.url(), Listing::Json, Variant::Original);
    place.config.crawl.site = "konachan".parse().unwrap();
    place.config.crawl.tags = tags.into();
    place.crawl();
    place
}

fn ids(booru: &MiniBooru) -> Vec<PostId> {
    booru.catalogue().posts().map(|post| post.id).collect()
}

/// The place holds what a place that begins now would hold.
fn check_like_a_fresh_crawl(booru: &MiniBooru, place: &Place) {
    check_same_records(place, &crawled(booru, &place.config.crawl.tags));
    assert_eq!(complaints(booru, &place.held()), [""; 0]);
}

/// The same records, but for the address: that stays the one which the picture was fetched from, and has tags in it.
fn check_same_records(place: &Place, fresh: &Place) {
    let [ours, theirs] = [place, fresh].map(|place| {
        let mut records = place.records();
        records.iter_mut().for_each(|record| record.source_url.clear());
        records
    });
    assert_eq!(ours.len(), theirs.len());
    ours.iter().zip(&theirs).for_each(|(ours, theirs)| assert_eq!(ours, theirs));
}

#[test]
fn edits_cost_a_question_a_page_and_no_picture() {
    let booru = booru(80, 500);
    for tags in ["rating:s", ""] {
        let place = crawled(&booru, tags);
        for id in ids(&booru).iter().step_by(2) {
            booru.catalogue_mut().edit(*id, |post| post.tags.push(format!("retold_{tags}")));
        }
        booru.log().clear();
        let report = sync(&place);
        assert!(report.figures["posts_changed"] >= 200.0, "{report:?}");
        assert_eq!(booru.log().of(PathClass::Image).len(), 0, "no picture is fetched");
        let questions = booru.log().of(PathClass::Listing).len();
        // Three pages of changes and the empty one after them, each asked once or, with words, twice; the new end twice.
        assert!(questions <= if tags.is_empty() { 6 } else { 9 }, "{questions}");
        check_like_a_fresh_crawl(&booru, &place);
        booru.log().clear();
        assert_eq!(sync(&place).figures["posts_changed"], 0.0);
        assert!(booru.log().of(PathClass::Listing).len() <= 3, "changes are followed once");
    }
}

#[test]
fn ratings_tags_and_deletions_are_taken_over() {
    let booru = booru(81, 200);
    let place = crawled(&booru, "rating:s gradient");
    let (ids, mut site) = (ids(&booru), booru.catalogue_mut());
    site.edit(ids[10], |post| post.rating = Rating::Explicit);
    site.edit(ids[20], |post| post.tags.retain(|tag| tag != "gradient"));
    site.delete_post(ids[30]);
    let unsafe_post =
        site.posts().rfind(|post| post.rating == Rating::Questionable && post.status == Status::Active).unwrap().id;
    site.edit(unsafe_post, |post| post.rating = Rating::Safe);
    site.insert_swatch(5000).unwrap();
    drop(site);
    let report = sync(&place);
    assert!(!place.numbers().iter().any(|number| [ids[10], ids[20], ids[30]].contains(number)));
    assert!(place.numbers().contains(&unsafe_post), "what the search finds now is fetched");
    assert!(report.figures["pictures_fetched"] <= 2.0);
    check_same_records(&place, &crawled(&booru, "rating:s gradient"));
}

#[test]
fn a_replaced_picture_is_fetched_again_and_no_other() {
    let booru = booru(82, 120);
    let place = crawled(&booru, "rating:s");
    let victim = safe_posts(&booru)[7];
    let other = Catalogue::swatches(999, 1).unwrap().posts().next().unwrap().clone();
    booru.catalogue_mut().edit(victim, |post| {
        (post.md5, post.size, post.file_size) = (other.md5.clone(), other.size, other.file_size);
        post.original = other.original.clone();
    });
    booru.log().clear();
    let report = sync(&place);
    assert_eq!(report.figures["pictures_fetched"], 1.0);
    assert!(booru.log().of(PathClass::Image).iter().all(|request| request.path.contains(&other.md5)));
    check_like_a_fresh_crawl(&booru, &place);
}

#[test]
fn posts_below_what_was_listed_wait_their_turn() {
    let booru = booru(83, 400);
    let mut place = Place::with(&booru.url(), Listing::Json, Variant::Original);
    place.config.crawl.site = "konachan".parse().unwrap();
    place.config.crawl.max_posts = 10;
    place.crawl();
    let newest = place.numbers();
    for id in &ids(&booru)[..50] {
        booru.catalogue_mut().edit(*id, |post| post.tags.push("old".into()));
    }
    sync(&place);
    assert_eq!(place.numbers(), newest, "the newest posts are wanted, however late old ones were changed");
    place.config.crawl.max_posts = 1000;
    sync(&place);
    check_like_a_fresh_crawl(&booru, &place);
}

#[test]
fn a_site_that_tells_no_changes_is_listed_again_and_no_picture_fetched_twice() {
    let sites = [
        (Dialect::Moebooru, Listing::Html),
        (Dialect::Danbooru, Listing::Json),
        (Dialect::Danbooru, Listing::Html),
        (Dialect::Gelbooru, Listing::Json),
    ];
    for (dialect, listing) in sites {
        let options = Options { dialect, ..Options::default() };
        let booru = MiniBooru::start(Catalogue::swatches(84, 90).unwrap(), options).unwrap();
        let crawled = || {
            let mut place = match dialect {
                Dialect::Moebooru => Place::with(&booru.url(), listing, Variant::Original),
                Dialect::Danbooru => Place::danbooru(&booru.url(), listing, Variant::Original),
                Dialect::Gelbooru => Place::gelbooru(&booru.url(), listing, Variant::Original),
            };
            if dialect == Dialect::Moebooru {
                place.config.crawl.site = "konachan".parse().unwrap();
            }
            place.crawl();
            place
        };
        let (place, safe) = (crawled(), safe_posts(&booru));
        let mut site = booru.catalogue_mut();
        site.edit(safe[3], |post| post.rating = Rating::Explicit);
        site.edit(safe[5], |post| post.tags.push("retold".into()));
        site.delete_post(safe[7]);
        drop(site);
        booru.log().clear();
        sync(&place);
        assert_eq!(booru.log().of(PathClass::Image).len(), 0, "{dialect:?} {listing:?}: no picture is fetched");
        let held = place.numbers();
        assert!(!held.contains(&safe[3]) && !held.contains(&safe[7]), "{dialect:?} {listing:?}");
        check_same_records(&place, &crawled());
        assert_eq!(complaints(&booru, &place.held()), [""; 0]);
    }
}
