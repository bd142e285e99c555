//! Gelbooru's paths and records.

use mini_booru::{Catalogue, Dialect, MiniBooru, Options, PathClass};
use serde_json::Value;

use crate::client::{get, path_of};

const LIST: &str = "/index.php?page=dapi&s=post&q=index";

fn booru(count: usize) -> MiniBooru {
    let options = Options { dialect: Dialect::Gelbooru, ..Options::default() };
    MiniBooru::start(Catalogue::painted(2, count).unwrap(), options).unwrap()
}

fn records(site: &str, more: &str) -> Vec<Value> {
    let answer = get(site, &format!("{LIST}&json=1&{more}")).json();
    answer["post"].as_array().cloned().unwrap_or_default()
}

#[test]
fn records_name_files_that_can_be_fetched() {
    let booru = booru(8);
    let site = booru.url();
    let records = records(&site, "");
    assert!(!records.is_empty());
    for record in &records {
        let fetch = |key: &str| get(&site, path_of(&site, record[key].as_str().unwrap()));
        let sides = |key: &str| {
            let picture = image::load_from_memory(&fetch(key).body).unwrap();
            (u64::from(picture.width()), u64::from(picture.height()))
        };
        let said = |width: &str, height: &str| (record[width].as_u64().unwrap(), record[height].as_u64().unwrap());
        assert_eq!(sides("file_url"), said("width", "height"));
        assert_eq!(sides("preview_url"), said("preview_width", "preview_height"));
        if record["sample"] == 1 {
            assert_eq!(sides("sample_url"), said("sample_width", "sample_height"));
        }
    }
    assert!(records.iter().any(|record| record["sample"] == 1));
    assert!(booru.log().of(PathClass::Image).len() == records.len() && !booru.log().of(PathClass::Sample).is_empty());
}

#[test]
fn xml_says_what_json_says() {
    let booru = booru(8);
    let xml = get(&booru.url(), LIST).text();
    let records = records(&booru.url(), "");
    assert_eq!(xml.matches("<post ").count(), records.len());
    for record in &records {
        assert!(xml.contains(&format!(" id=\"{}\"", record["id"])) && xml.contains(record["md5"].as_str().unwrap()));
    }
}

#[test]
fn what_is_not_there_is_said() {
    let booru = booru(3);
    let site = booru.url();
    let empty = get(&site, &format!("{LIST}&json=1&tags=no_such_tag")).json();
    assert!(empty["post"].is_null() && empty["@attributes"]["count"] == 0, "{empty}");
    assert!(get(&site, &format!("{LIST}&pid=5000")).text().contains("<response success=\"false\""));
    assert_eq!(get(&site, &format!("{LIST}&json=1&pid=5000")).json()["success"], "false");
    let check = |target: &str, status: u16| assert_eq!(get(&site, target).status, status, "for {target}");
    check("/index.php?page=post&s=view&id=1", 200);
    check("/index.php?page=post&s=view&id=99999", 404);
    check("/index.php?page=account", 404);
    check("/images/zz/zz/00.jpg", 404);
    check("/post.json", 404);
}
