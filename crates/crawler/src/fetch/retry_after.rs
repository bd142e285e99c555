//! `Retry-After`: how long a site wants to be left alone, in seconds or as a date.

use std::time::{Duration, SystemTime};

/// Reads the header's value. `None` for what is neither; zero for a date that is past.
pub(super) fn parse(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // So many digits that they are no number any more mean: very long.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(value).ok().or_else(|| lenient_date(value))?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// A date that the standard does not know but sites write: with dashes in the wrong form, a short day, a false weekday.
fn lenient_date(text: &str) -> Option<SystemTime> {
    let words: Vec<&str> = text.split([' ', ',', '-']).filter(|word| !word.is_empty()).collect();
    let (day, month, year, time) = match words[..] {
        [_, day, month, year, time, "GMT"] => (day, month, year, time),
        [_, month, day, time, year] => (day, month, year, time),
        _ => return None,
    };
    let year = full_year(year)?;
    let month = capitalized(month);
    // Only one of them is right, and it does not matter which.
    ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].iter().find_map(|weekday| {
        httpdate::parse_http_date(&format!("{weekday}, {day:0>2} {month} {year:04} {time:0>8} GMT")).ok()
    })
}

fn capitalized(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_ascii_uppercase().to_string() + &letters.as_str().to_ascii_lowercase()
    })
}

/// Two digits are a year of this century, unless they are from the time when they were still written.
fn full_year(text: &str) -> Option<u32> {
    match (text.len(), text.parse().ok()?) {
        (2, year @ 0..70) => Some(2000 + year),
        (2, year) => Some(1900 + year),
        (4, year) => Some(year),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use proptest::prelude::*;

    use super::*;

    /// 1994-11-06 08:49:37 GMT, as `date -d` tells it.
    const THEN: u64 = 784_111_777;

    fn check(value: &str, expected: Option<u64>) {
        let now = UNIX_EPOCH + Duration::from_secs(THEN - 10);
        assert_eq!(parse(value, now), expected.map(Duration::from_secs), "{value:?}");
    }

    #[test]
    fn seconds() {
        check("0", Some(0));
        check(" 120 ", Some(120));
        check("99999999999999999999999999", Some(u64::MAX));
        for bad in ["", "-1", "1.5", "soon", "1e3", "１２"] {
            check(bad, None);
        }
    }

    #[test]
    fn dates() {
        check("Sun, 06 Nov 1994 08:49:37 GMT", Some(10));
        check("Sunday, 06-Nov-94 08:49:37 GMT", Some(10));
        check("Sun Nov  6 08:49:37 1994", Some(10));
        check("Sun, 06 Nov 1994 08:49:00 GMT", Some(0));
        check("Thu, 01 Jan 1970 00:00:00 GMT", Some(0));
        check("Sun, 06-Nov-1994 08:49:37 GMT", Some(10));
        check("Mon, 6 nov 1994 8:49:37 GMT", Some(10));
        check("Thu, 29 Feb 2024 00:00:00 GMT", Some(1_709_164_800 - THEN + 10));
        for bad in ["Sun, 06 Nov 1994", "Sun, 36 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT", "a b c d e f"]
        {
            check(bad, None);
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}") {
            let _ = parse(&text, SystemTime::now());
        }

        #[test]
        fn no_date_makes_it_panic(day in 0u32..99, month in "[A-Za-z]{3}|Feb", year in 0u64..99_999, hour in 0u32..99) {
            let _ = parse(&format!("Sun, {day:02} {month} {year} {hour:02}:00:00 GMT"), SystemTime::now());
        }
    }
}
