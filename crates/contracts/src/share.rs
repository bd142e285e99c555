//! A share of a stage's work, for machines that work side by side.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::id::text_conversions;

/// One of `of` equal shares of a stage's work, written `index/of`, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Share {
    index: u32,
    of: u32,
}

impl Share {
    /// Whether the piece of work with this index, counted from 0, belongs to this share.
    pub fn holds(self, index: usize) -> bool {
        // Dealt out in turn: neighbours differ less in size than the beginning and the end of a crawl.
        index % self.of as usize == self.index as usize - 1
    }
}

/// A text that is no share.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is not a share: give I/N with I from 1 to N, such as 2/8")]
pub struct BadShare(String);

impl FromStr for Share {
    type Err = BadShare;

    fn from_str(text: &str) -> Result<Self, BadShare> {
        let bad = || BadShare(text.to_owned());
        let (index, of) = text.split_once('/').ok_or_else(bad)?;
        let (index, of) = (index.parse().map_err(|_| bad())?, of.parse().map_err(|_| bad())?);
        if (1..=of).contains(&index) { Ok(Self { index, of }) } else { Err(bad()) }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

text_conversions!(Share);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_and_cover_the_work_once() {
        for bad in ["", "1", "0/3", "4/3", "1/0", "-1/2", "a/b", "1/2/3"] {
            assert!(bad.parse::<Share>().is_err(), "{bad}");
        }
        let shares: Vec<Share> = ["1/3", "2/3", "3/3"].map(|text| text.parse().unwrap()).to_vec();
        assert_eq!(shares[1].to_string(), "2/3");
        for index in 0..10 {
            assert_eq!(shares.iter().filter(|share| share.holds(index)).count(), 1, "{index}");
        }
    }
}
