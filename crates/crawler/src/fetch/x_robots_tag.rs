//! `X-Robots-Tag: noai`: a picture whose owner does not want machines to learn from it.

/// Our name in the header.
const PRODUCT: &str = "nijigen";
/// What keeps a picture out of what machines learn from.
const REFUSALS: [&str; 2] = ["noai", "noimageai"];
/// Directives with a value of their own; before any other colon stands a crawler's name.
const VALUED: [&str; 4] = ["unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"];

/// The directive among a header's values that refuses us. A crawler's name in front counts until the next one.
pub(super) fn refusal<'a>(values: impl Iterator<Item = &'a str>) -> Option<&'static str> {
    values.filter_map(in_value).next()
}

fn in_value(value: &str) -> Option<&'static str> {
    let mut for_us = true;
    for part in value.split(',') {
        let mut directive = part.trim();
        if let Some((name, rest)) = directive.split_once(':') {
            let name = name.trim();
            if VALUED.iter().any(|valued| valued.eq_ignore_ascii_case(name)) {
                continue;
            }
            for_us = name == "*" || name.eq_ignore_ascii_case(PRODUCT);
            directive = rest.trim();
        }
        if let Some(refusal) = REFUSALS.into_iter().find(|refusal| for_us && refusal.eq_ignore_ascii_case(directive)) {
            return Some(refusal);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn refusals_for_all_and_for_us_count() {
        let check = |values: &[&str], expected| assert_eq!(refusal(values.iter().copied()), expected, "{values:?}");
        check(&[], None);
        check(&["noindex, nofollow"], None);
        check(&["noai"], Some("noai"));
        check(&["noindex", "NoImageAI , noai"], Some("noimageai"));
        check(&["otherbot: noai, noimageai"], None);
        check(&["otherbot: noindex, Nijigen: noai"], Some("noai"));
        check(&["unavailable_after: 25 Jun 2030 15:00:00 PST, noai"], Some("noai"));
        check(&["noaim"], None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(value in "[noaimge:, ]{0,40}|\\PC{0,40}") {
            let _ = refusal(std::iter::once(value.as_str()));
        }
    }
}
