//! What a crawl would take: pictures, bytes, requests, time.

use contracts::config::CrawlConfig;

use crate::duration::duration;

/// What a crawl would do from here on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CrawlEstimate {
    /// Posts that the search has listed.
    pub(crate) listed: u64,
    /// Wanted pictures that lie on disk already.
    pub(crate) kept: u64,
    /// Pictures that would be fetched.
    pub(crate) pictures: u64,
    /// Their bytes, as far as the site says.
    pub(crate) bytes: u64,
    /// How many of them it does not say it of.
    pub(crate) of_unknown_length: u64,
    /// For how many of them the post's own page has to be asked first.
    pub(crate) pages: u64,
    /// Requests that were made to find this out.
    pub(crate) requests: u64,
}

impl CrawlEstimate {
    /// Adds a picture to fetch, of so many bytes if the site says so.
    pub(super) fn add(&mut self, bytes: Option<u64>) {
        self.pictures += 1;
        self.bytes += bytes.unwrap_or_default();
        self.of_unknown_length += u64::from(bytes.is_none());
    }

    /// Adds a picture of which only the post's own page says where it is.
    pub(super) fn add_with_page(&mut self) {
        self.pages += 1;
        self.add(None);
    }

    /// The estimate as a table for people.
    pub(crate) fn table(&self, config: &CrawlConfig) -> String {
        let Self { listed, kept, pictures, requests, of_unknown_length, .. } = self;
        let megabytes = self.bytes as f64 / 1e6;
        let unknown = match of_unknown_length {
            0 => String::new(),
            count => format!(", and {count} pictures whose length the site does not say"),
        };
        let rate = config.requests_per_second;
        let seconds = ((pictures + self.pages) as f64 / rate).ceil() as u64;
        let pages = match self.pages {
            0 => String::new(),
            count => format!(
                "{count:>9}  pages of posts to ask first, a request each: only they say where the pictures are\n"
            ),
        };
        format!(
            "{listed:>9}  posts listed, with {requests} requests just now\n{kept:>9}  pictures here already\n\
             {pages}{pictures:>9}  pictures to fetch, a request each\n{megabytes:>9.1}  MB to fetch{unknown}\n{:>9}  at {rate} \
             requests a second, if the site keeps up\n",
            duration(seconds),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_in_words() {
        let estimate = CrawlEstimate {
            listed: 900,
            kept: 100,
            pictures: 700,
            bytes: 210_500_000,
            of_unknown_length: 3,
            requests: 10,
            pages: 0,
        };
        let table = estimate.table(&CrawlConfig::default());
        for part in ["900  posts listed", "700  pictures to fetch", "210.5  MB", "and 3 pictures", "5 min 50 s"] {
            assert!(table.contains(part), "{part} is not in\n{table}");
        }
        let table = CrawlEstimate { pages: 700, ..estimate }.table(&CrawlConfig::default());
        for part in ["      700  pages of posts to ask first, a request each", "700  pictures to fetch", "11 min 40 s"]
        {
            assert!(table.contains(part), "{part} is not in\n{table}");
        }
    }
}
