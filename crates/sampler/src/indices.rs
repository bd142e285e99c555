//! Samples named by their indices: `3,17,44` or `0-15`.

use std::str::FromStr;

/// The indices, in the order in which they were given; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Indices(pub(crate) Vec<u64>);

/// As many as a list may have: more would be a slip, and no sheet.
const MAX_INDICES: u64 = 100_000;

impl FromStr for Indices {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("{text:?} is no list of samples: write 3,17,44 or 0-15");
        let mut indices = Vec::new();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let number = |text: &str| text.parse::<u64>().map_err(|_| bad());
            let (first, last) = (number(first)?, number(last)?);
            if first > last || last - first >= MAX_INDICES - indices.len() as u64 {
                return Err(bad());
            }
            indices.extend(first..=last);
        }
        Ok(Self(indices))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_ranges_are_read() {
        let check = |text: &str, expected: Option<&[u64]>| {
            assert_eq!(text.parse::<Indices>().ok().map(|indices| indices.0).as_deref(), expected, "{text}");
        };
        check("3", Some(&[3]));
        check("3,17,3", Some(&[3, 17, 3]));
        check("7,0-2", Some(&[7, 0, 1, 2]));
        for bad in ["", "3,", "a", "2-1", "-1", "1-2-3", "0-18446744073709551615", "1, 2"] {
            check(bad, None);
        }
    }
}
