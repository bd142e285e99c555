//! The languages that sites speak: what is asked, and how answers are read. One folder a dialect, behind one trait.

mod answer;
pub(crate) mod danbooru;
mod direction;
mod explanation;
pub(crate) mod folder;
#[cfg(test)]
mod fuzz_targets;
pub(crate) mod gelbooru;
mod html;
mod json;
pub(crate) mod moebooru;
mod rating;
mod record;
#[cfg(test)]
mod samples;
mod signing;

use std::fmt::Debug;

pub(crate) use answer::{NotAList, Page};
pub(crate) use direction::Direction;
pub(crate) use explanation::explanation;
pub(crate) use rating::Rating;
pub(crate) use signing::Signing;

use crate::{
    base_url::{BaseUrl, Endpoint},
    post::Post,
};

/// What a crawler must know of the software that a site runs.
///
/// There are two listings: the API, walked by post number, and the list pages that people see, walked from the first.
pub(crate) trait Dialect: Debug + Sync {
    /// The ratings that such sites give, from safe to explicit.
    fn ratings(&self) -> &'static [Rating];

    /// The paths of both listings, which are what an account matters for.
    fn listing_paths(&self) -> &'static [&'static str];

    /// The API's list of a search's posts beyond a post number.
    fn api(&self, tags: &str, direction: Direction) -> Endpoint;

    /// Reads what the API lists.
    ///
    /// # Errors
    /// When it is no list of posts.
    fn read_api(&self, text: &str, base: &BaseUrl) -> Result<Page, NotAList>;

    /// A page that the API gave, in the order of the walk.
    fn in_order(&self, _direction: Direction, page: Page) -> Page {
        page
    }

    /// The list page of that number, counted from 1.
    fn list_page(&self, tags: &str, number: u64) -> Endpoint;

    /// Reads a list page.
    ///
    /// # Errors
    /// When it is neither a list of posts nor the message that there are none.
    fn read_list_page(&self, text: &str, base: &BaseUrl) -> Result<Page, NotAList>;

    /// The last list page that visitors are shown; `None` where there is no such limit.
    fn last_list_page(&self) -> Option<u64> {
        None
    }

    /// The API's list of the posts of a search that were changed, in the order of their changes; `None` where it tells
    /// no changes since a moment that one names.
    fn changes(&self, _tags: &str, _range: ChangeRange) -> Option<Endpoint> {
        None
    }

    /// Whether the API tells what was changed since a moment that one names.
    fn tells_changes(&self) -> bool {
        self.changes("", ChangeRange { after: 0, up_to: None }).is_some()
    }

    /// The page of a post, for people.
    fn post_page(&self, number: u64) -> Endpoint;

    /// Whether the pages of posts say where larger renderings are that list pages leave out.
    fn has_details_on_post_pages(&self) -> bool {
        false
    }

    /// Reads the page of a post, where that has details.
    ///
    /// # Errors
    /// When it is another page.
    fn read_post_page(&self, _text: &str, _base: &BaseUrl) -> Result<Post, NotAList> {
        Err(NotAList::OtherPage(None))
    }

    /// How an account is given.
    fn signing(&self) -> Signing;

    /// How search words begin that would turn the walk by post number into another one.
    fn reserved_words(&self) -> &'static [&'static str];

    /// What somebody should know who asks for these ratings.
    fn rating_caution(&self, _wanted: &[String]) -> Option<&'static str> {
        None
    }
}

/// Changes by the numbers that a site gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChangeRange {
    /// Only those above.
    pub(crate) after: u64,
    /// Only those up to this one.
    pub(crate) up_to: Option<u64>,
}
