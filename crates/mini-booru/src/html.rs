//! What the HTML of both dialects is made of.

use serde_json::Value;

/// The front page.
pub(crate) fn front_page() -> String {
    page("/", "<h1>mini booru</h1>\n<p><a href=\"/post\">Posts</a></p>")
}

/// Where visitors end up who asked too much.
pub(crate) fn banned_page() -> String {
    page("/banned", "<h1>Banned</h1>\n<p>You have been banned for asking too much.</p>")
}

/// The page that goes with an error's status.
pub(crate) fn error_page(status: u16, reason: &str) -> String {
    page("", &format!("<h1>{status}</h1>\n<p>{}</p>", escaped(reason)))
}

/// A page around `body`.
pub(crate) fn page(path: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{path} | mini booru</title></head>\n\
         <body>\n<div id=\"content\">\n{body}\n</div>\n</body>\n</html>\n",
        path = escaped(path)
    )
}

/// Text as it stands in elements and attributes.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// JSON that cannot end the script element it stands in.
pub(crate) fn in_script(value: &Value) -> String {
    value.to_string().replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e")
}
