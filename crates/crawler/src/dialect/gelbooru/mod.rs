//! Gelbooru 0.2 and its kin: everything is asked of one address, and told by its parameters.
//!
//! Both listings are the API's, which answers in JSON or XML: by post number, and page by page. The list pages for people
//! show thumbnails only.

mod record;
mod xml;

use super::{Dialect, Direction, NotAList, Page, Rating, Signing, json};
use crate::base_url::{BaseUrl, Endpoint};

const INDEX: &str = "index.php";

/// The most posts that a request may ask for.
const PAGE_SIZE: u64 = 100;

/// The last page that is answered; what lies further from the front can only be asked for by number.
const LAST_LIST_PAGE: u64 = 200;

pub(super) const RATINGS: &[Rating] = &[
    Rating { letter: "g", word: "general" },
    Rating { letter: "s", word: "sensitive" },
    Rating { letter: "q", word: "questionable" },
    Rating { letter: "e", word: "explicit" },
];

/// The dialect of Gelbooru.
#[derive(Debug)]
pub(crate) struct Gelbooru;

impl Dialect for Gelbooru {
    fn ratings(&self) -> &'static [Rating] {
        RATINGS
    }

    fn listing_paths(&self) -> &'static [&'static str] {
        &[INDEX]
    }

    fn api(&self, tags: &str, direction: Direction) -> Endpoint {
        let terms = match direction {
            Direction::Down(None) => "sort:id:desc".into(),
            Direction::Down(Some(lowest)) => format!("id:<{lowest} sort:id:desc"),
            Direction::Up(highest) => format!("id:>{highest} sort:id:asc"),
        };
        list(&format!("{} {terms}", tags.trim()), ("json", "1".to_owned()))
    }

    fn read_api(&self, text: &str, base: &BaseUrl) -> Result<Page, NotAList> {
        match text.trim_start() {
            // Some of these sites say nothing at all where they find nothing.
            "" => Ok(Page::default()),
            markup if markup.starts_with('<') => xml::posts(markup, |fields| record::post(fields, base)),
            _ => json::posts(text, |fields| record::post(fields, base)),
        }
    }

    fn list_page(&self, tags: &str, number: u64) -> Endpoint {
        // Counted from 0 there.
        list(tags, ("pid", number.saturating_sub(1).to_string()))
    }

    fn read_list_page(&self, text: &str, base: &BaseUrl) -> Result<Page, NotAList> {
        self.read_api(text, base)
    }

    fn last_list_page(&self) -> Option<u64> {
        Some(LAST_LIST_PAGE)
    }

    fn post_page(&self, number: u64) -> Endpoint {
        Endpoint::with(INDEX, vec![("page", "post".into()), ("s", "view".into()), ("id", number.to_string())])
    }

    fn signing(&self) -> Signing {
        Signing::Parameters { login: "user_id", key: "api_key" }
    }

    fn reserved_words(&self) -> &'static [&'static str] {
        &["sort:", "id:", "limit:"]
    }

    fn rating_caution(&self, wanted: &[String]) -> Option<&'static str> {
        let has = |letter: &str| wanted.iter().any(|rating| rating == letter);
        (has("s") && !has("g"))
            .then_some("crawl.ratings names \"s\", which is sensitive on Gelbooru; \"g\" is what other sites call safe")
    }
}

fn list(tags: &str, more: (&'static str, String)) -> Endpoint {
    let program = [("page", "dapi"), ("s", "post"), ("q", "index")].map(|(name, value)| (name, value.to_owned()));
    let search = [more, ("limit", PAGE_SIZE.to_string()), ("tags", tags.trim().to_owned())];
    Endpoint::with(INDEX, program.into_iter().chain(search).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is asked beside the name of the program.
    fn check(endpoint: &Endpoint, expected: &[(&str, &str)]) {
        let query: Vec<_> = endpoint.query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(query[..3], [("page", "dapi"), ("s", "post"), ("q", "index")]);
        assert_eq!(&query[3..], expected);
    }

    #[test]
    fn posts_are_asked_for_by_number() {
        let api = |direction| Gelbooru.api(" a ", direction);
        let words = |tags| [("json", "1"), ("limit", "100"), ("tags", tags)];
        check(&api(Direction::Down(None)), &words("a sort:id:desc"));
        check(&api(Direction::Down(Some(9))), &words("a id:<9 sort:id:desc"));
        check(&api(Direction::Up(3)), &words("a id:>3 sort:id:asc"));
        check(&Gelbooru.api("", Direction::Up(3)), &words("id:>3 sort:id:asc"));
    }

    #[test]
    fn pages_are_counted_from_0() {
        check(&Gelbooru.list_page("a", 1), &[("pid", "0"), ("limit", "100"), ("tags", "a")]);
        check(&Gelbooru.list_page("a", 200), &[("pid", "199"), ("limit", "100"), ("tags", "a")]);
    }

    #[test]
    fn a_site_may_say_nothing_where_it_finds_nothing() {
        let base = BaseUrl::new("https://gelbooru.com", None).unwrap();
        for text in ["", "\n", "[]", r#"{"@attributes":{"limit":100,"offset":0,"count":0}}"#, "<posts count=\"0\"/>"] {
            assert_eq!(Gelbooru.read_api(text, &base), Ok(Page::default()), "{text}");
        }
        let refusal = Err(NotAList::Refusal("Too deep!".into()));
        assert_eq!(Gelbooru.read_api(r#"{"success":"false","message":"Too deep!"}"#, &base), refusal);
        assert_eq!(Gelbooru.read_api(r#"<response success="false" reason="Too deep!"/>"#, &base), refusal);
        assert_eq!(Gelbooru.read_api("{}", &base), Err(NotAList::OtherJson("an object")));
    }
}
