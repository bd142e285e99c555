//! Events for programs that watch a crawl: a JSON object a line on stdout. docs/crawling.md lists them.

use std::io::{self, Write as _};

use contracts::{
    config::{CrawlConfig, Listing},
    id::{PictureHash, PostId},
    report::{Dropped, State},
};
use serde::Serialize;

/// What has happened.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Event<'a> {
    /// A crawl begins.
    Begun {
        /// `crawl.site`.
        site: &'a str,
        /// Where it is, as written down.
        address: &'a str,
        /// `crawl.listing`.
        listing: Listing,
        /// `crawl.tags`.
        tags: &'a str,
        /// `crawl.variant`.
        variant: &'static str,
        /// `crawl.max_posts`.
        max_posts: u64,
    },
    /// Pages of the listing were read.
    Listed {
        /// Posts that were not listed before.
        new: u64,
        /// All posts that are listed now.
        listed: u64,
    },
    /// What the site has changed was taken over.
    Changed {
        /// Posts whose record is another one now.
        updated: u64,
        /// Posts that the search finds now, and did not before.
        joined: u64,
        /// Posts that the search does not find any more.
        left: u64,
    },
    /// A picture lies on disk.
    Picture {
        /// Its post.
        post: PostId,
        /// Its file, relative to the manifest.
        file: &'a str,
        /// Its hash.
        sha256: PictureHash,
        /// Its length.
        bytes: u64,
        /// Its width in pixels.
        width: u32,
        /// Its height in pixels.
        height: u32,
        /// Where it was fetched from, as written down.
        url: &'a str,
    },
    /// A picture could not be had.
    Failed {
        /// Its post.
        post: PostId,
        /// Why, in a few words.
        reason: &'a str,
        /// How often it was tried in this run.
        attempts: u32,
    },
    /// There is no picture to fetch.
    Filtered {
        /// The post.
        post: PostId,
        /// Why, in a few words.
        reason: &'a str,
    },
    /// Pictures that were stored are not there any more, and are fetched again where they are wanted.
    Lost {
        /// How many.
        pictures: u64,
    },
    /// The crawl has come to its end, or was interrupted.
    Ended {
        /// Which of the two.
        state: State,
        /// Posts listed.
        listed: u64,
        /// Pictures in the manifest.
        kept: u64,
        /// The other posts, by state and reason.
        dropped: &'a [Dropped],
        /// Pictures fetched in this run.
        pictures: u64,
        /// Their bytes.
        bytes: u64,
        /// Requests made.
        requests: u64,
    },
    /// The crawl cannot go on.
    Stopped {
        /// Why, and how to mend it.
        reason: &'a str,
    },
}

/// Where events are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Events {
    /// Nowhere.
    Untold,
    /// On stdout.
    Stdout,
}

impl Events {
    /// Tells an event, whole and at once. Whoever reads may have gone: that is no reason to stop.
    pub(crate) fn tell(self, event: &Event<'_>) {
        if self == Self::Untold {
            return;
        }
        if let Ok(mut line) = serde_json::to_vec(event) {
            line.push(b'\n');
            let mut stdout = io::stdout().lock();
            let _ = stdout.write_all(&line).and_then(|()| stdout.flush());
        }
    }
}

impl<'a> Event<'a> {
    /// The event of a crawl's beginning.
    pub(crate) fn begun(config: &'a CrawlConfig, address: &'a str) -> Self {
        Self::Begun {
            site: config.site.as_str(),
            address,
            listing: config.listing,
            tags: &config.tags,
            variant: config.variant.name(),
            max_posts: config.max_posts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_names_itself_first() {
        let check = |event: Event<'_>, expected: &str| assert_eq!(serde_json::to_string(&event).unwrap(), expected);
        check(Event::Listed { new: 2, listed: 9 }, r#"{"event":"listed","new":2,"listed":9}"#);
        let failed = Event::Failed { post: "mini:7".parse().unwrap(), reason: "status 404", attempts: 1 };
        check(failed, r#"{"event":"failed","post":"mini:7","reason":"status 404","attempts":1}"#);
        let begun = r#"{"event":"begun","site":"konachan","address":"https://konachan.net","listing":"json","tags":"rating:s","variant":"sample","max_posts":8000}"#;
        check(Event::begun(&CrawlConfig::default(), "https://konachan.net"), begun);
    }
}
