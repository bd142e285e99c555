//! What a well-behaved client gets.

use std::{collections::BTreeSet, thread};

use mini_booru::{Catalogue, MiniBooru, Options, PreviewAddresses, Status};
use serde_json::Value;

use crate::client::{Connection, get, path_of};

fn booru(count: usize) -> MiniBooru {
    MiniBooru::start(Catalogue::swatches(11, count).unwrap(), Options::default()).unwrap()
}

fn ids(records: &Value) -> Vec<u64> {
    records.as_array().unwrap().iter().map(|record| record["id"].as_u64().unwrap()).collect()
}

#[test]
fn walking_down_by_id_lists_every_post() {
    let booru = booru(230);
    let mut connection = Connection::open(&booru.url()).unwrap();
    let mut seen = Vec::new();
    let mut below = u64::MAX;
    loop {
        let target = format!("/post.json?limit=100&tags=id%3A%3C{below}+order%3Aid_desc");
        let page = ids(&connection.ask("GET", &target, &[]).unwrap().json());
        let Some(last) = page.last() else { break };
        below = *last;
        seen.extend(page);
    }
    let posts: Vec<u64> = booru.catalogue().posts().rev().map(|post| post.id).collect();
    assert_eq!(seen, posts);
    let log = booru.log().requests();
    assert_eq!(log.len(), 4, "three pages and the empty one");
    assert_eq!(log.iter().map(|request| request.connection).collect::<BTreeSet<_>>().len(), 1, "kept alive");
}

#[test]
fn every_file_of_a_record_can_be_fetched() {
    let booru = booru(20);
    let site = booru.url();
    let mut connection = Connection::open(&site).unwrap();
    let records = connection.ask("GET", "/post.json?limit=100", &[]).unwrap().json();
    for record in records.as_array().unwrap() {
        let mut fetch = |key: &str| {
            let answer = connection.ask("GET", path_of(&site, record[key].as_str().unwrap()), &[]).unwrap();
            assert_eq!((answer.status, answer.header("content-type")), (200, Some("image/jpeg")), "{key} of {record}");
            answer.body
        };
        let (file, preview) = (fetch("file_url"), fetch("preview_url"));
        assert_eq!(file.len() as u64, record["file_size"].as_u64().unwrap());
        assert_eq!(file, fetch("sample_url"), "small originals are their own samples");
        let preview = image::load_from_memory(&preview).unwrap();
        let sides = (record["actual_preview_width"].as_u64(), record["actual_preview_height"].as_u64());
        assert_eq!((Some(preview.width().into()), Some(preview.height().into())), sides);
    }
}

#[test]
fn the_list_pages_and_the_api_show_the_same_posts() {
    let booru = booru(40);
    for page in 1..=3 {
        let records = ids(&get(&booru.url(), &format!("/post.json?page={page}&limit=16")).json());
        let html = get(&booru.url(), &format!("/post?page={page}")).text();
        let listed: Vec<u64> = html
            .split("<li ")
            .skip(1)
            .map(|item| item.split("id=\"p").nth(1).unwrap().split('"').next().unwrap().parse().unwrap())
            .collect();
        assert_eq!(listed, records, "page {page}");
    }
    let past = get(&booru.url(), "/post?page=99");
    assert_eq!(past.status, 200);
    assert!(past.text().contains("Nobody here but us chickens!") && !past.text().contains("post-list-posts"));
    assert_eq!(get(&booru.url(), "/post.json?page=99").text(), "[]");
}

#[test]
fn deleted_posts_keep_their_record_and_lose_their_files() {
    let booru = booru(10);
    let site = booru.url();
    let post = booru.catalogue().posts().find(|post| post.status == Status::Active).unwrap().clone();
    let file = format!("/image/{}/x.jpg", post.md5);
    assert_eq!(get(&site, &file).status, 200);
    booru.catalogue_mut().delete_post(post.id);
    assert_eq!(get(&site, &file).status, 404);
    let hidden = ids(&get(&site, "/post.json?limit=100").json());
    assert!(!hidden.contains(&post.id));
    let record = get(&site, &format!("/post.json?tags=id:{}", post.id)).json()[0].clone();
    assert_eq!(record["status"], "deleted");
    assert!(record.get("file_url").is_none() && record.get("sample_url").is_none() && record.get("jpeg_url").is_none());
    let placeholder = get(&site, path_of(&site, record["preview_url"].as_str().unwrap()));
    assert_eq!(placeholder.header("content-type"), Some("image/png"));
    assert!(get(&site, &format!("/post/show/{}", post.id)).text().contains("This post was deleted."));
}

#[test]
fn pictures_are_resumed_by_range() {
    let booru = booru(3);
    let post = booru.catalogue().posts().find(|post| post.status == Status::Active).unwrap().clone();
    let target = format!("/image/{}/any%20name.jpg", post.md5);
    let mut connection = Connection::open(&booru.url()).unwrap();
    let whole = connection.ask("GET", &target, &[]).unwrap();
    let tag = whole.header("etag").unwrap().to_owned();
    let mut check = |headers: &[(&str, &str)], status: u16, body: &[u8]| {
        let answer = connection.ask("GET", &target, headers).unwrap();
        assert_eq!(answer.status, status, "for {headers:?}");
        if status != 416 {
            assert_eq!(answer.body, body, "for {headers:?}");
        }
    };
    check(&[("Range", "bytes=100-")], 206, &whole.body[100..]);
    check(&[("Range", "bytes=100-"), ("If-Range", &tag)], 206, &whole.body[100..]);
    check(&[("Range", "bytes=100-"), ("If-Range", "\"other\"")], 200, &whole.body);
    check(&[("Range", "bytes=999999-")], 416, &[]);
    check(&[("If-None-Match", &tag)], 304, &[]);
    let head = connection.ask("HEAD", &target, &[]).unwrap();
    assert_eq!(head.header("content-length"), Some(whole.body.len().to_string().as_str()));
    assert_eq!(booru.log().under("/image/").last().unwrap().bytes, 0);
}

#[test]
fn other_paths_and_methods_are_refused() {
    let booru = booru(3);
    let check = |method: &str, target: &str, status: u16| {
        let answer = Connection::open(&booru.url()).unwrap().ask(method, target, &[]).unwrap();
        assert_eq!(answer.status, status, "for {method} {target}");
    };
    check("GET", "/robots.txt", 200);
    check("GET", "/", 200);
    check("GET", "/post/show/1", 200);
    check("GET", "/post/show/1/some-words", 200);
    check("GET", "/post/show/999999", 404);
    check("GET", "/post/show/one", 404);
    check("GET", "/image/00000000000000000000000000000000/x.jpg", 404);
    check("GET", "/data/preview/zz/zz/00.jpg", 404);
    check("GET", "/data/preview/%C3%A9/%C3%A9/%C3%A9%C3%A9.jpg", 404);
    check("GET", "/../../etc/passwd", 404);
    check("POST", "/post.json", 405);
    let mut connection = Connection::open(&booru.url()).unwrap();
    connection.send("nonsense\r\n\r\n").unwrap();
    assert_eq!(connection.answer(false).unwrap().status, 400);
}

#[test]
fn previews_may_be_protocol_relative() {
    let options = Options { previews: PreviewAddresses::ProtocolRelative, ..Options::default() };
    let booru = MiniBooru::start(Catalogue::swatches(1, 5).unwrap(), options).unwrap();
    let page = get(&booru.url(), "/post").text();
    let relative = booru.url().replace("http:", "");
    assert!(page.contains(&format!("<img src=\"{relative}/data/preview/")));
}

#[test]
fn too_many_connections_are_turned_away() {
    let options = Options { max_connections: 2, ..Options::default() };
    let booru = MiniBooru::start(Catalogue::swatches(1, 2).unwrap(), options).unwrap();
    let mut held: Vec<Connection> = (0..2).map(|_| Connection::open(&booru.url()).unwrap()).collect();
    for connection in &mut held {
        assert_eq!(connection.ask("GET", "/post.json", &[]).unwrap().status, 200);
    }
    assert_eq!(get(&booru.url(), "/post.json").status, 503);
}

#[test]
fn many_clients_are_served_at_once() {
    let booru = booru(60);
    let url = booru.url();
    let posts: Vec<(String, String)> = booru
        .catalogue()
        .posts()
        .filter(|post| post.status == Status::Active)
        .map(|post| (format!("/image/{0}/{0}.jpg", post.md5), post.md5.clone()))
        .collect();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut connection = Connection::open(&url).unwrap();
                for (target, md5) in &posts {
                    let answer = connection.ask("GET", target, &[]).unwrap();
                    assert_eq!(answer.header("etag"), Some(format!("\"{md5}\"").as_str()));
                }
            });
        }
    });
    let log = booru.log();
    assert_eq!(log.under("/image/").len(), 8 * posts.len());
    assert!((1..=8).contains(&log.peak("/image/")));
}

#[test]
fn a_stopped_booru_cuts_its_connections_and_answers_no_more() {
    let booru = booru(3);
    let url = booru.url();
    let mut held = Connection::open(&url).unwrap();
    assert_eq!(held.ask("GET", "/post.json", &[]).unwrap().status, 200);
    booru.stop();
    assert!(held.ask("GET", "/post.json", &[]).is_err());
    assert!(Connection::open(&url).is_err());
}

#[test]
fn an_address_in_use_is_an_error() {
    let booru = booru(1);
    let options = Options { address: booru.address().to_string(), ..Options::default() };
    let refused = MiniBooru::start(Catalogue::default(), options).err().unwrap();
    assert!(refused.to_string().contains(&booru.address().to_string()));
}
