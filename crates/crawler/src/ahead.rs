//! What lies ahead of a crawl: pictures, bytes, requests, time.

use contracts::config::CrawlConfig;

/// What a crawl would do from here on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ahead {
    /// Posts that the search has listed.
    pub(crate) listed: u64,
    /// Wanted pictures that lie on disk already.
    pub(crate) kept: u64,
    /// Pictures to fetch.
    pub(crate) pictures: u64,
    /// Their bytes, as far as the site says.
    pub(crate) bytes: u64,
    /// How many of them it does not say it of.
    pub(crate) of_unknown_length: u64,
    /// Requests that were made to find this out.
    pub(crate) requests: u64,
}

impl Ahead {
    /// As a table.
    pub(crate) fn table(&self, config: &CrawlConfig) -> String {
        let Self { listed, kept, pictures, requests, of_unknown_length, .. } = self;
        let megabytes = self.bytes as f64 / 1e6;
        let unknown = match of_unknown_length {
            0 => String::new(),
            count => format!(", and {count} pictures whose length the site does not say"),
        };
        let rate = config.requests_per_second;
        let seconds = (*pictures as f64 / rate).ceil() as u64;
        format!(
            "{listed:>9}  posts listed, with {requests} requests just now\n{kept:>9}  pictures here already\n\
             {pictures:>9}  pictures to fetch, a request each\n{megabytes:>9.1}  MB to fetch{unknown}\n{:>9}  at {rate} \
             requests a second, if the site keeps up\n",
            duration(seconds),
        )
    }
}

/// A duration in the two largest units that it has.
pub(crate) fn duration(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_in_words() {
        let ahead =
            Ahead { listed: 900, kept: 100, pictures: 700, bytes: 210_500_000, of_unknown_length: 3, requests: 10 };
        let table = ahead.table(&CrawlConfig::default());
        for part in ["900  posts listed", "700  pictures to fetch", "210.5  MB", "and 3 pictures", "5 min 50 s"] {
            assert!(table.contains(part), "{part} is not in\n{table}");
        }
        assert_eq!(duration(7265), "2 h 1 min");
    }
}
