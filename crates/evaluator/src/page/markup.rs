//! Pieces of HTML: text, numbers and pictures that are safe to put into a page.

/// Text that means itself, within an element or a quoted attribute.
pub(super) fn escaped(text: impl AsRef<str>) -> String {
    let mut escaped = String::with_capacity(text.as_ref().len());
    for character in text.as_ref().chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A section under its heading.
pub(super) fn section(heading: &str, content: &str) -> String {
    format!("<section>\n<h2>{}</h2>\n{content}</section>\n", escaped(heading))
}

/// A table that scrolls by itself where it is wider than the page. Cells are HTML; the first of a row is its name.
pub(super) fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let headings: String =
        headings.iter().map(|heading| format!("<th scope=\"col\">{}</th>", escaped(heading))).collect();
    let row = |cells: &Vec<String>| {
        let (first, rest) = cells.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
        let rest: String = rest.iter().map(|cell| format!("<td>{cell}</td>")).collect();
        format!("<tr><th scope=\"row\">{first}</th>{rest}</tr>\n")
    };
    let rows: String = rows.iter().map(row).collect();
    format!(
        "<div class=\"wide\"><table>\n<thead><tr>{headings}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n"
    )
}

/// Says that something is not there.
pub(super) fn missing(what: &str) -> String {
    format!("<p class=\"missing\">{}</p>\n", escaped(what))
}

/// A whole number in groups of three digits.
pub(super) fn counted(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
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

/// A PNG file as an address that contains it.
pub(super) fn png_uri(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", base64(png))
}

/// RFC 4648, section 4, with padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let value = group.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = DIGITS[(value >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The test vectors of RFC 4648, section 10.
    #[test]
    fn base64_is_the_standards() {
        let check = |text: &str, expected: &str| assert_eq!(base64(text.as_bytes()), expected, "{text}");
        check("", "");
        check("f", "Zg==");
        check("fo", "Zm8=");
        check("foo", "Zm9v");
        check("foob", "Zm9vYg==");
        check("fooba", "Zm9vYmE=");
        check("foobar", "Zm9vYmFy");
        assert_eq!(base64(&[0xfb, 0xff, 0xfe]), "+//+");
    }

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
        #[test]
        fn escaped_text_holds_no_markup(text in "\\PC{0,60}") {
            let safe = escaped(&text);
            prop_assert!(!safe.contains(['<', '>', '"', '\'']));
            let back = safe.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
            prop_assert_eq!(back.replace("&amp;", "&"), text);
        }
    }
}
