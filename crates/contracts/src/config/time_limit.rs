//! How long a job of a cluster may take, as Slurm writes it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// How long a job may take; none: as long as its partition lets it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeLimit(Option<u64>);

impl TimeLimit {
    /// In seconds.
    pub fn seconds(self) -> Option<u64> {
        self.0
    }
}

impl FromStr for TimeLimit {
    type Err = String;

    /// Reads what Slurm reads: minutes, minutes:seconds, hours:minutes:seconds, days-hours, and so on to the seconds.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self(None));
        }
        let bad = || {
            format!(
                "{text:?} is no time that Slurm reads; write minutes (\"90\"), hours:minutes:seconds (\"12:00:00\") or \
                 days-hours (\"2-12\")"
            )
        };
        let (days, clock) = text.split_once('-').map_or((None, text), |(days, clock)| (Some(days), clock));
        let number = |part: &str| part.parse::<u32>().map(u64::from).map_err(|_| bad());
        let parts = clock.split(':').map(number).collect::<Result<Vec<_>, _>>()?;
        let seconds = match (days, parts.as_slice()) {
            (None, [minutes]) => minutes * 60,
            (None, [minutes, seconds]) => minutes * 60 + seconds,
            (Some(_), [hours]) => hours * 3600,
            (Some(_), [hours, minutes]) => hours * 3600 + minutes * 60,
            (_, [hours, minutes, seconds]) => hours * 3600 + minutes * 60 + seconds,
            _ => return Err(bad()),
        };
        let seconds = days.map_or(Ok(0), number)? * 86_400 + seconds;
        if seconds == 0 { Err(bad()) } else { Ok(Self(Some(seconds))) }
    }
}

impl fmt::Display for TimeLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(seconds) = self.0 else { return Ok(()) };
        let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
        write!(f, "{days}-{hours:02}:{minutes:02}:{:02}", seconds % 60)
    }
}

impl TryFrom<String> for TimeLimit {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<TimeLimit> for String {
    fn from(limit: TimeLimit) -> Self {
        limit.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_slurm_reads_them() {
        let check = |text: &str, expected: Option<&str>| {
            let read = text.parse::<TimeLimit>().map(|limit| limit.to_string());
            assert_eq!(read.ok().as_deref(), expected, "{text}");
        };
        check("", Some(""));
        check("90", Some("0-01:30:00"));
        check("1:30", Some("0-00:01:30"));
        check("12:00:05", Some("0-12:00:05"));
        check("2-12", Some("2-12:00:00"));
        check("2-12:30", Some("2-12:30:00"));
        check("1-00:00:01", Some("1-00:00:01"));
        for bad in ["0", "1:2:3:4", "-1", "2 h", "1-", "-", "99999999999"] {
            check(bad, None);
        }
        assert_eq!("2-12".parse::<TimeLimit>().unwrap().to_string().parse(), Ok(TimeLimit(Some(216_000))));
    }
}
