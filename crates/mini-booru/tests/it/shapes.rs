//! The answers have the shape of real sites' ones, kept in a folder of samples where there is one.

use std::{collections::BTreeSet, path::PathBuf};

use mini_booru::{Catalogue, MiniBooru, Options};
use serde_json::Value;

use crate::client::get;

/// A recorded answer; `None`, with a word about it, where there are no samples.
fn sample(name: &str) -> Option<String> {
    let Some(folder) = std::env::var_os("NIJIGEN_SHARED") else {
        eprintln!("skipped: NIJIGEN_SHARED does not name a folder with real samples");
        return None;
    };
    Some(std::fs::read_to_string(PathBuf::from(folder).join("data/moebooru-samples").join(name)).unwrap())
}

fn booru() -> MiniBooru {
    let mut catalogue = Catalogue::swatches(1, 4).unwrap();
    let first = catalogue.posts().next().unwrap().id;
    catalogue.edit(first, |post| post.status = mini_booru::Status::Active);
    MiniBooru::start(catalogue, Options::default()).unwrap()
}

/// Each key with the kind of its value; `null` goes with everything, so it is left out.
fn shape(record: &Value) -> BTreeSet<(String, &'static str)> {
    record
        .as_object()
        .unwrap()
        .iter()
        .map(|(key, value)| {
            let kind = match value {
                _ if key == "parent_id" => "number or null",
                Value::Null => "null",
                Value::Bool(_) => "bool",
                Value::Number(_) => "number",
                Value::String(_) => "string",
                Value::Array(_) => "array",
                Value::Object(_) => "object",
            };
            (key.clone(), kind)
        })
        .collect()
}

#[test]
fn records_have_a_real_record_s_keys() {
    let Some(real) = sample("konachan_net_post.json") else { return };
    let real: Value = serde_json::from_str(&real).unwrap();
    let ours = get(&booru().url(), "/post.json").json();
    assert_eq!(shape(&ours[0]), shape(&real[0]));
}

#[test]
fn list_items_have_a_real_item_s_markup() {
    let Some(real) = sample("yandere_li.html") else { return };
    let page = get(&booru().url(), "/post").text();
    let ours = page.split("<li ").nth(1).unwrap();
    for mark in [
        "class=\"thumb\"",
        "class=\"preview\"",
        "title=\"Rating: Safe Score: ",
        " Tags: ",
        " User: ",
        "class=\"plid\">#pl http",
        "class=\"directlink ",
        "class=\"directlink-res\">",
    ] {
        assert!(real.contains(mark), "the real item has no {mark}");
        assert!(ours.contains(mark) || mark.starts_with("title"), "ours has no {mark}: {ours}");
    }
    assert!(ours.contains("title=\"Rating: "));
}

#[test]
fn scripts_register_posts_as_real_ones_do() {
    let Some(real) = sample("yandere_show_register_resp.js") else { return };
    let booru = booru();
    let id = booru.catalogue().posts().next().unwrap().id;
    let page = get(&booru.url(), &format!("/post/show/{id}")).text();
    let keys = |script: &str| -> BTreeSet<String> {
        let json = script.split("Post.register_resp(").nth(1).unwrap().split(");").next().unwrap();
        serde_json::from_str::<Value>(json).unwrap().as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(keys(&page), keys(&real));
}
