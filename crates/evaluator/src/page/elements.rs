//! Pieces of the page that several sections share, and how numbers are written. Markup escapes whatever it is given.

use maud::{Markup, html};

use crate::page_content::{Embedded, Tiles};

/// A part of the page under its heading, which the page's head leads to.
pub(super) struct Section {
    /// Its heading.
    pub(super) heading: &'static str,
    /// What it says and shows.
    pub(super) content: Markup,
}

impl Section {
    /// The name by which the page's head leads to it.
    pub(super) fn anchor(&self) -> String {
        self.heading.to_lowercase().replace(' ', "-")
    }

    pub(super) fn markup(&self) -> Markup {
        html! { section id=(self.anchor()) { h2 { (self.heading) } (self.content) } }
    }
}

/// A table that scrolls by itself where it is wider than the page. The first cell of a row is its name.
pub(super) fn table(headings: &[&str], rows: &[Vec<Markup>]) -> Markup {
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

/// A picture under which it is said what it shows.
pub(super) fn figure(picture: &Embedded, caption: &str) -> Markup {
    html! { figure { (image(picture, caption, "sheet")) figcaption { (caption) } } }
}

/// A picture of rows, each with its name beside it.
pub(super) fn rows(names: &[String], picture: &Embedded) -> Markup {
    let caption = "A row a class, of the same latents in each.";
    html! {
        figure {
            div.rows { ol { @for name in names { li { (name) } } } (image(picture, caption, "sheet")) }
            figcaption { (caption) }
        }
    }
}

/// A picture; `alt` says what it shows to those who do not see it.
pub(super) fn image(picture: &Embedded, alt: &str, class: &str) -> Markup {
    html! { img class=(class) src=(picture.uri) width=(picture.width) height=(picture.height) alt=(alt); }
}

/// A picture of which [`tile`] shows parts; it is in the page once.
pub(super) fn tiles_source(name: &str, tiles: &Tiles) -> Markup {
    let Embedded { uri, width, height } = &tiles.sheet;
    html! {
        svg.defs aria-hidden="true" { image id=(name) href=(uri) width=(width) height=(height) preserveAspectRatio="none" {} }
    }
}

/// The tile with this index, row by row.
pub(super) fn tile(name: &str, tiles: &Tiles, index: usize, alt: &str) -> Markup {
    let width = f64::from(tiles.sheet.width) / tiles.columns.max(1) as f64;
    let height = f64::from(tiles.sheet.height) / tiles.rows.max(1) as f64;
    let (x, y) = ((index % tiles.columns.max(1)) as f64 * width, (index / tiles.columns.max(1)) as f64 * height);
    html! {
        svg.tile role="img" aria-label=(alt) viewBox={ (x) " " (y) " " (width) " " (height) } {
            use href={ "#" (name) } {}
        }
    }
}

/// A link to a site, if that is what the address is: a script in its place stays text.
pub(super) fn link(address: &str, text: &str) -> Markup {
    let leads_out = ["https://", "http://"].iter().any(|scheme| address.starts_with(scheme));
    html! {
        @if leads_out { a href=(address) rel="noopener noreferrer" { (text) } } @else { (text) }
    }
}

/// A bar as long as the share, 0 to 1, of the line.
pub(super) fn bar(share: f64) -> Markup {
    html! {
        svg.bar viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true" {
            rect width=(format!("{:.2}", 100.0 * share.clamp(0.0, 1.0))) height="1" {}
        }
    }
}

/// A fact of a list of them.
pub(super) fn fact(name: &str, value: &Markup) -> Markup {
    html! { dt { (name) } dd { (value) } }
}

/// Text that is opened where somebody wants to read it.
pub(super) fn folded(name: &str, text: &str) -> Markup {
    html! { details { summary { (name) } pre { (text) } } }
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

/// A number with as many significant digits at most; very large and very small ones as powers of ten.
pub(super) fn significant(value: f64, digits: i32) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let magnitude = value.abs().log10().floor() as i32;
    if !(-4..=6).contains(&magnitude) {
        return format!("{value:.*e}", (digits - 1).max(0) as usize);
    }
    let text = format!("{value:.*}", (digits - 1 - magnitude).max(0) as usize);
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// A share, 0 to 1, as per cent.
pub(super) fn per_cent(share: f64) -> String {
    format!("{}\u{202f}%", significant(100.0 * share, 3))
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

/// A number of bytes in the unit that fits.
pub(super) fn bytes(count: u64) -> String {
    let (unit, size) = [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)]
        .into_iter()
        .find(|(_, size)| count as f64 >= *size)
        .unwrap_or(("B", 1.0));
    format!("{}\u{a0}{unit}", significant(count as f64 / size, 3))
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
        let check = |count, expected: &str| assert_eq!(bytes(count).replace('\u{a0}', " "), expected);
        check(12, "12 B");
        check(5_832_809, "5.83 MB");
    }

    #[test]
    fn numbers_keep_the_digits_that_matter() {
        let check = |value, expected: &str| assert_eq!(significant(value, 4), expected);
        check(0.0, "0");
        check(0.034_792_4, "0.03479");
        check(4.858_202, "4.858");
        check(2.5, "2.5");
        check(1234.5, "1234");
        check(123_456.0, "123456");
        check(0.000_000_12, "1.200e-7");
        check(-3.0, "-3");
    }

    #[test]
    fn only_addresses_of_sites_become_links() {
        assert!(
            link("https://a.invalid/1?a=1&b=\"", "a")
                .into_string()
                .contains("href=\"https://a.invalid/1?a=1&amp;b=&quot;\"")
        );
        for address in ["javascript:alert(1)", "data:text/html,x", " https://a", ""] {
            assert_eq!(link(address, "a <b>").into_string(), "a &lt;b&gt;", "{address}");
        }
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
