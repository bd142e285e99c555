//! What sites answer when they are asked for a list of posts.

use contracts::foreign;

use crate::post::Post;

/// The most entries of a page: several times as many as any site puts there. More are no page but an attack or a mistake,
/// and each takes memory.
pub(super) const MAX_ENTRIES: usize = 2000;

/// A page of a listing: the posts in the site's order; none past the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    /// The posts of the entries that have a number.
    pub(crate) posts: Vec<Post>,
    /// The other entries as they stand there, each cut to a line: they are counted, and passed over.
    pub(crate) odd: Vec<String>,
}

/// What came where a list of posts was due.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum NotAList {
    /// The answer is no JSON at all.
    #[error("it is no JSON: {0}")]
    NotJson(String),
    /// The answer is no XML that the API would send.
    #[error("it is no XML: {0}")]
    NotXml(&'static str),
    /// The answer is HTML where JSON was due: usually a page that refuses.
    #[error("it is a web page where JSON was due{}", titled(.0))]
    Page(Option<String>),
    /// The site explains what it dislikes.
    #[error("the site says: {}", foreign::one_line(.0))]
    Refusal(String),
    /// JSON, but no list.
    #[error("it is {0}, not a list of posts")]
    OtherJson(&'static str),
    /// Entries, and not one of them with a number.
    #[error("none of its {entries} entries has a post id; the first is {first}")]
    NoIds {
        /// How many entries there are.
        entries: usize,
        /// The first of them, cut to a line.
        first: String,
    },
    /// More entries than a page can have.
    #[error("it has more than {MAX_ENTRIES} entries, and no page of a site has so many")]
    TooMany,
    /// A page, but neither a list nor the message that there is nothing.
    #[error("it is a page without a list of posts{}", titled(.0))]
    OtherPage(Option<String>),
}

impl Page {
    /// The page of these entries: posts, or the words of an entry that has no number.
    ///
    /// # Errors
    /// When there are too many of them, or none has a number.
    pub(super) fn of(entries: impl IntoIterator<Item = Result<Post, String>>) -> Result<Self, NotAList> {
        let mut page = Self::default();
        for entry in entries {
            page.push(entry)?;
        }
        page.with_an_id()
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// When there are too many of them.
    pub(super) fn push(&mut self, entry: Result<Post, String>) -> Result<(), NotAList> {
        if self.posts.len() + self.odd.len() == MAX_ENTRIES {
            return Err(NotAList::TooMany);
        }
        match entry {
            Ok(post) => self.posts.push(post),
            Err(words) => self.odd.push(foreign::one_line(&words)),
        }
        Ok(())
    }

    /// The page, if one of its entries has a number, or it has none.
    ///
    /// # Errors
    /// When none has: that is another kind of list, and to go on would be to take it for the end.
    pub(super) fn with_an_id(self) -> Result<Self, NotAList> {
        match self.odd.first() {
            Some(first) if self.posts.is_empty() => {
                Err(NotAList::NoIds { entries: self.odd.len(), first: first.clone() })
            }
            _ => Ok(self),
        }
    }
}

impl NotAList {
    /// Whether the site means it, so that it would say the same again.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::Refusal(_))
    }
}

fn titled(title: &Option<String>) -> String {
    title.as_ref().map_or_else(String::new, |title| format!(", titled \"{}\"", foreign::one_line(title)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_entries_are_passed_over_unless_there_is_nothing_else() {
        let post = |number| Ok(Post { number, ..Post::default() });
        let odd = |words: &str| Err(words.to_owned());
        let page = Page::of([post(3), odd("null"), post(1), odd("{\u{1b}}")]).unwrap();
        assert_eq!((page.posts.len(), page.odd), (2, vec!["null".to_owned(), r"{\u{1b}}".to_owned()]));
        let error = Page::of([odd("[]"), odd("{}")]).unwrap_err();
        assert_eq!(error.to_string(), "none of its 2 entries has a post id; the first is []");
        assert_eq!(Page::of([]), Ok(Page::default()));
        assert_eq!(Page::of((0..=MAX_ENTRIES as u64).map(post)), Err(NotAList::TooMany));
    }
}
