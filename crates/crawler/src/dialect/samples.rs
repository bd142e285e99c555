//! Records and markup as real sites sent them, where those are at hand.

use std::{fs, path::PathBuf};

use super::{Dialect as _, moebooru::Moebooru};
use crate::{
    base_url::BaseUrl,
    post::{Detail, Post, Status},
};

/// A file of the samples; `None`, said on stderr, where there are none.
fn sample(name: &str) -> Option<String> {
    let Some(shared) = std::env::var_os("NIJIGEN_SHARED") else {
        contracts::tell!("skipped: NIJIGEN_SHARED is not set, so there are no real samples to read");
        return None;
    };
    let path = PathBuf::from(shared).join("data").join("moebooru-samples").join(name);
    Some(fs::read_to_string(&path).unwrap())
}

fn base(url: &str) -> BaseUrl {
    BaseUrl::new(url, None).unwrap()
}

/// A list page around an entry, or around a script with an empty entry for its post.
fn page(entry: &str, script: &str) -> String {
    format!("<ul id=\"post-list-posts\">{entry}</ul><script>{script}</script>")
}

fn check(post: &Post, number: u64, md5: &str, rating: &str, tags: usize, author: &str) {
    assert_eq!((post.number, post.md5.as_deref(), post.rating.as_deref()), (number, Some(md5), Some(rating)));
    assert_eq!((post.tags.len(), post.author.as_deref(), post.status), (tags, Some(author), Status::Active));
}

fn check_renderings(post: &Post, hosts: [&str; 3], bytes: [Option<u64>; 3], dimensions: [(u32, u32); 3]) {
    let renderings = [&post.preview, &post.sample, &post.original];
    for (((rendering, host), bytes), dimensions) in renderings.into_iter().zip(hosts).zip(bytes).zip(dimensions) {
        assert!(rendering.url.as_ref().unwrap().starts_with(host), "{rendering:?}");
        assert_eq!((rendering.bytes, rendering.dimensions), (bytes, Some(dimensions)));
    }
}

#[test]
fn an_answer_of_konachans_api() {
    let Some(text) = sample("konachan_net_post.json") else { return };
    let post = Moebooru.read_api(&text, &base("https://konachan.net")).unwrap().posts.remove(0);
    check(&post, 334_771, "0a8bbd7c3097cbe64c5dbf6e517d301f", "s", 10, "FormX");
    let bytes = [None, Some(1_068_547), Some(4_727_932)];
    let dimensions = [(300, 196), (1500, 979), (3000, 1957)];
    check_renderings(&post, ["https://konachan.net/"; 3], bytes, dimensions);
    assert_eq!(post.change, Some(2_074_408));
}

#[test]
fn a_script_of_konachans_list_page() {
    let Some(script) = sample("konachan_com_post_register_2016.js") else { return };
    let text = page("<li id=\"p222627\"></li>", &script);
    let post = Moebooru.read_list_page(&text, &base("https://konachan.com")).unwrap().posts.remove(0);
    check(&post, 222_627, "877245192f68ace6b6ce2d3f68d7cc7a", "s", 3, "RyuZU");
    let bytes = [None, Some(1_291_660), Some(5_216_153)];
    let dimensions = [(300, 225), (1500, 1125), (3200, 2400)];
    check_renderings(&post, ["http://konachan.com/"; 3], bytes, dimensions);
    assert!(post.original_source.unwrap().ends_with("mode=medium&illust_id=57301698"));
}

#[test]
fn an_entry_of_yanderes_list_page() {
    let Some(entry) = sample("yandere_li.html") else { return };
    let post = Moebooru.read_list_page(&page(&entry, ""), &base("https://yande.re")).unwrap().posts.remove(0);
    check(&post, 572_390, "cf1581b36e2b5ea5b223cfa358907189", "s", 10, "saemonnokami");
    assert_eq!((post.detail, post.original.dimensions), (Detail::Markup, Some((1496, 1978))));
    assert!(post.preview.url.unwrap().starts_with("https://assets.yande.re/data/preview/cf/15/"));
    assert!(post.original.url.unwrap().starts_with("https://files.yande.re/image/cf1581b3"));
}

#[test]
fn a_script_of_yanderes_post_page() {
    let Some(script) = sample("yandere_show_register_resp.js") else { return };
    let text = page("<li id=\"p1194966\"></li>", &script);
    let post = Moebooru.read_list_page(&text, &base("https://yande.re")).unwrap().posts.remove(0);
    check(&post, 1_194_966, "3cc60c29f1c04396ef29cc7db1f311a2", "s", 1, "saemonnokami");
    let hosts = ["https://assets.yande.re/", "https://files.yande.re/", "https://files.yande.re/"];
    let dimensions = [(172, 300), (858, 1500), (3049, 5330)];
    check_renderings(&post, hosts, [None, Some(196_860), Some(4_119_872)], dimensions);
}
