//! Ratings: letters in records, words on pages.

/// A rating of a site.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rating {
    /// As in records and in `crawl.ratings`.
    pub(crate) letter: &'static str,
    /// As in the titles of list pages, in lower case.
    pub(crate) word: &'static str,
}

/// The letter for a letter or word in any case; `None` for what is none of the ratings.
pub(super) fn letter(ratings: &'static [Rating], text: &str) -> Option<&'static str> {
    let text = text.trim().to_ascii_lowercase();
    ratings.iter().find(|rating| rating.letter == text || rating.word == text).map(|rating| rating.letter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{danbooru, moebooru};

    #[test]
    fn ratings_are_letters_or_words() {
        let check = |text: &str, moebooru: Option<&str>, danbooru: Option<&str>| {
            let letters = (letter(moebooru::RATINGS, text), letter(danbooru::RATINGS, text));
            assert_eq!(letters, (moebooru, danbooru), "{text}");
        };
        check("s", Some("s"), Some("s"));
        check("Safe", Some("s"), None);
        check("sensitive", None, Some("s"));
        check(" Explicit ", Some("e"), Some("e"));
        check("g", None, Some("g"));
        check("", None, None);
    }
}
