//! `Retry-After`: how long a site wants to be left alone, in seconds or as a date.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Reads the header's value. `None` for what is neither; nought for a date that is past.
pub(crate) fn parse(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // So many digits that they are no number any more mean: very long.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = date(value)?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// The three forms of dates in HTTP (RFC 9110, 5.6.7):
/// `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT`, `Sun Nov  6 08:49:37 1994`.
fn date(text: &str) -> Option<SystemTime> {
    let words: Vec<&str> = text.split([' ', ',', '-']).filter(|word| !word.is_empty()).collect();
    let (day, month, year, time) = match words[..] {
        [_, day, month, year, time, "GMT"] => (day, month, year, time),
        [_, month, day, time, year] => (day, month, year, time),
        _ => return None,
    };
    let days = days_since_1970(full_year(year)?, month_number(month)?, number(day, 1, 31)?);
    let seconds = days.checked_mul(86_400)?.checked_add(seconds_of_day(time)?)?;
    UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(seconds).ok()?))
}

fn seconds_of_day(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    Some(number(hour, 0, 23)? * 3600 + number(minute, 0, 59)? * 60 + number(second, 0, 60)?)
}

fn month_number(name: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let place = MONTHS.iter().position(|month| month.eq_ignore_ascii_case(name))?;
    i64::try_from(place + 1).ok()
}

/// Two digits are a year of this century, unless they are from the time when they were still written.
fn full_year(text: &str) -> Option<i64> {
    match (text.len(), number(text, 0, 9999)?) {
        (2, year @ 0..70) => Some(2000 + year),
        (2, year) => Some(1900 + year),
        (4, year) => Some(year),
        _ => None,
    }
}

fn number(text: &str, least: i64, most: i64) -> Option<i64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && (least..=most).contains(number))
}

/// Days from 1970-01-01 to a date of the Gregorian calendar, its year counted from March so that leap days come last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let days_before_1970_march = 719_468;
    365 * year + leap_days + (153 * month + 2) / 5 + day - 1 - days_before_1970_march
}

#[cfg(test)]
mod tests {
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
