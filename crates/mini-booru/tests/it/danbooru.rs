//! Danbooru's paths, records and pages.

use mini_booru::{Catalogue, Dialect, MiniBooru, Options, Rating, Status};
use serde_json::Value;

use crate::client::{Connection, get, path_of};

fn booru(count: usize) -> MiniBooru {
    let options = Options { dialect: Dialect::Danbooru, ..Options::default() };
    MiniBooru::start(Catalogue::swatches(11, count).unwrap(), options).unwrap()
}

fn ids(records: &Value) -> Vec<u64> {
    records.as_array().unwrap().iter().map(|record| record["id"].as_u64().unwrap()).collect()
}

#[test]
fn walking_by_id_lists_every_post_in_either_direction() {
    let booru = booru(130);
    let all: Vec<u64> = booru.catalogue().posts().map(|post| post.id).collect();
    let mut connection = Connection::open(&booru.url()).unwrap();
    let mut walk = |direction: char, start: u64, last: fn(&[u64]) -> Option<&u64>| {
        let (mut seen, mut at) = (Vec::new(), start);
        loop {
            let page =
                ids(&connection.ask("GET", &format!("/posts.json?limit=50&page={direction}{at}"), &[]).unwrap().json());
            let Some(next) = last(&page) else { break };
            at = *next;
            seen.extend(page);
        }
        seen.sort_unstable();
        seen
    };
    assert_eq!(walk('b', 1_000_000, <[u64]>::last), all);
    assert_eq!(walk('a', 0, <[u64]>::first), all);
}

#[test]
fn records_name_files_that_can_be_fetched() {
    let booru = booru(12);
    let site = booru.url();
    for record in get(&site, "/posts.json").json().as_array().unwrap() {
        let fetch = |url: &Value| get(&site, path_of(&site, url.as_str().unwrap()));
        let file = fetch(&record["file_url"]);
        assert_eq!((file.status, file.body.len() as u64), (200, record["file_size"].as_u64().unwrap()));
        assert_eq!(fetch(&record["large_file_url"]).body, file.body, "small originals have no sample");
        for variant in record["media_asset"]["variants"].as_array().unwrap() {
            let picture = image::load_from_memory(&fetch(&variant["url"]).body).unwrap();
            let sides = (variant["width"].as_u64(), variant["height"].as_u64());
            assert_eq!((Some(picture.width().into()), Some(picture.height().into())), sides, "{variant}");
        }
        assert_eq!(fetch(&record["preview_file_url"]).status, 200);
    }
}

#[test]
fn wide_originals_have_a_sample() {
    let options = Options { dialect: Dialect::Danbooru, ..Options::default() };
    let booru = MiniBooru::start(Catalogue::painted(2, 8).unwrap(), options).unwrap();
    let site = booru.url();
    let records = get(&site, "/posts.json").json();
    let wide = records.as_array().unwrap().iter().find(|record| record["has_large"] == true).unwrap();
    let sample = get(&site, path_of(&site, wide["large_file_url"].as_str().unwrap()));
    assert_eq!(image::load_from_memory(&sample.body).unwrap().width(), 850);
}

#[test]
fn ratings_are_four() {
    let booru = booru(8);
    let posts: Vec<u64> = booru.catalogue().posts().map(|post| post.id).collect();
    let ratings = [Rating::Safe, Rating::Sensitive, Rating::Questionable, Rating::Explicit];
    for (id, rating) in posts.iter().zip(ratings.iter().cycle()) {
        booru.catalogue_mut().edit(*id, |post| post.rating = *rating);
    }
    let found = |terms: &str| ids(&get(&booru.url(), &format!("/posts.json?tags={terms}+order:id")).json());
    assert_eq!(found("rating:g"), [posts[0], posts[4]]);
    assert_eq!(found("rating:sensitive"), [posts[1], posts[5]]);
    assert_eq!(found("rating:g,s"), [posts[0], posts[1], posts[4], posts[5]]);
    assert_eq!(found("-rating:g,s,q"), [posts[3], posts[7]]);
    let record = get(&booru.url(), &format!("/posts/{}.json", posts[1])).json();
    assert_eq!(record["rating"], "s");
}

#[test]
fn edits_show_in_updated_at_and_in_the_order_of_changes() {
    let booru = booru(9);
    let oldest = booru.catalogue().posts().next().unwrap().id;
    let updated = |id: u64| get(&booru.url(), &format!("/posts/{id}.json")).json()["updated_at"].to_string();
    let before = updated(oldest);
    booru.catalogue_mut().edit(oldest, |post| post.tags.push("retold".into()));
    assert!(updated(oldest) > before);
    assert_eq!(ids(&get(&booru.url(), "/posts.json?tags=order:change&limit=1").json()), [oldest]);
    assert_eq!(ids(&get(&booru.url(), "/posts.json?tags=retold").json()), [oldest]);
}

#[test]
fn pages_show_what_records_say() {
    let booru = booru(30);
    let html = get(&booru.url(), "/posts?limit=30&tags=status:any").text();
    let articles: Vec<&str> = html.split("<article ").skip(1).collect();
    let records = get(&booru.url(), "/posts.json?limit=30").json();
    let records = records.as_array().unwrap();
    assert_eq!(articles.len(), records.len());
    for (article, record) in articles.iter().zip(records) {
        let says = |name: &str, key: &str| {
            let value = record[key].as_str().map_or_else(|| record[key].to_string(), str::to_owned);
            assert!(article.contains(&format!("data-{name}=\"{value}\"")), "{name} of {record} in {article}");
        };
        says("id", "id");
        says("tags", "tag_string");
        says("rating", "rating");
        says("md5", "md5");
        says("file-url", "file_url");
        says("large-file-url", "large_file_url");
        says("width", "image_width");
        says("height", "image_height");
        says("score", "score");
        says("file-ext", "file_ext");
        says("source", "source");
        says("uploader-id", "uploader_id");
    }
}

#[test]
fn deleted_posts_are_listed_by_the_api_and_hidden_by_pages() {
    let booru = booru(10);
    let ids_and_states: Vec<(u64, Status)> = booru.catalogue().posts().map(|post| (post.id, post.status)).collect();
    let victim = ids_and_states.iter().find(|(_, status)| *status == Status::Active).unwrap().0;
    booru.catalogue_mut().delete_post(victim);
    let records = get(&booru.url(), "/posts.json").json();
    let record = records.as_array().unwrap().iter().find(|record| record["id"] == victim).unwrap();
    assert_eq!((&record["is_deleted"], record["file_url"].is_string()), (&true.into(), true));
    let mark = format!("data-id=\"{victim}\"");
    assert!(!get(&booru.url(), "/posts").text().contains(&mark));
    assert!(get(&booru.url(), "/posts?tags=status:deleted").text().contains(&mark));
}

#[test]
fn banned_posts_name_no_files() {
    let booru = booru(5);
    let victim = booru.catalogue().posts().next().unwrap().clone();
    booru.catalogue_mut().edit(victim.id, |post| post.banned = true);
    let record = get(&booru.url(), &format!("/posts/{}.json", victim.id)).json();
    assert_eq!(record["is_banned"], true);
    assert!(!record.to_string().contains(&victim.md5));
    assert!(!get(&booru.url(), &format!("/posts/{}", victim.id)).text().contains(&victim.md5));
}

#[test]
fn refusals() {
    let booru = booru(3);
    let check = |target: &str, status: u16| assert_eq!(get(&booru.url(), target).status, status, "for {target}");
    check("/posts.json?page=1000", 200);
    check("/posts.json?page=1001", 410);
    check("/posts?page=5000", 410);
    check("/posts/99999.json", 404);
    check("/posts/x", 404);
    check("/post.json", 404);
    check("/original/zz/zz/00.jpg", 404);
    check("/posts/1/2/3", 404);
    check("/banned", 200);
}
