//! A folder in the place of a site: nobody is asked for anything, and ratings are those of the sites that its pictures are
//! from.

use super::{Dialect, Direction, NotAList, Page, Rating, Signing};
use crate::base_url::{BaseUrl, Endpoint};

const RATINGS: &[Rating] = &[
    Rating { letter: "g", word: "general" },
    Rating { letter: "s", word: "sensitive" },
    Rating { letter: "q", word: "questionable" },
    Rating { letter: "e", word: "explicit" },
];

/// The dialect of folders.
#[derive(Debug)]
pub(crate) struct Folder;

impl Dialect for Folder {
    fn ratings(&self) -> &'static [Rating] {
        RATINGS
    }

    fn listing_paths(&self) -> &'static [&'static str] {
        &[]
    }

    fn api(&self, _tags: &str, _direction: Direction) -> Endpoint {
        Endpoint::at("")
    }

    fn read_api(&self, _text: &str, _base: &BaseUrl) -> Result<Page, NotAList> {
        Err(NotAList::OtherPage(None))
    }

    fn list_page(&self, _tags: &str, _number: u64) -> Endpoint {
        Endpoint::at("")
    }

    fn read_list_page(&self, _text: &str, _base: &BaseUrl) -> Result<Page, NotAList> {
        Err(NotAList::OtherPage(None))
    }

    fn post_page(&self, _number: u64) -> Endpoint {
        Endpoint::at("")
    }

    fn signing(&self) -> Signing {
        Signing::BasicAuthentication
    }

    fn reserved_words(&self) -> &'static [&'static str] {
        &[]
    }
}
