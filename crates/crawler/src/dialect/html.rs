//! What all list pages have in common.

use std::sync::LazyLock;

use scraper::{Html, Selector};

/// A page's title, if it has one.
pub(super) fn title(text: &str) -> Option<String> {
    title_of(&Html::parse_document(text))
}

/// The same of a page that was read.
pub(super) fn title_of(page: &Html) -> Option<String> {
    let title: String = page.select(&TITLE).next()?.text().collect();
    Some(title.trim().to_owned()).filter(|title| !title.is_empty())
}

static TITLE: LazyLock<Selector> = LazyLock::new(|| selector("title"));

/// A selector that is written in the source.
pub(super) fn selector(text: &'static str) -> Selector {
    Selector::parse(text).unwrap_or_else(|error| unreachable!("{text} is a selector: {error}"))
}
