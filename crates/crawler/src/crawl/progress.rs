//! How far a run is, in a line: counts, bytes, rates, and the time that is left.

use std::time::Duration;

use crate::duration::duration;

/// What a run has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CrawlProgress {
    /// Posts that the search has listed.
    pub(crate) listed: u64,
    /// Pictures fetched in this run.
    pub(crate) pictures: u64,
    /// The bytes of these pictures.
    pub(crate) bytes: u64,
    /// Posts whose pictures could not be had in this run.
    pub(crate) failed: u64,
    /// Pictures that may still come, as far as is known.
    pub(crate) left: u64,
}

impl CrawlProgress {
    /// The line, after so long a time.
    pub(crate) fn line(&self, passed: Duration) -> String {
        let Self { listed, failed, .. } = self;
        let failed = if *failed == 0 { String::new() } else { format!(", {failed} failed") };
        let seconds = passed.as_secs_f64().max(f64::MIN_POSITIVE);
        let (rate, megabytes) = (self.pictures as f64 / seconds, self.bytes as f64 / 1e6);
        let left = match self.pictures {
            0 => String::new(),
            _ => format!(", at most {} left", duration((self.left as f64 / rate).ceil() as u64)),
        };
        format!(
            "pictures, {listed} posts listed{failed}, {megabytes:.1} MB, {rate:.1} pictures/s, {:.1} MB/s{left}",
            megabytes / seconds
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_counts_bytes_rates_and_the_time_left() {
        let check = |progress: CrawlProgress, seconds: u64, expected: &str| {
            assert_eq!(progress.line(Duration::from_secs(seconds)), expected);
        };
        let begun = CrawlProgress { listed: 100, left: 8000, ..CrawlProgress::default() };
        check(begun, 0, "pictures, 100 posts listed, 0.0 MB, 0.0 pictures/s, 0.0 MB/s");
        let under_way = CrawlProgress { listed: 900, pictures: 100, bytes: 25_000_000, failed: 0, left: 700 };
        check(under_way, 50, "pictures, 900 posts listed, 25.0 MB, 2.0 pictures/s, 0.5 MB/s, at most 5 min 50 s left");
        let troubled = CrawlProgress { failed: 3, left: 0, ..under_way };
        check(
            troubled,
            50,
            "pictures, 900 posts listed, 3 failed, 25.0 MB, 2.0 pictures/s, 0.5 MB/s, at most 0 s left",
        );
    }
}
