//! The frame around the page: it stays while the page in it is exchanged.

use loopback::hash_source;
use maud::{DOCTYPE, html};

/// The document that the browser opens. Its script follows the events and puts the newest page into the frame that is not
/// shown, so that nothing flickers and the place that was scrolled to stays.
pub(super) const FRAME: &str = concat!(
    "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Nijigen: training</title><style>",
    include_str!("frame.css"),
    "</style></head><body><iframe src=\"page\" title=\"the run\"></iframe><iframe hidden title=\"the run, next\"></iframe><script>",
    include_str!("frame.js"),
    "</script></body></html>"
);

/// What the frame may do: run its own script, follow the events, show the page.
pub(super) fn frame_policy() -> String {
    format!(
        "default-src 'none'; script-src {}; style-src {}; connect-src 'self'; frame-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash_source(include_str!("frame.js")),
        hash_source(include_str!("frame.css"))
    )
}

/// A page that says why there is nothing to see yet.
pub(super) fn waiting(why: &str) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; title { "Nijigen: waiting" } }
            body { p { "Waiting: " (why) } }
        }
    };
    page.into_string()
}
