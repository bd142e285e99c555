//! Danbooru 2, whose sites share one set of posts.

mod page;
mod post_page;
mod record;

use super::{Dialect, Direction, NotAList, Page, Rating, Signing, json};
use crate::{
    base_url::{BaseUrl, Endpoint},
    post::Post,
};

const API: &str = "posts.json";
const LIST_PAGE: &str = "posts";

/// The most posts that a request may ask for.
const PAGE_SIZE: u64 = 200;

/// The last page that visitors are shown, of whatever size.
const LAST_LIST_PAGE: u64 = 1000;

pub(super) const RATINGS: &[Rating] = &[
    Rating { letter: "g", word: "general" },
    Rating { letter: "s", word: "sensitive" },
    Rating { letter: "q", word: "questionable" },
    Rating { letter: "e", word: "explicit" },
];

/// The dialect of Danbooru.
#[derive(Debug)]
pub(crate) struct Danbooru;

impl Dialect for Danbooru {
    fn ratings(&self) -> &'static [Rating] {
        RATINGS
    }

    fn listing_paths(&self) -> &'static [&'static str] {
        &[API, LIST_PAGE]
    }

    fn api(&self, tags: &str, direction: Direction) -> Endpoint {
        // Before and after: the posts next to a number, which stay what they are when others come or go.
        let page = match direction {
            Direction::Down(None) => None,
            Direction::Down(Some(lowest)) => Some(format!("b{lowest}")),
            Direction::Up(highest) => Some(format!("a{highest}")),
        };
        let mut query = vec![("limit", PAGE_SIZE.to_string()), ("tags", tags.trim().to_owned())];
        query.extend(page.map(|page| ("page", page)));
        Endpoint::with(API, query)
    }

    fn read_api(&self, text: &str, base: &BaseUrl) -> Result<Page, NotAList> {
        json::posts(text, |fields| record::post(fields, base))
    }

    fn in_order(&self, direction: Direction, mut page: Page) -> Page {
        // The posts next above a number come highest first too.
        if matches!(direction, Direction::Up(_)) {
            page.posts.reverse();
        }
        page
    }

    fn list_page(&self, tags: &str, number: u64) -> Endpoint {
        let tags = tags.trim();
        // Pages hide deleted posts unless the search speaks of them, and a page of nothing else would look like the end.
        let all = if tags.contains("status:") { tags.to_owned() } else { format!("{tags} status:any") };
        let query =
            vec![("page", number.to_string()), ("tags", all.trim().to_owned()), ("limit", PAGE_SIZE.to_string())];
        Endpoint::with(LIST_PAGE, query)
    }

    fn read_list_page(&self, text: &str, base: &BaseUrl) -> Result<Page, NotAList> {
        page::posts(text, base)
    }

    fn last_list_page(&self) -> Option<u64> {
        Some(LAST_LIST_PAGE)
    }

    fn post_page(&self, number: u64) -> Endpoint {
        Endpoint::at(format!("posts/{number}"))
    }

    fn has_details_on_post_pages(&self) -> bool {
        true
    }

    fn read_post_page(&self, text: &str, base: &BaseUrl) -> Result<Post, NotAList> {
        post_page::post(text, base)
    }

    fn signing(&self) -> Signing {
        Signing::BasicAuthentication
    }

    fn reserved_words(&self) -> &'static [&'static str] {
        &["order:", "id:", "limit:"]
    }

    fn rating_caution(&self, wanted: &[String]) -> Option<&'static str> {
        // A configuration that was made for another kind of site means something else here.
        let has = |letter: &str| wanted.iter().any(|rating| rating == letter);
        (has("s") && !has("g"))
            .then_some("crawl.ratings names \"s\", which is sensitive on Danbooru; \"g\" is what other sites call safe")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(endpoint: &Endpoint, expected: &[(&str, &str)]) {
        let query: Vec<_> = endpoint.query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(query, expected);
    }

    #[test]
    fn posts_are_asked_for_by_number() {
        let api = |direction, tags: &str| Danbooru.api(tags, direction);
        check(&api(Direction::Down(None), "a"), &[("limit", "200"), ("tags", "a")]);
        check(&api(Direction::Down(Some(9)), "a"), &[("limit", "200"), ("tags", "a"), ("page", "b9")]);
        check(&api(Direction::Up(3), ""), &[("limit", "200"), ("tags", ""), ("page", "a3")]);
    }

    #[test]
    fn deleted_posts_are_asked_for_where_pages_would_hide_them() {
        let list_page = |tags: &str, expected| {
            check(&Danbooru.list_page(tags, 2), &[("page", "2"), ("tags", expected), ("limit", "200")]);
        };
        list_page("a", "a status:any");
        list_page("", "status:any");
        list_page("-status:deleted a", "-status:deleted a");
    }
}
