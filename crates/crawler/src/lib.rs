//! Booru to pictures: lists the posts of a site, fetches their pictures, and writes down what became of each.
//!
//! Invariants: a picture has its final name only after it was found whole, by its MD5 or by decoding it to the end, and
//! is safe on disk; no more than a buffer of a file is in memory while it is fetched; the listing's
//! cursor is committed together with the posts that it covers, so that a run killed anywhere leaves no hole; no
//! address is asked that is not the site's own.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod address;
mod ahead;
mod audit;
mod crawl;
mod download;
mod error;
mod event;
mod fetch;
mod forget;
mod ledger;
mod listing;
mod opt_out;
mod pace;
mod picture;
mod post;
mod pulse;
mod retry_after;
mod robots;
mod selection;
mod shelf;
mod site;
mod stage;
mod tally;
mod wholeness;

pub use error::CrawlError;
pub use stage::Crawl;
