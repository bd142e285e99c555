//! What a site says where it does not give what was asked for: in JSON, XML, HTML or plain words.

use std::sync::LazyLock;

use contracts::foreign;
use scraper::{Html, Selector};
use serde_json::Value;

use super::html::{self, selector};

/// The fields in which sites explain themselves, the plainest words first.
const FIELDS: [&str; 3] = ["reason", "message", "error"];

/// The site's own sentence in the body of a refusal, in one line that can be shown; `None` where it says nothing.
pub(crate) fn explanation(body: &str) -> Option<String> {
    let words = match serde_json::from_str::<Value>(body) {
        Ok(value) => in_json(&value).map(str::to_owned),
        Err(_) if body.trim_start().starts_with('<') => in_markup(body),
        Err(_) => Some(body.to_owned()),
    };
    words.map(|words| foreign::one_line(&words)).filter(|words| !words.is_empty())
}

/// The same in a JSON value.
pub(super) fn in_json(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| FIELDS.iter().find_map(|key| value.get(key)?.as_str()))
}

fn in_markup(text: &str) -> Option<String> {
    let page = Html::parse_document(text);
    let response = page.select(&RESPONSE).next();
    let reason = response.and_then(|response| FIELDS.iter().find_map(|name| response.attr(name)));
    reason.map(str::to_owned).or_else(|| html::sentence_of(&page))
}

static RESPONSE: LazyLock<Selector> = LazyLock::new(|| selector("response"));

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_site_explains_itself_in_many_ways() {
        let check = |body: &str, expected: Option<&str>| assert_eq!(explanation(body).as_deref(), expected, "{body}");
        let danbooru = r#"{"success":false,"error":"PostQuery::TagLimitError","message":"You cannot search for more than 2 tags at a time.","backtrace":[]}"#;
        check(danbooru, Some("You cannot search for more than 2 tags at a time."));
        check(r#"{"success":false,"reason":"level\nBlocked \u001b[2J"}"#, Some(r"level Blocked \u{1b}[2J"));
        check(r#"<response success="false" reason="Too deep!"/>"#, Some("Too deep!"));
        check(
            "<title>Error</title><nav><a>Login</a></nav><h1>Oh</h1><p></p><p>The  database\ntimed out",
            Some("Error: The database timed out"),
        );
        check("<title>502 Bad Gateway</title><h1>502 Bad Gateway</h1>", Some("502 Bad Gateway"));
        check("\"Missing authentication.\"", Some("Missing authentication."));
        check("Search is down", Some("Search is down"));
        check("", None);
        check("{}", None);
        check("[1]", None);
        check("<p>", None);
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(body in "\\PC{0,200}|[<>{}\"a:p]{0,40}") {
            let said = explanation(&body).unwrap_or_default();
            prop_assert!(said.chars().count() <= 10 * foreign::MAX_SHOWN + 1 && !said.contains('\n'));
        }
    }
}
