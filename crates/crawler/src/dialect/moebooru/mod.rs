//! Moebooru: konachan, yande.re.

mod page;
mod record;

use super::{ChangeRange, Dialect, Direction, NotAList, Page, Rating, Signing, json};
use crate::base_url::{BaseUrl, Endpoint};

const API: &str = "post.json";
const LIST_PAGE: &str = "post";

/// The most posts that a request may ask for.
const PAGE_SIZE: u64 = 100;

pub(super) const RATINGS: &[Rating] = &[
    Rating { letter: "s", word: "safe" },
    Rating { letter: "q", word: "questionable" },
    Rating { letter: "e", word: "explicit" },
];

/// The dialect of Moebooru.
#[derive(Debug)]
pub(crate) struct Moebooru;

impl Dialect for Moebooru {
    fn ratings(&self) -> &'static [Rating] {
        RATINGS
    }

    fn listing_paths(&self) -> &'static [&'static str] {
        &[API, LIST_PAGE]
    }

    fn api(&self, tags: &str, direction: Direction) -> Endpoint {
        let terms = match direction {
            Direction::Down(None) => "order:id_desc".into(),
            Direction::Down(Some(lowest)) => format!("id:<{lowest} order:id_desc"),
            Direction::Up(highest) => format!("id:>{highest} order:id"),
        };
        search(&format!("{} {terms}", tags.trim()))
    }

    fn read_api(&self, text: &str, base: &BaseUrl) -> Result<Page, NotAList> {
        json::posts(text, |fields| record::post(fields, base))
    }

    fn list_page(&self, tags: &str, number: u64) -> Endpoint {
        Endpoint::with(LIST_PAGE, vec![("page", number.to_string()), ("tags", tags.trim().to_owned())])
    }

    fn read_list_page(&self, text: &str, base: &BaseUrl) -> Result<Page, NotAList> {
        page::posts(text, base)
    }

    fn changes(&self, tags: &str, ChangeRange { after, up_to }: ChangeRange) -> Option<Endpoint> {
        let range = match up_to {
            None => format!("change:>{after}"),
            Some(last) => format!("change:{}..{last}", after + 1),
        };
        // Without the last word deleted posts are left out, and their deletion is never heard of.
        Some(search(&format!("{tags} {range} order:change deleted:all")))
    }

    fn post_page(&self, number: u64) -> Endpoint {
        Endpoint::at(format!("post/show/{number}"))
    }

    fn signing(&self) -> Signing {
        // There are no API keys: what goes there is the salted hash of the password.
        Signing::Parameters { login: "login", key: "password_hash" }
    }

    fn reserved_words(&self) -> &'static [&'static str] {
        &["order:", "id:", "limit:"]
    }
}

fn search(words: &str) -> Endpoint {
    Endpoint::with(API, vec![("limit", PAGE_SIZE.to_string()), ("tags", words.trim().to_owned())])
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
        let api = |direction, tags: &str| Moebooru.api(tags, direction);
        check(&api(Direction::Down(None), ""), &[("limit", "100"), ("tags", "order:id_desc")]);
        check(&api(Direction::Down(Some(9)), " a b "), &[("limit", "100"), ("tags", "a b id:<9 order:id_desc")]);
        check(&api(Direction::Up(3), "a"), &[("limit", "100"), ("tags", "a id:>3 order:id")]);
    }

    #[test]
    fn changes_are_asked_for_by_number_too() {
        let changes = |tags: &str, after, up_to| Moebooru.changes(tags, ChangeRange { after, up_to }).unwrap();
        let words = |words| [("limit", "100"), ("tags", words)];
        check(&changes("", 7, None), &words("change:>7 order:change deleted:all"));
        check(&changes("a", 7, Some(9)), &words("a change:8..9 order:change deleted:all"));
    }

    #[test]
    fn list_pages_show_deleted_posts_by_themselves() {
        check(&Moebooru.list_page(" a ", 2), &[("page", "2"), ("tags", "a")]);
        assert_eq!(Moebooru.last_list_page(), None);
    }
}
