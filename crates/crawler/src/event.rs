//! Events for programs that watch a crawl: a JSON object a line on stdout. docs/crawling.md lists them.

use std::{fmt::Display, sync::Once};

use contracts::{
    config::{CrawlConfig, Listing},
    id::{PictureHash, PostId},
    report::{Dropped, State},
    stdout,
};
use serde::{Serialize, Serializer};

use crate::{
    ledger::Stored,
    reason::{FailureReason, FilterReason},
};

/// What has happened. A reason has a tag for programs and a sentence for people.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Event<'a> {
    /// A crawl begins, with these of its settings.
    Begun {
        site: &'a str,
        /// Where it is, as written down.
        address: &'a str,
        listing: Listing,
        tags: &'a str,
        variant: &'static str,
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
        post: PostId,
        /// Its file, relative to the manifest.
        file: &'a str,
        sha256: PictureHash,
        bytes: u64,
        width: u32,
        height: u32,
        /// Where it was fetched from, as written down.
        url: &'a str,
    },
    /// A picture could not be had.
    Failed {
        post: PostId,
        tag: &'static str,
        #[serde(serialize_with = "sentence")]
        reason: &'a FailureReason,
        /// How often it was tried in this run.
        attempts: u32,
    },
    /// There is no picture to fetch.
    Filtered {
        post: PostId,
        tag: &'static str,
        #[serde(serialize_with = "sentence")]
        reason: &'a FilterReason,
    },
    /// Pictures that were stored are not there any more, and are fetched again where they are wanted.
    Lost { pictures: u64 },
    /// The crawl has come to its end, or was interrupted.
    Ended {
        state: State,
        listed: u64,
        /// Pictures in the manifest.
        kept: u64,
        /// The other posts, by state and reason.
        dropped: &'a [Dropped],
        /// Pictures fetched in this run.
        pictures: u64,
        bytes: u64,
        requests: u64,
    },
    /// The crawl cannot go on; the reason says what to do.
    Stopped { reason: &'a str },
}

/// Where events go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Events {
    /// Nowhere: nobody asked for them.
    Off,
    /// To stdout, a line each.
    Stdout,
}

impl Events {
    /// Prints an event, whole and at once. Whoever reads may have gone: that is no reason to stop.
    pub(crate) fn emit(self, event: &Event<'_>) {
        if self == Self::Off {
            return;
        }
        let written = serde_json::to_string(event).map(stdout::line);
        if let Ok(Err(error)) = written {
            // Once: the next event would meet the same disk.
            static TOLD: Once = Once::new();
            TOLD.call_once(|| tracing::warn!("{error}; events are lost"));
        }
    }
}

/// A sentence is made when it is shown.
fn sentence<S: Serializer>(reason: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(reason)
}

impl<'a> Event<'a> {
    /// The event of a picture that lies in this file.
    pub(crate) fn picture(post: PostId, stored: &'a Stored, file: &'a str) -> Self {
        let (width, height) = stored.dimensions;
        Self::Picture { post, file, sha256: stored.sha256, bytes: stored.bytes, width, height, url: &stored.url }
    }

    /// The event of a picture that could not be had.
    pub(crate) fn failed(post: PostId, reason: &'a FailureReason, attempts: u32) -> Self {
        Self::Failed { post, tag: reason.tag(), reason, attempts }
    }

    /// The event of a post that has no picture to fetch.
    pub(crate) fn filtered(post: PostId, reason: &'a FilterReason) -> Self {
        Self::Filtered { post, tag: reason.tag(), reason }
    }

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
        let reason = FailureReason::Status(404);
        let failed = Event::failed("mini:7".parse().unwrap(), &reason, 1);
        check(failed, r#"{"event":"failed","post":"mini:7","tag":"status","reason":"status 404","attempts":1}"#);
        let begun = r#"{"event":"begun","site":"konachan","address":"https://konachan.net","listing":"json","tags":"rating:s","variant":"sample","max_posts":8000}"#;
        check(Event::begun(&CrawlConfig::default(), "https://konachan.net"), begun);
    }
}
