//! Pieces of the page that several sections share, and how numbers are written. Markup escapes whatever it is given.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use maud::{Markup, html};

/// A section under its heading.
pub(super) fn section(heading: &str, content: &Markup) -> Markup {
    html! { section { h2 { (heading) } (content) } }
}

/// A table that scrolls by itself where it is wider than the page. The first cell of a row is its name.
pub(super) fn table(headings: &[String], rows: &[Vec<Markup>]) -> Markup {
    html! {
        div.wide {
            table {
                thead { tr { @for heading in headings { th scope="col" { (heading) } } } }
                tbody {
                    @for row in rows {
                        tr {
                            @for (column, cell) in row.iter().enumerate() {
                                @if column == 0 { th scope="row" { (cell) } } @else { td { (cell) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Text as a cell of a table.
pub(super) fn cell(text: impl AsRef<str>) -> Markup {
    html! { (text.as_ref()) }
}

/// Says that something is not there.
pub(super) fn missing(what: &str) -> Markup {
    html! { p.missing { (what) } }
}

/// A whole number in groups of three digits, with narrow spaces that no line breaks at.
pub(super) fn counted(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push('\u{202f}');
        }
        grouped.push(digit);
    }
    grouped
}

/// A duration in the two units that matter, on one line.
pub(super) fn duration(seconds: f64) -> String {
    if seconds < 60.0 {
        return format!("{seconds:.1}\u{a0}s");
    }
    let whole = seconds.round() as u64;
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60);
    match hours {
        0 => format!("{minutes}\u{a0}min\u{a0}{rest}\u{a0}s"),
        _ => format!("{hours}\u{a0}h\u{a0}{minutes}\u{a0}min"),
    }
}

/// A PNG file as an address that contains it, so that the page is one file.
pub(super) fn png_uri(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", BASE64_STANDARD.encode(png))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_and_durations_are_read_at_a_glance() {
        let check = |number, expected: &str| assert_eq!(counted(number).replace('\u{202f}', " "), expected);
        check(0, "0");
        check(999, "999");
        check(1000, "1 000");
        check(12_345_678, "12 345 678");
        let check = |seconds, expected: &str| assert_eq!(duration(seconds).replace('\u{a0}', " "), expected);
        check(3.125, "3.1 s");
        check(87.3, "1 min 27 s");
        check(3600.0 * 5.0 + 119.0, "5 h 1 min");
    }

    proptest! {
        /// Single quotes need no escape: attributes stand in double ones.
        #[test]
        fn text_holds_no_markup(text in "\\PC{0,60}") {
            let safe = cell(&text).into_string();
            prop_assert!(!safe.contains(['<', '>', '"']));
            let back = safe.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
            prop_assert_eq!(back.replace("&amp;", "&"), text);
        }
    }
}
