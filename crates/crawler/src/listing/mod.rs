//! Listings: what a site answers when asked for its posts, and how they are walked.

mod changes;
mod cursor;
mod danbooru;
mod html;
mod json;
mod moebooru;
mod pages;
mod record;
#[cfg(test)]
mod samples;
mod walk;

pub(crate) use walk::{Found, Walk};

use crate::post::Post;

/// What came where a list of posts was due.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum NotAList {
    /// The answer is no JSON at all.
    #[error("it is no JSON: {0}")]
    NotJson(String),
    /// The answer is HTML where JSON was due: usually a page that refuses.
    #[error("it is a web page where JSON was due{}", titled(.0))]
    Page(Option<String>),
    /// The site explains what it dislikes.
    #[error("the site says: {0}")]
    Refusal(String),
    /// JSON, but no list.
    #[error("it is {0}, not a list of posts")]
    OtherJson(&'static str),
    /// An entry without a number.
    #[error("entry {0} has no post id")]
    NoId(usize),
    /// A page, but neither a list nor the message that there is nothing.
    #[error("it is a page without a list of posts{}", titled(.0))]
    OtherPage(Option<String>),
}

fn titled(title: &Option<String>) -> String {
    title.as_ref().map_or_else(String::new, |title| format!(", titled {title:?}"))
}

/// A listing page: the posts in the site's order; none past the end.
pub(crate) type Page = Vec<Post>;
