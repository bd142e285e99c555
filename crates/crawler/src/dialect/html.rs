//! What all pages have in common.

use std::sync::LazyLock;

use scraper::{Html, Selector};

/// A page's title and first paragraph, as far as it has them: what a page that refuses says.
pub(super) fn sentence(text: &str) -> Option<String> {
    sentence_of(&Html::parse_document(text))
}

/// The same of a page that was read.
pub(super) fn sentence_of(page: &Html) -> Option<String> {
    let mut sentence = first(page, &TITLE).unwrap_or_default();
    let paragraph = first(page, &PARAGRAPH).or_else(|| first(page, &HEADING)).unwrap_or_default();
    if !sentence.contains(&paragraph) {
        if !sentence.is_empty() {
            sentence.push_str(": ");
        }
        sentence.push_str(&paragraph);
    }
    Some(sentence).filter(|sentence| !sentence.is_empty())
}

/// The text of the first such element that has any, with single blanks.
pub(super) fn first(page: &Html, selector: &Selector) -> Option<String> {
    let text = |element: scraper::ElementRef<'_>| element.text().collect::<Vec<_>>().concat();
    let mut texts = page.select(selector).map(text).map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    texts.find(|text| !text.is_empty())
}

static TITLE: LazyLock<Selector> = LazyLock::new(|| selector("title"));
static PARAGRAPH: LazyLock<Selector> = LazyLock::new(|| selector("p, #challenge-error-text"));
static HEADING: LazyLock<Selector> = LazyLock::new(|| selector("h1, h2"));

/// A selector that is written in the source.
pub(super) fn selector(text: &'static str) -> Selector {
    Selector::parse(text).unwrap_or_else(|error| unreachable!("{text} is a selector: {error}"))
}
