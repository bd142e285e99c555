//! What sites answer when they are asked for a list of posts.

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

impl NotAList {
    /// Whether the site means it, so that it would say the same again.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::Refusal(_))
    }
}

fn titled(title: &Option<String>) -> String {
    title.as_ref().map_or_else(String::new, |title| format!(", titled {title:?}"))
}

/// A page of a listing: the posts in the site's order; none past the end.
pub(crate) type Page = Vec<Post>;
